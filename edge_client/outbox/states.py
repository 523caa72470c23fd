"""How far records and crops have come. Every step is made inside the caller's transaction.

A record waits, is accepted (the server has it, but not for good) or is parked. A crop is held until its record has a
receipt; then it is queued, or parked.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_client.outbox import settled
from edge_client.outbox.rows import mark

DAMAGED = "damaged"
CONFLICT = "conflict"
"""The server holds another record under the same number, and always will."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Why a row of a table of parked things is there."""

    id: int
    code: str
    detail: str


def wait(connection: sqlite3.Connection, row: int, *, has_crop: bool) -> None:
    connection.execute("INSERT INTO waiting (id, has_crop) VALUES (?, ?)", (row, int(has_crop)))


def wait_again(connection: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Accepted or parked records wait as if they had never been sent; their crops are held with them."""
    keys = [(row,) for row in rows]
    connection.executemany("DELETE FROM accepted WHERE id = ?", keys)
    connection.executemany("DELETE FROM parked WHERE id = ?", keys)
    connection.executemany("DELETE FROM crop_queue WHERE id = ?", keys)
    connection.executemany(
        "INSERT OR IGNORE INTO waiting (id, has_crop) SELECT id, EXISTS (SELECT 1 FROM crops WHERE crops.id = records.id)"
        " FROM records WHERE id = ?",
        keys,
    )


def accept(connection: sqlite3.Connection, rows: Iterable[int]) -> None:
    """The server has these records: they are kept, and their crops may go."""
    keys = [(row,) for row in rows]
    connection.executemany("DELETE FROM waiting WHERE id = ?", keys)
    connection.executemany("INSERT OR IGNORE INTO accepted (id) SELECT id FROM records WHERE id = ?", keys)
    _queue_crops(connection, keys)


def remove(connection: sqlite3.Connection, rows: Sequence[int]) -> None:
    """The server has these records for good."""
    if not rows:
        return
    keys = [(row,) for row in rows]
    settled.add(connection, rows)
    for table in ("records", "waiting", "accepted"):
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", keys)  # noqa: S608 (constants)
    _queue_crops(connection, keys)


def park(connection: sqlite3.Connection, why: Parked) -> None:
    """A record that nobody sends any more until somebody says so. Without a record there is nothing to park."""
    for table in ("waiting", "accepted", "crop_queue"):
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (why.id,))  # noqa: S608 (constants)
    if connection.execute("SELECT 1 FROM records WHERE id = ?", (why.id,)).fetchone():
        _park(connection, "parked", why)


def park_crop(connection: sqlite3.Connection, why: Parked) -> None:
    connection.execute("DELETE FROM crop_queue WHERE id = ?", (why.id,))
    if connection.execute("SELECT 1 FROM crops WHERE id = ?", (why.id,)).fetchone():
        _park(connection, "parked_crops", why)


def queue_again(connection: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Parked crops may go again, as soon as their record has a receipt."""
    for row in rows:
        connection.execute("DELETE FROM parked_crops WHERE id = ?", (row,))
        if not connection.execute("SELECT 1 FROM waiting WHERE id = ?1 UNION SELECT 1 FROM parked WHERE id = ?1", (row,)).fetchone():
            _queue_crops(connection, [(row,)])


def remove_crops(connection: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Forget crops; their files go after the transaction."""
    keys = [(row,) for row in rows]
    for table in ("crops", "crop_queue", "parked_crops"):
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", keys)  # noqa: S608 (constants)
    connection.executemany("UPDATE waiting SET has_crop = 0 WHERE id = ? AND has_crop = 1", keys)


def parked(connection: sqlite3.Connection, table: str = "parked") -> list[Parked]:
    """All that is parked in a table, in order, without rows that are no longer what was written."""
    rows = connection.execute(f"SELECT id, code, detail, mark FROM {table} ORDER BY id").fetchall()  # noqa: S608 (a constant)
    return [Parked(row, code, detail) for row, code, detail, written in rows if mark(table, row, code, detail) == written]


def _park(connection: sqlite3.Connection, table: str, why: Parked) -> None:
    code, detail = why.code[:64], why.detail[:500]
    connection.execute(
        f"INSERT OR REPLACE INTO {table} (id, code, detail, mark) VALUES (?, ?, ?, ?)",  # noqa: S608 (a constant)
        (why.id, code, detail, mark(table, why.id, code, detail)),
    )


def _queue_crops(connection: sqlite3.Connection, keys: list[tuple[int]]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO crop_queue (id) SELECT id FROM crops"
        " WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM parked_crops WHERE id = ?1)",
        keys,
    )
