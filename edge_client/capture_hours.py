"""Is this an hour at which the node shall look? By the site's own clock, summer time and all."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_client.errors import ConfigError
from shared_schema.node import Hours

_NS_PER_S: Final = 1_000_000_000
_A_DAY: Final = timedelta(days=1)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ConfigError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"the time zone {name!r} is not known here; correct it on the server or install tzdata on the node") from error


def is_open(hours: Sequence[Hours], zone: ZoneInfo, time_ns: int) -> bool:
    """Whether `time_ns` (Unix time) lies in one of the spans; no spans: always.

    A span begins and ends when the clocks on the wall show it. One that begins in the hour a clock skips begins when it jumps; of an
    hour that comes twice, it begins with the first and ends with the first.
    """
    if not hours:
        return True
    now = datetime.fromtimestamp(time_ns / _NS_PER_S, UTC)
    today = now.astimezone(zone).date()
    return any(_covers(span, day, zone, now) for span in hours for day in (today - _A_DAY, today))


def _covers(span: Hours, day: date, zone: ZoneInfo, now: datetime) -> bool:
    if day.weekday() not in span.days:
        return False
    until_day = day if span.until_minute > span.from_minute else day + _A_DAY
    return _moment(day, span.from_minute, zone) <= now < _moment(until_day, span.until_minute, zone)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When the clocks of the zone show that minute of that day, in UTC."""
    if minute == 1440:
        day, minute = day + _A_DAY, 0
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)
