"""The record of one person at one session, from what was seen alone. Pure."""

from server.attendance.rules.carrying import Attended
from server.attendance.rules.coverage import Looked, covered
from server.attendance.rules.expected import expected
from server.attendance.rules.facts import DayFacts, Method, Pass, State
from server.attendance.rules.judging import Case, Known, judge
from server.attendance.rules.records import Excuse, Problem, SessionRecord
from server.attendance.rules.times import times


def case_of(facts: DayFacts, attended: Attended, looked: Looked) -> Case:
    """Everything the record of this session follows from, but what staff say."""
    session = attended.session
    return Case(attended, expected(facts, session), times(attended), looked, covered(session, looked))


def as_seen(facts: DayFacts, case: Case) -> SessionRecord:
    """Before staff say anything: seen over holiday and leave over coverage.

    Whoever was seen is present. Whoever was not is excused on a holiday or on leave; absent if every door was looked at; `not_covered`
    if the wait for that is over; and pending before.
    """
    if case.attended.seen:
        return _present(facts, case)
    state, excuse = State.PENDING, None
    if case.expected.off:
        state, excuse = State.EXCUSED, Excuse.HOLIDAY if case.expected.on_holiday else Excuse.LEAVE
    elif case.covered:
        state = State.ABSENT
    elif case.session.given_up:
        state = State.NOT_COVERED
    return SessionRecord(
        person=facts.person,
        session=case.session.key,
        local_date=case.session.local_date,
        state=state,
        decided=state is not State.PENDING,
        excuse=excuse,
    )


def _present(facts: DayFacts, case: Case) -> SessionRecord:
    known = Known(case.seen.first_in, case.seen.last_out, decided=case.settled)
    judged = judge(case, known)
    too_short = _too_short(case, known, judged.worked_s)
    return SessionRecord(
        person=facts.person,
        session=case.session.key,
        local_date=case.session.local_date,
        state=State.ABSENT if too_short else State.PRESENT,
        decided=known.decided,
        late_by_s=judged.late_by_s,
        late_uncertain=judged.late_uncertain,
        left_early_by_s=judged.left_early_by_s,
        early_uncertain=judged.early_uncertain,
        half_day=judged.half_day and not too_short,
        worked_s=judged.worked_s,
        first_in=known.first_in,
        last_out=known.last_out,
        method=_method(case),
        problems=tuple(sorted((*judged.problems, Problem.TOO_SHORT))) if too_short else judged.problems,
        evidence=evidence(case.attended),
    )


def _too_short(case: Case, known: Known, worked_s: int) -> bool:
    """Seen, but for so short a time that it counts as absent: only where nothing can have been missed."""
    below = case.session.terms.absent_below_s
    return below is not None and case.covered and not case.expected.off and known.first_in is not None and worked_s < below


def _method(case: Case) -> Method:
    return (case.seen.arrival or case.attended.passes[0]).method


def evidence(attended: Attended) -> tuple[str, ...]:
    """The ids of the passes that show it, in order; the entry from the session before among them."""
    passes: tuple[Pass, ...] = attended.passes
    if attended.entry is not None and attended.entry not in passes:
        passes = tuple(sorted((*passes, attended.entry), key=lambda one: (one.at, one.id)))
    return tuple(one.id for one in passes)
