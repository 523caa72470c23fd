from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sites.days import day_bounds, local_day

PARIS, CUT = ZoneInfo("Europe/Paris"), time(4)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-20T02:59:59", date(2026, 11, 19)),
        ("2026-11-20T03:00:00", date(2026, 11, 20)),
        ("2026-11-20T23:30:00", date(2026, 11, 20)),
        ("2026-03-29T01:59:00", date(2026, 3, 28)),
        ("2026-03-29T02:00:00", date(2026, 3, 29)),
        ("2026-10-25T02:59:00", date(2026, 10, 24)),
        ("2026-10-25T03:00:00", date(2026, 10, 25)),
    ],
)
def test_a_day_begins_at_the_cut_also_when_the_clocks_change(at: str, day: date) -> None:
    assert local_day(utc(at), PARIS, CUT) == day


def test_the_day_of_the_change_is_shorter_or_longer() -> None:
    begins, ends = day_bounds(date(2026, 3, 28), PARIS, CUT)
    assert ends - begins == timedelta(hours=23)
    begins, ends = day_bounds(date(2026, 10, 24), PARIS, CUT)
    assert ends - begins == timedelta(hours=25)


@given(
    at=st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
    cut=st.times(max_value=time(23, 59)),
)
def test_every_moment_lies_in_exactly_the_day_it_is_given(at: datetime, zone: str, cut: time) -> None:
    day = local_day(at, ZoneInfo(zone), cut)
    begins, ends = day_bounds(day, ZoneInfo(zone), cut)
    assert begins <= at < ends
