"""Facts at random: three days around one, few doors, crowded times, so that boundaries meet."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from server.attendance.rules.facts import (
    AreaFact,
    Belonging,
    CorrectionFact,
    Covered,
    DayFacts,
    HolidayFact,
    Interval,
    LeaveFact,
    MarkFact,
    Pass,
    Serving,
    SessionFact,
    State,
    Way,
)
from server.schedules.terms import AreaTerms, AutoClose, ForgottenExit, Mode, OpenDayTerms, Terms

DAY = date(2026, 2, 4)
MIDNIGHT = datetime(2026, 2, 4, tzinfo=UTC)
DOORS = {1: Way.IN, 2: Way.OUT, 3: Way.BOTH}
FROM, UNTIL = MIDNIGHT - timedelta(days=3), MIDNIGHT + timedelta(days=4)

SESSIONS, PASSES = 4, 20
EDGES = (0, 0, 0.25, 1, 29, 30, 299, 300, 301, -1)
LIMITS = (None, 0, 0, 300, 3600, 14_400)
PARTS = ((None, None), (time(8), time(12)), (time(10), time(10, 30)), (time(0), time(6)))
seeds = st.integers(0, 2**32 - 1)


def facts_from(kind: Callable[[Random, int], Any], most: int) -> st.SearchStrategy[frozenset[Any]]:
    """Up to so many facts of a kind, each from a seed and with a key of its own: a failure shrinks to the fewest facts."""
    lists = st.integers(0, most).flatmap(lambda count: st.lists(seeds, min_size=count, max_size=count))
    return lists.map(lambda some: frozenset(kind(Random(seed), key) for key, seed in enumerate(some, 1)))  # noqa: S311


def an_hour(rng: Random) -> datetime:
    """A quarter of an hour: mostly in the morning of the day, or in the day before, the day, and the day after."""
    first, last = (6, 14) if rng.random() < 0.7 else (-20, 44)
    return MIDNIGHT + timedelta(minutes=15 * rng.randint(first * 4, last * 4))


def a_moment(rng: Random) -> datetime:
    return an_hour(rng) + timedelta(seconds=rng.choice(EDGES))


def a_day(rng: Random) -> date:
    return DAY + timedelta(days=rng.randint(-1, 1))


def some_terms(rng: Random) -> Terms:
    return Terms(
        mode=rng.choice(list(Mode)),
        before_s=rng.choice((0, 1800, 7200)),
        after_s=rng.choice((0, 1800, 7200)),
        late_grace_s=rng.choice(LIMITS),
        early_grace_s=rng.choice(LIMITS),
        half_day_below_s=rng.choice(LIMITS),
        absent_below_s=rng.choice(LIMITS),
        min_gap_s=rng.choice((0, 30)),
        exits_expected=rng.random() < 0.5,
        forgotten_exit=rng.choice(list(ForgottenExit)),
        overtime=rng.random() < 0.5,
        off_on_holidays=rng.random() < 0.5,
    )


def a_session(rng: Random, key: int) -> SessionFact:
    begins = an_hour(rng)
    doors = rng.sample(sorted(DOORS), rng.randint(1, 3))
    whole = rng.random() < 0.8
    pauses = [an_hour(rng) for _ in range(rng.randint(0, 2))]
    return SessionFact(
        key=key,
        group=rng.choice((1, 1, 1, 2)),
        local_date=begins.date(),
        begins_at=begins,
        ends_at=begins + timedelta(minutes=rng.choice((15, 60, 90, 480))),
        terms=some_terms(rng),
        serving=frozenset(Serving(one, DOORS[one], FROM if whole else an_hour(rng), UNTIL) for one in doors),
        breaks=frozenset(Interval(at, at + timedelta(minutes=30)) for at in pauses),
        cancelled=rng.random() < 0.1,
        given_up=rng.random() < 0.3,
    )


def a_pass(rng: Random, key: int) -> Pass:
    at, door = a_moment(rng), rng.choice(sorted(DOORS))
    return Pass(at, f"{key:02}", door, DOORS[door], earliest=at - timedelta(minutes=5) if rng.random() < 0.2 else None)


def some_leave(rng: Random, key: int) -> LeaveFact:
    day = a_day(rng)
    return LeaveFact(key, day, day, *rng.choice(PARTS))


def a_holiday(rng: Random, key: int) -> HolidayFact:
    day = a_day(rng)
    return HolidayFact(key, day, day)


def a_mark(rng: Random, key: int) -> MarkFact:
    state = rng.choice((State.PRESENT, State.ABSENT, State.EXCUSED))
    return MarkFact(key, rng.randint(1, SESSIONS), state, rng.choice((None, a_moment(rng))), rng.choice((None, a_moment(rng))))


def a_correction(rng: Random, key: int) -> CorrectionFact:
    state = rng.choice((None, State.PRESENT, State.ABSENT))
    return CorrectionFact(key, rng.randint(1, SESSIONS), state, rng.choice((None, a_moment(rng))), rng.choice((None, a_moment(rng))))


def some_coverage(rng: Random, key: int) -> Covered:
    begins = an_hour(rng)
    return Covered(1 + key % len(DOORS), begins, begins + timedelta(hours=rng.randint(1, 12)))


def an_area(rng: Random, key: int) -> AreaFact:
    doors = frozenset(rng.sample(sorted(DOORS), rng.randint(1, 3)))
    return AreaFact(key, doors, AreaTerms(rng.choice((0, 30)), rng.choice(list(AutoClose)), rng.choice((3600, 57_600))))


def a_belonging(rng: Random, key: int) -> Belonging:
    return Belonging(key, DAY - timedelta(days=rng.choice((9, 9, 9, 0, -1))), rng.choice((None, None, a_day(rng))))


maybe_days = st.sampled_from([None] * 9 + [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)])
facts = st.builds(
    DayFacts,
    person=st.just(7),
    site=st.just(3),
    local_date=st.just(DAY),
    zone=st.just("UTC"),
    day_cut=st.sampled_from([time(0), time(4)]),
    active_from=maybe_days,
    active_until=maybe_days,
    belongings=st.just(frozenset({Belonging(1, DAY - timedelta(days=9), None)})) | facts_from(a_belonging, 2),
    passes=facts_from(a_pass, PASSES),
    sessions=facts_from(a_session, SESSIONS),
    leave=facts_from(some_leave, 2),
    holidays=facts_from(a_holiday, 1),
    marks=facts_from(a_mark, 1),
    corrections=facts_from(a_correction, 2),
    covered=st.just(frozenset(Covered(door, FROM, UNTIL) for door in DOORS)) | facts_from(some_coverage, 12),
    areas=facts_from(an_area, 2),
    open_day=st.builds(OpenDayTerms, mode=st.sampled_from(Mode), forgotten_exit=st.sampled_from(ForgottenExit)),
)


class Shuffled(frozenset[Any]):
    """A set that comes in an order of its own, so that whoever relies on one is found out."""

    seed = 0

    def __iter__(self) -> Iterator[Any]:
        found = sorted(super().__iter__(), key=repr)
        Random(self.seed).shuffle(found)  # noqa: S311
        return iter(found)


def shuffled(one: Any, seed: int) -> Any:
    """The same facts, and the facts within them, in another order."""
    changes: dict[str, Any] = {}
    for name in (field.name for field in fields(one)):
        value = getattr(one, name)
        if isinstance(value, frozenset):
            members = Shuffled(shuffled(member, seed) if isinstance(member, SessionFact) else member for member in value)
            members.seed = seed
            changes[name] = members
    return replace(one, **changes)
