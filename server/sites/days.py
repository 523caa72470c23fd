"""Local days: a day begins at the day cut of its date and ends at the next one's. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_begins(day: date, zone: ZoneInfo, day_cut: time) -> datetime:
    """The UTC moment at which the local clock first reaches the day cut on this date.

    Where the clock jumps over the cut, the day begins as if it had not jumped; every moment still belongs to exactly one day.
    """
    return datetime.combine(day, day_cut, tzinfo=zone).astimezone(UTC)


def day_bounds(day: date, zone: ZoneInfo, day_cut: time) -> tuple[datetime, datetime]:
    """From (inclusive) and until (exclusive), in UTC."""
    return day_begins(day, zone, day_cut), day_begins(day + timedelta(days=1), zone, day_cut)


def local_day(at: datetime, zone: ZoneInfo, day_cut: time) -> date:
    """The local day that `at` (aware) belongs to."""
    day = at.astimezone(zone).date()
    if at < day_begins(day, zone, day_cut):
        return day - timedelta(days=1)
    return day
