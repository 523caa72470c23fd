"""Late, early, hours: what first in and last out mean under the terms of a session. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.attendance.rules.carrying import Attended
from server.attendance.rules.coverage import Looked, entrance_missed, exit_missed
from server.attendance.rules.expected import Expected
from server.attendance.rules.facts import SessionFact
from server.attendance.rules.intervals import Span, length_outside, whole_seconds
from server.attendance.rules.records import Problem
from server.attendance.rules.times import Pairs, Times, paired, retold
from server.schedules.terms import ForgottenExit, Mode


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
    pairs = _pairs(case, known)
    worked = _worked_s(case, known, pairs)
    below = case.session.terms.half_day_below_s
    half_day = not off and known.decided and below is not None and known.first_in is not None and worked < below
    return Judged(
        late_by_s=late,
        late_uncertain=bool(late) and _late_uncertain(case, known),
        left_early_by_s=early,
        early_uncertain=bool(early) and _early_uncertain(case, known),
        worked_s=worked,
        half_day=half_day,
        problems=_problems(case, known, pairs),
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


def _worked_s(case: Case, known: Known, pairs: Pairs) -> int:
    """Whole seconds inside, less breaks and leave; only within the session, unless overtime counts. Without a known arrival: none."""
    if known.first_in is None:
        return 0
    worked = timedelta(0)
    for begins, ends in _inside(case, known, pairs):
        span = (begins, ends)
        if not case.session.terms.overtime:
            span = (max(begins, case.expected.begins_at), min(ends, case.expected.ends_at))
        worked += length_outside(span, case.expected.away)
    return whole_seconds(worked)


def _inside(case: Case, known: Known, pairs: Pairs) -> list[Span]:
    """When they were inside; what never ended ends with the last exit, or with what the terms put in the place of a forgotten one."""
    since = pairs.open_since
    if since is None:
        return pairs.closed
    return [*pairs.closed, (since, known.last_out or _forgotten(case, known, since))]


def _forgotten(case: Case, known: Known, since: datetime) -> datetime:
    rule = case.session.terms.forgotten_exit
    if rule is ForgottenExit.NOTHING:
        return since
    if rule is ForgottenExit.END and known.decided:
        return case.expected.ends_at
    return case.seen.last_seen or since


def _pairs(case: Case, known: Known) -> Pairs:
    """FIRST_LAST: the one pair from first in. PAIRS: every pair seen, within what staff say."""
    if case.session.terms.mode is Mode.PAIRS:
        said_first = known.first_in if known.arrival_said else None
        said_last = known.last_out if known.leaving_said else None
        return paired(retold(case.seen.moves, said_first, said_last))
    return Pairs([], known.first_in, twice=False, strayed=False)


def _problems(case: Case, known: Known, pairs: Pairs) -> tuple[Problem, ...]:
    came, left = known.first_in is not None, known.last_out is not None
    found = []
    if case.session.terms.exits_expected and known.decided and came and not left:
        found.append(Problem.NO_EXIT)
    if pairs.strayed or (left and not came):
        found.append(Problem.EXIT_WITHOUT_ENTRY)
    if pairs.twice:
        found.append(Problem.ENTERED_TWICE)
    if case.expected.on_leave:
        found.append(Problem.ON_LEAVE)
    if case.expected.on_holiday:
        found.append(Problem.ON_HOLIDAY)
    return tuple(sorted(found))
