from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from edge_client.capture_hours import is_open, zone_of
from edge_client.errors import ConfigError
from shared_schema.node import Hours

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = (0, 1, 2, 3, 4)
OFFICE = Hours(days=WEEKDAYS, from_minute=8 * 60, until_minute=18 * 60)
NIGHT = Hours(days=(4,), from_minute=22 * 60, until_minute=6 * 60)


def ns(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-20T07:59:59", False),
        ("2026-11-20T08:00:00", True),
        ("2026-11-20T17:59:59", True),
        ("2026-11-20T18:00:00", False),
        ("2026-11-21T12:00:00", False),
    ],
)
def test_a_span_begins_and_ends_by_the_sites_clock(when: str, *, expected: bool) -> None:
    assert is_open([OFFICE], BERLIN, ns(when)) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-20T21:59", False),
        ("2026-11-20T23:00", True),
        ("2026-11-21T05:59", True),
        ("2026-11-21T06:00", False),
        ("2026-11-20T05:00", False),
    ],
)
def test_a_span_over_midnight_belongs_to_the_day_it_begins_on(when: str, *, expected: bool) -> None:
    assert is_open([NIGHT], BERLIN, ns(when)) is expected


def test_the_same_moment_is_judged_by_the_site_and_not_by_the_machine() -> None:
    moment = int(datetime(2026, 11, 20, 7, 30, tzinfo=UTC).timestamp()) * 10**9
    assert is_open([OFFICE], BERLIN, moment)
    assert not is_open([OFFICE], ZoneInfo("UTC"), moment)


def test_eight_in_the_morning_is_another_moment_in_summer() -> None:
    assert is_open([OFFICE], BERLIN, int(datetime(2026, 7, 20, 6, 0, tzinfo=UTC).timestamp()) * 10**9)
    assert not is_open([OFFICE], BERLIN, int(datetime(2026, 11, 20, 6, 0, tzinfo=UTC).timestamp()) * 10**9)


def test_a_night_in_which_the_clocks_go_back_is_an_hour_longer() -> None:
    night = [Hours(days=(5,), from_minute=1 * 60, until_minute=4 * 60)]
    hours = [ns("2026-10-31T00:30") + step * 1800 * 10**9 for step in range(12)]
    assert sum(is_open(night, BERLIN, when) for when in hours) == 6
    back = [Hours(days=(6,), from_minute=1 * 60, until_minute=4 * 60)]
    hours = [ns("2026-10-25T00:30") + step * 1800 * 10**9 for step in range(12)]
    assert sum(is_open(back, BERLIN, when) for when in hours) == 8


def test_a_span_that_begins_in_the_hour_that_is_skipped_begins_when_the_clocks_jump() -> None:
    spring = [Hours(days=(6,), from_minute=2 * 60 + 30, until_minute=4 * 60)]
    assert not is_open(spring, BERLIN, ns("2026-03-29T01:29"))
    assert is_open(spring, BERLIN, ns("2026-03-29T03:35"))
    assert not is_open(spring, BERLIN, ns("2026-03-29T04:00"))


def test_a_whole_day_reaches_to_midnight() -> None:
    day = [Hours(days=(5,), from_minute=0, until_minute=1440)]
    assert is_open(day, BERLIN, ns("2026-11-21T00:00"))
    assert is_open(day, BERLIN, ns("2026-11-21T23:59:59"))
    assert not is_open(day, BERLIN, ns("2026-11-22T00:00"))


def test_an_end_at_the_start_is_a_whole_turn_of_the_clock() -> None:
    turn = [Hours(days=(4,), from_minute=600, until_minute=600)]
    assert is_open(turn, BERLIN, ns("2026-11-20T10:00"))
    assert is_open(turn, BERLIN, ns("2026-11-21T09:59"))
    assert not is_open(turn, BERLIN, ns("2026-11-21T10:00"))


def test_no_hours_are_all_hours() -> None:
    assert is_open([], BERLIN, 0)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../../etc/passwd", "Europe"])
def test_a_zone_that_is_not_known_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(ConfigError, match="install tzdata"):
        zone_of(name)
