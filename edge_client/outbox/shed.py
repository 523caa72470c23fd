"""Which crops are given up for room. Records never are: at the worst a new one is refused, visibly."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from edge_client.outbox.limits import Limits
from edge_client.outbox.reserve import Reserve, free_bytes
from edge_client.outbox.rows import CropRow, read_crop

_BATCH: Final = 64
_SLACK_SHARE: Final = 64
"""When something has to go, a little more goes at once, so that not every record pays for it."""
_MOST_SLACK: Final = 16_000_000

_CROP: Final = "c.id, c.sha256, c.file, c.file_sha256, c.size_bytes, c.mark"
_CONFIRMED: Final = f"SELECT {_CROP} FROM crop_queue q JOIN crops c ON c.id = q.id ORDER BY q.id"  # noqa: S608 (constants)
_HELD: Final = (
    f"SELECT {_CROP} FROM crops c WHERE NOT EXISTS (SELECT 1 FROM crop_queue q WHERE q.id = c.id)"  # noqa: S608 (constants)
    " AND NOT EXISTS (SELECT 1 FROM parked_crops p WHERE p.id = c.id) ORDER BY c.id"
)
_REFUSED: Final = f"SELECT {_CROP} FROM parked_crops p JOIN crops c ON c.id = p.id ORDER BY p.id"  # noqa: S608 (constants)


class Budget:
    """How much has to go. What the courier removes is noticed when it matters: the sum is taken anew before anything is shed."""

    def __init__(self, folder: Path, limits: Limits, reserve: Reserve, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._limits = limits
        self._reserve = reserve
        self._connection = connection
        self._used = self._measured()

    def add(self, size_bytes: int) -> None:
        self._used += size_bytes

    def excess(self, more: int = 0) -> int:
        """How many bytes of crops are too many, with `more` to come; 0 when there is room."""
        return max(self._over(more), self._short(more), 0)

    def _over(self, more: int) -> int:
        most = self._limits.max_bytes
        if self._used + more <= most:
            return 0
        self._used = self._measured()
        over = self._used + more - most
        return over + min(most // _SLACK_SHARE, _MOST_SLACK) if over > 0 else 0

    def _short(self, more: int) -> int:
        least = self._limits.min_free_bytes + self._reserve.needs_bytes
        short = least + more - free_bytes(self._folder)
        return short + min(least // _SLACK_SHARE, _MOST_SLACK) if short > 0 else 0

    def _measured(self) -> int:
        return int(self._connection.execute("SELECT coalesce(sum(size_bytes), 0) FROM crops").fetchone()[0])


def choose(connection: sqlite3.Connection, needed: int) -> list[CropRow]:
    """A batch of the crops to give up next for so many bytes: of receipted records, oldest first, then the others, oldest first.

    Crops that the server refused come last: they are kept for people as long as anything else can go.
    """
    return list(_until(_sound(_each(connection)), needed))


def between(connection: sqlite3.Connection, first: int, last: int) -> list[CropRow]:
    """The crops of a range of records."""
    return list(_sound(connection.execute(f"SELECT {_CROP} FROM crops c WHERE c.id BETWEEN ? AND ?", (first, last))))  # noqa: S608


def _each(connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    for query in (_CONFIRMED, _HELD, _REFUSED):
        rows = connection.execute(query).fetchmany(_BATCH)
        yield from rows
        if len(rows) == _BATCH:
            return


def _sound(rows: Iterable[tuple[object, ...]]) -> Iterator[CropRow]:
    return (crop for columns in rows if (crop := read_crop(columns)) is not None)


def _until(crops: Iterable[CropRow], needed: int) -> Iterator[CropRow]:
    freed = 0
    for crop in crops:
        if freed >= needed:
            return
        freed += crop.size_bytes
        yield crop
