import csv
import io
from datetime import UTC, date, datetime
from types import SimpleNamespace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from server.attendance.rules.facts import State
from server.core.csv_lists import at_site, cell, csv_text, harmless

NOON = datetime(2024, 11, 20, 12, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_what_begins_like_a_formula_becomes_text(begin: str) -> None:
    assert harmless(f"{begin}cmd|' /C calc'!A0").startswith(f"'{begin}")
    assert cell([f"{begin}1", "b"]).startswith(f"'{begin}")


@pytest.mark.parametrize("text", ["", "Ann", "2024-11-20", "a=b", " =1"])
def test_every_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-7, "-7"),
        (0, "0"),
        (NOON, "2024-11-20T12:00:00+00:00"),
        (date(2024, 11, 20), "2024-11-20"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (State.NOT_COVERED, "not_covered"),
        (["no_exit", "too_short"], "no_exit; too_short"),
        ((), ""),
    ],
)
def test_values_are_told_as_a_spreadsheet_reads_them(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_path_that_ends_early_is_an_empty_cell() -> None:
    row = SimpleNamespace(door=None, person=SimpleNamespace(name="Zoë, the first\nand last"))
    lines = list(csv.reader(io.StringIO(csv_text([("door", "door.site.name"), ("person", "person.name")], [row]))))
    assert lines == [["door", "person"], ["", "Zoë, the first\nand last"]]


def test_times_are_on_the_clock_of_the_site_where_there_is_one() -> None:
    row = SimpleNamespace(at=NOON, zone=KOLKATA, never=None)
    assert cell(at_site("at", "zone")(row)) == "2024-11-20T17:30:00+05:30"
    assert cell(at_site("at", lambda _row: None)(row)) == "2024-11-20T12:00:00+00:00"
    assert cell(at_site("never", "zone")(row)) == ""


def test_nothing_is_the_headings_alone() -> None:
    assert csv_text([("a", "a"), ("b", "b")], []) == "a,b\r\n"
