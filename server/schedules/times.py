"""When a timetable means: from local times on some days of the week to moments in UTC. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From–until in UTC, less the breaks."""

    begins_at: datetime
    ends_at: datetime
    breaks: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """On which days, and from when until when in local time. An end at or before the beginning is on the next day.

    Without weekdays it means the one day on which it is valid. Every other week is counted from the week of `valid_from`.
    """

    weekdays: frozenset[int]
    every_weeks: int
    begins: time
    ends: time
    breaks: tuple[tuple[time, time], ...]
    valid_from: date
    valid_until: date | None

    @property
    def length(self) -> timedelta:
        """As the clock on the wall shows it, on a day on which it is not changed."""
        return after_beginning(self.begins, self.ends) or DAY


def after_beginning(begins: time, at: time) -> timedelta:
    """How long after the beginning the clock on the wall shows `at` next."""
    today = datetime.combine(date.min, at) - datetime.combine(date.min, begins)
    return today if today >= timedelta() else today + DAY


def days_of(pattern: Pattern, first: date, last: date) -> Iterator[date]:
    """The days of the pattern from `first` until `last`, both included."""
    begun = max(first, pattern.valid_from)
    ended = last if pattern.valid_until is None else min(last, pattern.valid_until)
    monday = pattern.valid_from - timedelta(days=pattern.valid_from.weekday())
    for number in range((ended - begun).days + 1):
        day = begun + timedelta(days=number)
        if (day - monday) // WEEK % pattern.every_weeks == 0 and (not pattern.weekdays or day.weekday() in pattern.weekdays):
            yield day


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC moment at which the local clock shows this; the first of two. One the clock jumps over is the moment of the jump."""
    local = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    first = local.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return first
    return _jump(local.replace(fold=1).astimezone(UTC), first, zone)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after `before` at which the zone's offset is another one; `after` has it already."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def span_on(pattern: Pattern, day: date, zone: ZoneInfo) -> Span | None:
    """When the pattern's session of this day is. None: the clock jumps over all of it."""
    begins_at = moment(day, pattern.begins, zone)
    ends_at = _later(pattern, day, pattern.length, zone)
    if ends_at <= begins_at:
        return None
    breaks = []
    for from_, until in pattern.breaks:
        begin = _later(pattern, day, after_beginning(pattern.begins, from_), zone)
        end = _later(pattern, day, after_beginning(pattern.begins, until) or DAY, zone)
        if begin < end:
            breaks.append((begin, end))
    return Span(begins_at, ends_at, tuple(breaks))


def _later(pattern: Pattern, day: date, after: timedelta, zone: ZoneInfo) -> datetime:
    """When the clock on the wall shows so much more than at the beginning."""
    shown = datetime.combine(day, pattern.begins) + after
    return moment(shown.date(), shown.time(), zone)
