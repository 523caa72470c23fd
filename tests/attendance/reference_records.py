"""The record of a person and a session, once more."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from server.attendance.rules.facts import DayFacts, Method, SessionFact, State, Way
from server.attendance.rules.records import Excuse, Problem, SessionRecord
from server.schedules.terms import ForgottenExit, Mode
from tests.attendance.reference_carrying import Claim
from tests.attendance.reference_expected import Expected, covered, expected_of, looked_at, time_in
from tests.attendance.reference_seen import Pair, Seen, pairs_of, seen_in, told


@dataclass(frozen=True, slots=True)
class Said:
    """What staff say: the manual mark with the corrections laid over it."""

    state: State | None = None
    first_in: datetime | None = None
    last_out: datetime | None = None
    note: str = ""
    mark: int | None = None
    corrections: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """All that one record is made of."""

    facts: DayFacts
    claim: Claim
    expected: Expected
    seen: Seen
    said: Said
    covered: bool
    decided: bool

    @property
    def session(self) -> SessionFact:
        return self.claim.session

    @property
    def first_in(self) -> datetime | None:
        return self.said.first_in or self.seen.first_in

    @property
    def last_out(self) -> datetime | None:
        return self.said.last_out or self.seen.last_out

    @property
    def judged(self) -> bool:
        return not self.expected.on_leave and not self.expected.on_holiday


def said_of(facts: DayFacts, session: SessionFact) -> Said:
    said = Said()
    marks = [one for one in facts.marks if one.session == session.key]
    if marks:
        mark = max(marks, key=lambda one: one.key)
        was_there = mark.state is State.PRESENT
        arrived_at, left_at = (mark.arrived_at, mark.left_at) if was_there else (None, None)
        said = Said(mark.state, arrived_at, left_at, mark.note, mark.key)
    for one in sorted((one for one in facts.corrections if one.session == session.key), key=lambda one: one.key):
        timed = one.first_in is not None or one.last_out is not None
        heard = one.state is None or one.state is State.PRESENT
        said = replace(
            said,
            state=one.state or (State.PRESENT if timed else said.state),
            first_in=(one.first_in if heard else None) or said.first_in,
            last_out=(one.last_out if heard else None) or said.last_out,
            note=said.note if one.note is None else one.note,
            corrections=(*said.corrections, one.key),
        )
    return said


def record_of(facts: DayFacts, claim: Claim) -> SessionRecord:
    session, said = claim.session, said_of(facts, claim.session)
    everything_seen = covered(facts, session)
    case = Case(
        facts=facts,
        claim=claim,
        expected=expected_of(facts, session),
        seen=seen_in(claim),
        said=said,
        covered=everything_seen,
        decided=everything_seen or session.given_up or said.state is not None,
    )
    if said.state is State.PRESENT:
        return present(case, Method.MANUAL)
    if said.state is not None:
        excuse = Excuse.STAFF if said.state is State.EXCUSED else None
        return replace(bare(case, said.state), decided=True, method=Method.MANUAL, excuse=excuse)
    if claim.passes or claim.carried:
        ordered = sorted(claim.passes, key=lambda one: (one.at, one.id))
        return too_short(case, present(case, (case.seen.first_pass or ordered[0]).method))
    return not_seen(case)


def bare(case: Case, state: State) -> SessionRecord:
    evidence = set(case.claim.passes) | ({case.claim.carried} if case.claim.carried else set())
    return SessionRecord(
        person=case.facts.person,
        session=case.session.key,
        local_date=case.session.local_date,
        state=state,
        decided=case.decided,
        note=case.said.note,
        evidence=tuple(one.id for one in sorted(evidence, key=lambda one: (one.at, one.id))),
        mark=case.said.mark,
        corrections=case.said.corrections,
    )


def not_seen(case: Case) -> SessionRecord:
    if case.expected.on_holiday:
        return replace(bare(case, State.EXCUSED), decided=True, excuse=Excuse.HOLIDAY)
    if case.expected.on_leave:
        return replace(bare(case, State.EXCUSED), decided=True, excuse=Excuse.LEAVE)
    if case.covered:
        return bare(case, State.ABSENT)
    return bare(case, State.NOT_COVERED if case.session.given_up else State.PENDING)


def present(case: Case, method: Method) -> SessionRecord:
    terms, worked = case.session.terms, worked_of(case)
    late = late_of(case) if case.judged else None
    early = early_of(case) if case.judged else None
    below = terms.half_day_below_s
    return replace(
        bare(case, State.PRESENT),
        late_by_s=late,
        late_uncertain=bool(late) and late_uncertain(case),
        left_early_by_s=early,
        early_uncertain=bool(early) and early_uncertain(case),
        half_day=case.judged and case.decided and case.first_in is not None and below is not None and worked < below,
        worked_s=worked,
        first_in=case.first_in,
        last_out=case.last_out,
        method=method,
        problems=tuple(sorted(problems_of(case))),
    )


def too_short(case: Case, record: SessionRecord) -> SessionRecord:
    below = case.session.terms.absent_below_s
    if not case.judged or not case.covered or case.first_in is None:
        return record
    if below is None or record.worked_s is None or record.worked_s >= below:
        return record
    problems = tuple(sorted({*record.problems, Problem.TOO_SHORT}))
    return replace(record, state=State.ABSENT, half_day=False, problems=problems)


def beyond(grace_s: int, by: timedelta) -> int:
    """Whole seconds, where they are more than the grace."""
    seconds = int(by.total_seconds())
    return seconds if seconds > grace_s else 0


def late_of(case: Case) -> int | None:
    grace_s = case.session.terms.late_grace_s
    if grace_s is None or case.first_in is None:
        return None
    if case.claim.carried is not None and case.said.first_in is None:
        return 0
    return beyond(grace_s, case.first_in - case.expected.begins_at)


def late_uncertain(case: Case) -> bool:
    if case.said.first_in is not None or case.first_in is None:
        return False
    session = case.session
    opens_at = session.begins_at - timedelta(seconds=session.terms.before_s)
    for one in session.serving:
        if one.way is Way.OUT:
            continue
        if not looked_at(case.facts, one.door, max(one.begins_at, opens_at), min(one.ends_at, case.first_in)):
            return True
    earliest = case.seen.first_pass.earliest if case.seen.first_pass else None
    grace = timedelta(seconds=session.terms.late_grace_s or 0)
    return earliest is not None and earliest <= case.expected.begins_at + grace


def early_of(case: Case) -> int | None:
    grace_s = case.session.terms.early_grace_s
    if grace_s is None or case.last_out is None or not case.decided:
        return None
    return beyond(grace_s, case.expected.ends_at - case.last_out)


def early_uncertain(case: Case) -> bool:
    if case.said.last_out is not None or case.claim.carried_on or case.last_out is None:
        return False
    session, left_at = case.session, case.last_out
    return any(
        one.way is not Way.IN and not looked_at(case.facts, one.door, max(one.begins_at, left_at), min(one.ends_at, session.ends_at))
        for one in session.serving
    )


def stays_of(case: Case) -> tuple[list[Pair], set[Problem]]:
    """From when until when they were there, and what is strange about it. The last end may be unknown."""
    if case.session.terms.mode is Mode.PAIRS:
        return pairs_of(told(case.seen.steps, case.said.first_in, case.said.last_out))
    return [(case.first_in, case.last_out)] if case.first_in is not None else [], set()


def worked_of(case: Case) -> int:
    expected, total = case.expected, timedelta()
    for begins_at, known_end in stays_of(case)[0]:
        ends_at = known_end or case.last_out or forgotten_end(case)
        if ends_at is None:
            continue
        if case.session.terms.overtime:
            total += time_in(begins_at, ends_at, expected.breaks)
        else:
            total += time_in(max(begins_at, expected.begins_at), min(ends_at, expected.ends_at), expected.breaks)
    return int(total.total_seconds())


def forgotten_end(case: Case) -> datetime | None:
    rule = case.session.terms.forgotten_exit
    if rule is ForgottenExit.NOTHING:
        return None
    if rule is ForgottenExit.END and case.decided:
        return case.expected.ends_at
    return max((one.at for one in case.claim.passes), default=None)


def problems_of(case: Case) -> set[Problem]:
    problems = stays_of(case)[1]
    if case.first_in is None and case.last_out is not None:
        problems.add(Problem.EXIT_WITHOUT_ENTRY)
    if case.session.terms.exits_expected and case.decided and case.first_in is not None and case.last_out is None:
        problems.add(Problem.NO_EXIT)
    if case.expected.on_leave:
        problems.add(Problem.ON_LEAVE)
    if case.expected.on_holiday:
        problems.add(Problem.ON_HOLIDAY)
    return problems
