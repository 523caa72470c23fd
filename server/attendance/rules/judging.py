"""Late, early, hours: what first in and last out mean under the terms of a session. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.attendance.rules.carrying import Attended
from server.attendance.rules.coverage import Looked, entrance_missed, exit_missed
from server.attendance.rules.expected import Expected
from server.attendance.rules.facts import SessionFact
from server.attendance.rules.intervals import length_outside, whole_seconds
from server.attendance.rules.records import Problem
from server.attendance.rules.times import Times
from server.schedules.terms import ForgottenExit


@dataclass(frozen=True, slots=True)
class Case:
    """A session to be judged, with everything known of it."""

    attended: Attended
    expected: Expected
    seen: Times
    looked: Looked
    covered: bool

    @property
    def session(self) -> SessionFact:
        return self.attended.session

    @property
    def settled(self) -> bool:
        """Whether nothing more is waited for."""
        return self.covered or self.session.given_up


@dataclass(frozen=True, slots=True)
class Known:
    """When somebody came and left: as seen, or as staff `said`. `decided`: an exit that is not known will not come any more."""

    first_in: datetime | None
    last_out: datetime | None
    decided: bool
    arrival_said: bool = False
    leaving_said: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What a record says of somebody who was there."""

    late_by_s: int | None
    late_uncertain: bool
    left_early_by_s: int | None
    early_uncertain: bool
    worked_s: int
    half_day: bool
    problems: tuple[Problem, ...]


def judge(case: Case, known: Known) -> Judged:
    """Judge the times. On leave or a holiday only the hours are counted. A half day needs a known arrival: else the hours are not known."""
    off = case.expected.off
    late = None if off else _late_by_s(case, known)
    early = None if off else _left_early_by_s(case, known)
    worked = worked_s(case, known)
    below = case.session.terms.half_day_below_s
    half_day = not off and known.decided and below is not None and known.first_in is not None and worked < below
    return Judged(
        late_by_s=late,
        late_uncertain=bool(late) and _late_uncertain(case, known),
        left_early_by_s=early,
        early_uncertain=bool(early) and _early_uncertain(case, known),
        worked_s=worked,
        half_day=half_day,
        problems=_problems(case, known),
    )


def _late_by_s(case: Case, known: Known) -> int | None:
    grace = case.session.terms.late_grace_s
    if grace is None or known.first_in is None:
        return None
    late = whole_seconds(known.first_in - case.expected.begins_at)
    return late if late > grace else 0


def _late_uncertain(case: Case, known: Known) -> bool:
    """Whether a blind entrance could have seen them earlier, or the time of the pass is not known well enough."""
    if known.arrival_said or known.first_in is None:
        return False
    arrival = case.seen.arrival
    if arrival is not None and arrival.earliest is not None:
        in_time = case.expected.begins_at + timedelta(seconds=case.session.terms.late_grace_s or 0)
        if arrival.earliest <= in_time:
            return True
    return entrance_missed(case.session, case.looked, known.first_in)


def _left_early_by_s(case: Case, known: Known) -> int | None:
    grace = case.session.terms.early_grace_s
    if grace is None or known.last_out is None or not known.decided:
        return None
    early = whole_seconds(case.expected.ends_at - known.last_out)
    return early if early > grace else 0


def _early_uncertain(case: Case, known: Known) -> bool:
    return not known.leaving_said and known.last_out is not None and exit_missed(case.session, case.looked, known.last_out)


def worked_s(case: Case, known: Known) -> int:
    """Whole seconds from first in to last out, less breaks, leave and gaps; only within the session, unless overtime counts."""
    if known.first_in is None:
        return 0
    begins, ends = known.first_in, _until(case, known)
    if not case.session.terms.overtime:
        begins, ends = max(begins, case.expected.begins_at), min(ends, case.expected.ends_at)
    return whole_seconds(length_outside((begins, ends), (*case.expected.away, *case.seen.gaps)))


def _until(case: Case, known: Known) -> datetime:
    """The exit, or what the terms put in the place of a forgotten one."""
    begin = known.first_in or case.expected.begins_at
    if known.last_out is not None:
        return known.last_out
    forgotten = case.session.terms.forgotten_exit
    if forgotten is ForgottenExit.NOTHING:
        return case.seen.open_since or begin
    if forgotten is ForgottenExit.END and known.decided:
        return case.expected.ends_at
    return case.seen.last_seen or begin


def _problems(case: Case, known: Known) -> tuple[Problem, ...]:
    inside = known.first_in is not None
    stray = case.seen.strayed and not known.arrival_said
    found = {
        Problem.NO_EXIT: case.session.terms.exits_expected and known.decided and inside and known.last_out is None,
        Problem.EXIT_WITHOUT_ENTRY: stray or (not inside and known.last_out is not None),
        Problem.ENTERED_TWICE: case.seen.entered_twice,
        Problem.ON_LEAVE: case.expected.on_leave,
        Problem.ON_HOLIDAY: case.expected.on_holiday,
    }
    return tuple(sorted(problem for problem, is_so in found.items() if is_so))
