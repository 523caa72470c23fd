"""Random sessions of a history: chains, overlaps, shifts across midnight, with every term on and off."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from server.attendance.rules.facts import Interval, Serving, SessionFact, Way
from server.schedules.terms import ForgottenExit, Mode, Terms

Day = tuple[date, datetime, datetime]
LENGTHS_MIN = (15, 45, 60, 90, 90, 240, 480, 480, 600)


def sessions_of(chance: random.Random, days: Sequence[Day], doors: Mapping[int, Way]) -> list[SessionFact]:
    terms = terms_of(chance)
    sessions: list[SessionFact] = []
    last: datetime | None = None
    for key in chance.sample(range(1, 10), chance.choice((1, 1, 2, 2, 3, 3, 4, 6))):
        begins_at = beginning_of(chance, days, last)
        last = begins_at + timedelta(minutes=chance.choice(LENGTHS_MIN))
        day = day_of(days, begins_at)
        if chance.random() < 0.4:
            terms = terms_of(chance)
        sessions.append(
            SessionFact(
                key=key,
                group=chance.choice((1, 1, 1, 1, 2, 3)),
                local_date=day,
                begins_at=begins_at,
                ends_at=last,
                terms=terms,
                serving=serving_of(chance, days, doors, (begins_at, last)),
                breaks=breaks_of(chance, begins_at, last),
                cancelled=chance.random() < 0.05,
                given_up=chance.random() < 0.25,
            )
        )
    return sessions


def day_of(days: Sequence[Day], at: datetime) -> date:
    """What lies outside of the three days belongs to none of them, and must change nothing."""
    known = next((day for day, begins_at, ends_at in days if begins_at <= at < ends_at), None)
    return known or days[1][0] + timedelta(days=2 if at >= days[1][1] else -2)


def beginning_of(chance: random.Random, days: Sequence[Day], last: datetime | None) -> datetime:
    """Often close to the end of the session before: at once, after a pause, or before it is over."""
    if last is not None and chance.random() < 0.75:
        return last + timedelta(minutes=chance.choice((0, 0, 0, 0, 0, 0, 1, 5, 15, 30, 31, 60, -1, -15, -60)))
    _, begins_at, _ = chance.choice((days[0], *[days[1]] * 6, days[2]))
    return begins_at + timedelta(minutes=15 * chance.choice((0, 16, 18, 20, 36, 72, 80, 86, chance.randrange(92))))


def terms_of(chance: random.Random) -> Terms:
    margins = (0, 60, 600, 1800, 1800, 3600, 7200)
    grace = (None, 0, 60, 300, 300, 900)
    below = (None, None, None, 60, 1800, 7200, 14_400)
    return Terms(
        mode=chance.choice(list(Mode)),
        before_s=chance.choice(margins),
        after_s=chance.choice(margins),
        late_grace_s=chance.choice(grace),
        early_grace_s=chance.choice(grace),
        half_day_below_s=chance.choice(below),
        absent_below_s=chance.choice(below),
        min_gap_s=chance.choice((0, 1, 30, 30, 300)),
        exits_expected=chance.random() < 0.5,
        forgotten_exit=chance.choice(list(ForgottenExit)),
        overtime=chance.random() < 0.3,
        off_on_holidays=chance.random() < 0.7,
    )


def serving_of(
    chance: random.Random, days: Sequence[Day], doors: Mapping[int, Way], session: tuple[datetime, datetime]
) -> frozenset[Serving]:
    """Doors that come and go, in the middle of the session too."""
    found = set()
    first, last = days[0][1], days[-1][2]
    inside = session[0] + (session[1] - session[0]) * chance.randint(-1, 5) / 4
    for door, way in doors.items():
        kind = chance.random()
        if kind < 0.65:
            found.add(Serving(door, way, first, last))
        elif kind < 0.75:
            found.add(Serving(door, way, first, inside))
        elif kind < 0.82:
            found.add(Serving(door, way, inside, last))
        elif kind < 0.9:
            found |= {Serving(door, way, first, inside), Serving(door, chance.choice(list(Way)), inside, last)}
    return frozenset(found)


def breaks_of(chance: random.Random, begins_at: datetime, ends_at: datetime) -> frozenset[Interval]:
    eighth = (ends_at - begins_at) / 8
    found = set()
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        first = chance.randint(0, 6)
        found.add(Interval(begins_at + eighth * first, begins_at + eighth * (first + chance.randint(1, 2))))
    return frozenset(found)
