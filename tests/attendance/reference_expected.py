"""When somebody is expected, and what the doors could see of it, once more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import DayFacts, Interval, SessionFact


@dataclass(frozen=True, slots=True)
class Expected:
    begins_at: datetime
    ends_at: datetime
    breaks: frozenset[Interval]
    on_leave: bool
    on_holiday: bool


def expected_of(facts: DayFacts, session: SessionFact) -> Expected:
    day = session.local_date
    on_holiday = session.terms.off_on_holidays and any(one.first <= day <= one.last for one in facts.holidays)
    whole = Expected(session.begins_at, session.ends_at, session.breaks, on_leave=True, on_holiday=on_holiday)
    if any(one.from_time is None and one.first <= day <= one.last for one in facts.leave):
        return whole
    begins_at, ends_at, breaks = session.begins_at, session.ends_at, set(session.breaks)
    for away in merged(parts_of_days(facts, session)):
        if away.begins_at <= session.begins_at and away.ends_at >= session.ends_at:
            return whole
        if away.begins_at <= session.begins_at < away.ends_at:
            begins_at = away.ends_at
        elif away.begins_at < session.ends_at <= away.ends_at:
            ends_at = away.begins_at
        elif session.begins_at < away.begins_at < away.ends_at < session.ends_at:
            breaks.add(away)
    return Expected(begins_at, ends_at, frozenset(breaks), on_leave=False, on_holiday=on_holiday)


def parts_of_days(facts: DayFacts, session: SessionFact) -> list[Interval]:
    zone, found = ZoneInfo(facts.zone), []
    for leave in facts.leave:
        for day in (session.local_date + timedelta(days=far) for far in (-1, 0, 1)):
            if leave.from_time is not None and leave.until_time is not None and leave.first <= day <= leave.last:
                first, last = (datetime.combine(day, at, tzinfo=zone).astimezone(UTC) for at in (leave.from_time, leave.until_time))
                found.append(Interval(first, last))
    return [one for one in found if one.begins_at < one.ends_at]


def merged(intervals: list[Interval]) -> list[Interval]:
    """Two that touch become one, until no two do."""
    for one in intervals:
        for other in intervals:
            if one is not other and one.begins_at <= other.ends_at and other.begins_at <= one.ends_at:
                both = Interval(min(one.begins_at, other.begins_at), max(one.ends_at, other.ends_at))
                return merged([both, *(it for it in intervals if it is not one and it is not other)])
    return intervals


def looked_at(facts: DayFacts, door: int, begins_at: datetime, ends_at: datetime) -> bool:
    """Whether every piece between two of anybody's boundaries lies in some interval of coverage."""
    if begins_at >= ends_at:
        return True
    edges = {begins_at, ends_at} | {one.begins_at for one in facts.covered} | {one.ends_at for one in facts.covered}
    inside = sorted(at for at in edges if begins_at <= at <= ends_at)
    return all(
        any(one.door == door and one.begins_at <= first and last <= one.ends_at for one in facts.covered)
        for first, last in pairwise(inside)
    )


def covered(facts: DayFacts, session: SessionFact) -> bool:
    opens_at = session.begins_at - timedelta(seconds=session.terms.before_s)
    parts = [(one.door, max(one.begins_at, opens_at), min(one.ends_at, session.ends_at)) for one in session.serving]
    return any(first < last for _, first, last in parts) and all(looked_at(facts, *part) for part in parts)


def time_in(begins_at: datetime, ends_at: datetime, without: Iterable[Interval]) -> timedelta:
    """How long it was from one to the other, the breaks taken out piece by piece; nothing where the end comes first."""
    breaks = list(without)
    edges = {begins_at, ends_at} | {one.begins_at for one in breaks} | {one.ends_at for one in breaks}
    inside = sorted(at for at in edges if begins_at <= at <= ends_at)
    pieces = [last - first for first, last in pairwise(inside) if not any(one.begins_at <= first and last <= one.ends_at for one in breaks)]
    return sum(pieces, timedelta())
