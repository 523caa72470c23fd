"""A report as a table: pure values, the same whether it becomes JSON, CSV, a spreadsheet, a PDF or a sheet of paper to sign."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

Cell = str | int | date | datetime | timedelta | None
"""Times are on the clock of the site. None: there is nothing to say."""
Row = tuple[Cell, ...]
MINUTE_S, HOUR_S = 60, 3600


class Kind(StrEnum):
    """Which report."""

    DAY = "day"
    MONTHLY = "monthly"
    LATE = "late"
    HOURS = "hours"
    GROUP = "group"
    PERSON = "person"
    DOOR = "door"
    VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how wide the column should be in characters."""

    heading: str
    width: int = 10


@dataclass(frozen=True, slots=True)
class Table:
    """A report. `about` are lines below the title, `footers` rows of totals, `legend` explains signs; a `signed` one has lines to sign."""

    title: str
    about: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footers: tuple[Row, ...] = ()
    legend: tuple[str, ...] = ()
    signed: bool = False


def text_of(cell: Cell) -> str:
    """For people: 08:05, 20 Nov 2026, 7:30 h."""
    if cell is None:
        return ""
    if isinstance(cell, timedelta):
        return duration(cell)
    if isinstance(cell, datetime):
        return f"{cell:%H:%M}"
    return f"{cell:%d %b %Y}" if isinstance(cell, date) else printable(str(cell))


def printable(text: str) -> str:
    """Without the characters that paper has no place for."""
    return "".join(sign for sign in text if sign >= " " or sign in "\n\t")


def duration(long: timedelta) -> str:
    """Hours and minutes, the last minute begun counting only when it is whole: 25:10."""
    hours, rest = divmod(int(long.total_seconds()), HOUR_S)
    return f"{hours}:{rest // MINUTE_S:02d}"


def seconds(long: int | None) -> timedelta | None:
    """A duration as a cell."""
    return None if long is None else timedelta(seconds=long)
