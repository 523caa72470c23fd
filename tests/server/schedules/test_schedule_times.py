from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.schedules.times import Pattern, days_of, moment, span_on

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def pattern(begins: str = "09:00", ends: str = "17:00", **changes: object) -> Pattern:
    values: dict[str, object] = {
        "weekdays": frozenset(range(7)),
        "every_weeks": 1,
        "breaks": (),
        "valid_from": date(2026, 1, 1),
        "valid_until": None,
        **changes,
    }
    return Pattern(begins=time.fromisoformat(begins), ends=time.fromisoformat(ends), **values)  # type: ignore[arg-type]


def hours(begins: str, ends: str, day: date) -> float | None:
    span = span_on(pattern(begins, ends), day, PARIS)
    return None if span is None else (span.ends_at - span.begins_at) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "at", "utc"),
    [
        (SPRING, "01:59", "2026-03-29T00:59"),
        (SPRING, "02:00", "2026-03-29T01:00"),
        (SPRING, "02:30", "2026-03-29T01:00"),
        (SPRING, "02:59", "2026-03-29T01:00"),
        (SPRING, "03:00", "2026-03-29T01:00"),
        (SPRING, "03:01", "2026-03-29T01:01"),
        (AUTUMN, "01:59", "2026-10-24T23:59"),
        (AUTUMN, "02:30", "2026-10-25T00:30"),
        (AUTUMN, "03:00", "2026-10-25T02:00"),
    ],
)
def test_a_time_the_clock_jumps_over_is_the_jump_and_of_two_it_is_the_first(day: date, at: str, utc: str) -> None:
    assert moment(day, time.fromisoformat(at), PARIS) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:15", "2026-10-03T15:30"),
        ("Pacific/Apia", date(2011, 12, 30), "12:00", "2011-12-30T10:00"),
        ("Asia/Kathmandu", date(2026, 1, 1), "09:00", "2026-01-01T03:15"),
    ],
)
def test_zones_that_jump_by_half_an_hour_or_by_a_day_are_no_exception(zone: str, day: date, at: str, utc: str) -> None:
    assert moment(day, time.fromisoformat(at), ZoneInfo(zone)) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "ends", "day", "expected"),
    [
        ("22:00", "06:00", date(2026, 3, 27), 8),
        ("22:00", "06:00", SPRING - timedelta(days=1), 7),
        ("22:00", "06:00", AUTUMN - timedelta(days=1), 9),
        ("00:00", "00:00", SPRING, 23),
        ("00:00", "00:00", AUTUMN, 25),
        ("09:00", "17:00", SPRING, 8),
        ("01:30", "03:30", SPRING, 1),
        ("01:30", "03:30", AUTUMN, 3),
        ("02:15", "02:45", SPRING, None),
        ("02:15", "03:15", SPRING, 0.25),
        ("02:00", "03:00", AUTUMN, 2),
    ],
)
def test_a_session_is_as_long_as_the_day_of_the_change_makes_it(begins: str, ends: str, day: date, expected: float | None) -> None:
    assert hours(begins, ends, day) == expected


def test_breaks_of_a_night_shift_lie_on_the_day_after_where_they_are_past_midnight() -> None:
    shift = pattern("22:00", "06:00", breaks=((time(23, 30), time(0, 15)), (time(3), time(3, 30))))
    span = span_on(shift, date(2026, 11, 20), PARIS)
    assert span is not None
    assert [(begin.strftime("%d %H:%M"), end.strftime("%d %H:%M")) for begin, end in span.breaks] == [
        ("20 22:30", "20 23:15"),
        ("21 02:00", "21 02:30"),
    ]


def test_a_break_the_clock_jumps_over_is_none() -> None:
    shift = pattern("22:00", "06:00", breaks=((time(2), time(2, 45)),))
    assert span_on(shift, SPRING - timedelta(days=1), PARIS) is not None
    assert getattr(span_on(shift, SPRING - timedelta(days=1), PARIS), "breaks", None) == ()
    assert len(getattr(span_on(shift, SPRING, PARIS), "breaks", ())) == 1


def test_every_other_week_is_counted_from_the_week_in_which_it_begins() -> None:
    fortnightly = pattern(weekdays=frozenset({0, 3}), every_weeks=2, valid_from=date(2026, 11, 4), valid_until=date(2026, 12, 3))
    days = list(days_of(fortnightly, date(2026, 1, 1), date(2027, 1, 1)))
    assert days == [date(2026, 11, 5), date(2026, 11, 16), date(2026, 11, 19), date(2026, 11, 30), date(2026, 12, 3)]
    assert list(days_of(fortnightly, date(2026, 11, 17), date(2026, 11, 30))) == days[2:4]


def test_without_weekdays_it_is_the_one_day_that_is_meant() -> None:
    once = pattern(weekdays=frozenset(), valid_from=date(2026, 11, 7), valid_until=date(2026, 11, 7))
    assert list(days_of(once, date(2026, 1, 1), date(2027, 1, 1))) == [date(2026, 11, 7)]


@given(
    day=st.dates(date(2000, 1, 3), date(2037, 1, 1)),
    at=st.times().map(lambda value: value.replace(microsecond=0)),
    zone=st.sampled_from(["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC"]),
)
def test_a_moment_shows_its_time_or_is_the_first_after_a_jump(day: date, at: time, zone: str) -> None:
    there = ZoneInfo(zone)
    found = moment(day, at, there)
    shown = found.astimezone(there).replace(tzinfo=None)
    wanted = datetime.combine(day, at)
    before = (found - timedelta(seconds=1)).astimezone(there).replace(tzinfo=None)
    assert shown == wanted or before < wanted < shown


@given(
    day=st.dates(date(2000, 1, 3), date(2037, 1, 1)),
    begins=st.times().map(lambda value: value.replace(microsecond=0)),
    ends=st.times().map(lambda value: value.replace(microsecond=0)),
    zone=st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca"]),
)
def test_a_daily_shift_never_reaches_into_the_next_one(day: date, begins: time, ends: time, zone: str) -> None:
    shift = pattern(begins.isoformat(), ends.isoformat())
    spans = [span_on(shift, day + timedelta(days=number), ZoneInfo(zone)) for number in (0, 1)]
    if spans[0] is not None and spans[1] is not None:
        assert spans[0].begins_at < spans[0].ends_at <= spans[1].begins_at
