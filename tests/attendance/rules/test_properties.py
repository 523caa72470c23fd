"""What holds for all facts: order, repetition and delay mean nothing, far facts mean nothing, and records are never absurd."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from server.attendance.rules.attribution import windows
from server.attendance.rules.derive import derive
from server.attendance.rules.expected import applying
from server.attendance.rules.facts import Covered, DayFacts, HolidayFact, LeaveFact, Pass, Serving, SessionFact, State, Way
from server.attendance.rules.records import Derived, Problem, SessionRecord, VisitState
from tests.attendance.rules.strategies import DAY, DOORS, FROM, MIDNIGHT, UNTIL, facts, shuffled

LISTS = ("passes", "sessions", "leave", "holidays", "marks", "corrections", "covered", "areas", "belongings")
A_DAY = timedelta(days=1)


@given(facts, st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_the_order_of_facts_means_nothing(some: DayFacts, seed: int) -> None:
    assert derive(shuffled(some, seed)) == derive(some)


def test_a_rule_that_minds_the_order_is_found_out() -> None:
    """The control: the first pass that a set happens to give is not the same after shuffling."""
    passes = frozenset(Pass(MIDNIGHT + timedelta(hours=hour), str(hour), 1, Way.IN) for hour in range(5, 20))
    some = DayFacts(1, 1, DAY, "UTC", MIDNIGHT.time(), passes=passes)
    assert len({next(iter(shuffled(some, seed).passes)).id for seed in range(9)}) > 1


@given(facts, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_facts_in_batches_late_and_repeated_end_in_the_same_records(some: DayFacts, random: Any) -> None:
    everything = [(name, fact) for name in LISTS for fact in getattr(some, name)]
    arriving = everything * 2
    random.shuffle(arriving)
    known: dict[str, Any] = dict.fromkeys(LISTS, frozenset())
    derived = derive(replace(some, **known))
    while arriving:
        size = random.randint(1, 9)
        for name, fact in arriving[:size]:
            known[name] |= {fact}
        arriving = arriving[size:]
        derived = derive(replace(some, **known))
    assert derived == derive(some)


@given(facts, st.data())
@settings(max_examples=150, deadline=None)
def test_removing_a_fact_and_adding_it_back_changes_nothing(some: DayFacts, data: st.DataObject) -> None:
    before = derive(some)
    name = data.draw(st.sampled_from(LISTS))
    for one in sorted(getattr(some, name), key=repr)[:3]:
        without = changed(some, name, getattr(some, name) - {one})
        derive(without)
        assert derive(changed(without, name, getattr(without, name) | {one})) == before


def changed(some: DayFacts, name: str, value: Any) -> DayFacts:
    changes: dict[str, Any] = {name: value}
    return replace(some, **changes)


def far(some: DayFacts) -> DayFacts:
    """The facts, and some more that lie further away than the three days."""
    cut = timedelta(hours=some.day_cut.hour)
    moments = (MIDNIGHT + cut - A_DAY - timedelta(microseconds=1), MIDNIGHT + cut + 2 * A_DAY, MIDNIGHT - 5 * A_DAY, MIDNIGHT + 5 * A_DAY)
    template = next(iter(some.sessions), None)
    sessions = [moved(template, MIDNIGHT + days * A_DAY, 90 + days) for days in (-2, 2, 5)] if template else []
    return replace(
        some,
        passes=some.passes | {Pass(at, f"far {place}", door, way) for place, at in enumerate(moments) for door, way in DOORS.items()},
        sessions=some.sessions | frozenset(sessions),
        leave=some.leave | {LeaveFact(91, DAY + 2 * A_DAY, DAY + 9 * A_DAY), LeaveFact(92, DAY - 9 * A_DAY, DAY - 2 * A_DAY)},
        holidays=some.holidays | {HolidayFact(91, DAY + 2 * A_DAY, DAY + 3 * A_DAY)},
        covered=some.covered | {Covered(door, at - A_DAY, at) for door in DOORS for at in (FROM, UNTIL + 2 * A_DAY)},
    )


def moved(session: SessionFact, begins_at: datetime, key: int) -> SessionFact:
    ends_at = begins_at + (session.ends_at - session.begins_at)
    return replace(session, key=key, begins_at=begins_at, ends_at=ends_at, local_date=begins_at.date(), group=1, cancelled=False)


@given(facts)
@settings(max_examples=200, deadline=None)
def test_facts_further_away_than_the_three_days_change_nothing(some: DayFacts) -> None:
    assert derive(far(some)) == derive(some)


MET: list[Callable[[Derived], bool]] = [
    *(lambda found, state=state: any(one.state is state for one in found.sessions) for state in State),
    *(
        lambda found, problem=problem: any(problem in one.problems for one in found.sessions)
        for problem in Problem
        if problem != "not_active"
    ),
    *(lambda found, state=state: any(one.state is state for one in found.visits) for state in VisitState),
    lambda found: sum(bool(one.evidence) for one in found.sessions) > 1,
]


@pytest.mark.parametrize("met", MET)
def test_facts_at_random_meet_every_state_and_problem(met: Callable[[Derived], bool]) -> None:
    """Or the properties would say nothing."""
    found = find(
        facts,
        lambda some: met(derive(some)),
        settings=settings(max_examples=2000, phases=[Phase.generate], deadline=None, derandomize=True),
    )
    assert met(derive(found))


def later(one: Any, by: timedelta) -> Any:
    """The same facts or records, so much later."""
    if isinstance(one, datetime | date):
        return one + by
    if isinstance(one, tuple | frozenset):
        return type(one)(later(member, by) for member in one)
    if hasattr(one, "__dataclass_fields__"):
        return replace(one, **{name: later(getattr(one, name), by) for name in one.__dataclass_fields__})
    return one


@given(facts, st.integers(-3, 3))
@settings(max_examples=150, deadline=None)
def test_the_same_facts_whole_weeks_later_give_the_same_records_later(some: DayFacts, weeks: int) -> None:
    berlin = replace(some, zone="Europe/Berlin")
    by = timedelta(weeks=weeks)
    assert derive(later(berlin, by)) == later(derive(berlin), by)


@given(facts)
@settings(max_examples=250, deadline=None)
def test_no_record_is_absurd(some: DayFacts) -> None:
    derived = derive(some)
    assert [one.session for one in derived.sessions] == sorted({one.session for one in derived.sessions})
    for one in derived.sessions:
        assert absurd(one) == [], one
    for visit in derived.visits:
        assert (visit.duration_s is None) == (visit.state in (VisitState.OPEN, VisitState.EXIT_ONLY))
        assert visit.duration_s is None or visit.duration_s >= 0
    if derived.day:
        assert 0 <= derived.day.worked_s <= (derived.day.last_seen - derived.day.first_seen).total_seconds() < 86_400


def absurd(one: SessionRecord) -> list[str]:
    here = one.state is State.PRESENT
    durations = (one.late_by_s, one.left_early_by_s, one.worked_s)
    faults = {
        "a negative duration": any(duration is not None and duration < 0 for duration in durations),
        "undecided, but not seen or pending": not one.decided and one.state not in (State.PRESENT, State.PENDING),
        "pending, but decided": one.decided and one.state is State.PENDING,
        "late without coming": bool(one.late_by_s) and one.first_in is None,
        "uncertain about nothing": (one.late_uncertain and not one.late_by_s) or (one.early_uncertain and not one.left_early_by_s),
        "early before it is decided": one.left_early_by_s is not None and not one.decided,
        "excused without a reason": (one.state is State.EXCUSED) != (one.excuse is not None),
        "half a day of nobody": one.half_day and not here,
        "present by nothing": here and one.method is None,
        "seen by nothing": here and not (one.evidence or one.mark or one.corrections),
        "problems in disorder": list(one.problems) != sorted(set(one.problems)),
        "evidence twice": len(set(one.evidence)) != len(one.evidence),
    }
    return [fault for fault, is_so in faults.items() if is_so]


@given(facts)
@settings(max_examples=200, deadline=None)
def test_a_pass_is_evidence_only_of_sessions_whose_window_holds_it_or_that_follow_on(some: DayFacts) -> None:
    passes = {one.id: one for one in some.passes}
    sessions = applying(some)
    spans = {one.key: span for one, span in zip(sessions, windows(sessions), strict=True)}
    for record in derive(some).sessions:
        begins, ends = spans[record.session]
        session = next(one for one in sessions if one.key == record.session)
        for place, passed in enumerate(passes[key] for key in record.evidence):
            assert passed.at <= ends
            if passed.at < begins:
                assert place == 0
                assert record.first_in is None or record.first_in == session.begins_at or record.mark or record.corrections
            else:
                assert any(one.door == passed.door for one in session.serving)


@given(facts)
@settings(max_examples=200, deadline=None)
def test_windows_hold_their_sessions_and_eat_at_most_a_quarter_of_the_next(some: DayFacts) -> None:
    sessions = applying(some)
    for session, (begins, ends) in zip(sessions, windows(sessions), strict=True):
        assert begins <= session.begins_at < session.ends_at <= ends
    for (one, (_, ends)), (following, (begins, _)) in pairwise(zip(sessions, windows(sessions), strict=True)):
        assert ends <= max(one.ends_at, following.begins_at + (following.ends_at - following.begins_at) / 4)
        assert begins >= min(following.begins_at, one.ends_at - (one.ends_at - one.begins_at) / 4)


def states(derived: Derived) -> dict[int, SessionRecord]:
    return {one.session: one for one in derived.sessions}


@given(facts)
@settings(max_examples=200, deadline=None)
def test_what_doors_tell_later_decides_more_and_never_less(some: DayFacts) -> None:
    told = replace(some, covered=frozenset(Covered(door, FROM - A_DAY, UNTIL + A_DAY) for door in DOORS))
    before, after = states(derive(some)), states(derive(told))
    assert before.keys() == after.keys()
    for key, one in before.items():
        assert after[key].decided or not one.decided
        assert not after[key].late_uncertain or one.late_uncertain
        assert after[key].evidence == one.evidence
        if one.state in (State.ABSENT, State.EXCUSED):
            assert after[key].state is one.state


@given(facts, st.sampled_from([one for one in DOORS if DOORS[one] is Way.BOTH]))
@settings(max_examples=100, deadline=None)
def test_whoever_is_seen_in_the_middle_of_their_only_session_was_there(some: DayFacts, door: int) -> None:
    for session in some.sessions:
        serving = session.serving | {Serving(door, Way.BOTH, FROM, UNTIL)}
        alone = replace(session, serving=serving, terms=replace(session.terms, absent_below_s=None))
        middle = Pass(session.begins_at + (session.ends_at - session.begins_at) / 2, "middle", door, Way.BOTH)
        seen = replace(
            some,
            sessions=frozenset({alone}),
            passes=some.passes | {middle},
            marks=frozenset(),
            corrections=frozenset(),
            covered=frozenset(),
        )
        for record in derive(seen).sessions:
            assert record.state is State.PRESENT


@given(facts)
@settings(max_examples=200, deadline=None)
def test_no_pass_makes_two_visits_to_an_area(some: DayFacts) -> None:
    visits = derive(some).visits
    for area in some.areas:
        used = [key for visit in visits if visit.area == area.key for key in (visit.entry, visit.exit) if key]
        assert len(used) == len(set(used))
