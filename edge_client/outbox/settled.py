"""Seqs of which nothing more is to be told: their records were delivered and removed, renumbered, or reported lost.

Kept as ranges of row ids, so the month's deliveries of a node are a row or two. Together with the records that are still
here they say which seq comes next and, should the database be damaged, which records were truly lost.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from edge_client.errors import OutboxDamaged
from edge_client.outbox.rows import mark, span_of
from shared_schema.ids import Epoch

Range = tuple[int, int]
"""The first and the last id of a range, both in it."""


def add(connection: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Note these ids, within the transaction that removes their records."""
    for first, last in as_ranges(rows):
        add_range(connection, first, last)


def add_range(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Note a range, and make one of it and all that it overlaps or touches. One epoch's never touches another's."""
    touching = connection.execute("SELECT id, last FROM settled WHERE id <= ? ORDER BY id DESC", (last + 1,))
    gone: list[int] = []
    for start, end in touching:
        if end < first - 1:
            break
        gone.append(start)
        first, last = min(first, start), max(last, end)
    touching.close()
    connection.executemany("DELETE FROM settled WHERE id = ?", [(start,) for start in gone])
    connection.execute("INSERT INTO settled (id, last, mark) VALUES (?, ?, ?)", (first, last, mark("settled", first, last)))


def highest(connection: sqlite3.Connection, epoch: Epoch) -> int:
    """The highest id settled in `epoch`; 0 when none is."""
    first, last = span_of(epoch)
    found = connection.execute("SELECT last FROM settled WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", (first, last)).fetchone()
    return 0 if found is None else int(found[0])


def every(connection: sqlite3.Connection) -> Iterator[Range]:
    """All ranges, in order. Raises OutboxDamaged when one is not what was written."""
    for first, last, written in connection.execute("SELECT id, last, mark FROM settled ORDER BY id"):
        if mark("settled", first, last) != written:
            raise OutboxDamaged("what the outbox notes of delivered records is damaged; start `lintel-edge capture`, which salvages it")
        yield first, last


def as_ranges(rows: Iterable[int]) -> Iterator[Range]:
    """Runs of ids that follow each other without a hole."""
    first = last = None
    for row in sorted(rows):
        if first is None or last is None:
            first = row
        elif row > last + 1:
            yield first, last
            first = row
        last = row
    if first is not None and last is not None:
        yield first, last


def without(whole: Range, known: Iterable[Range]) -> Iterator[Range]:
    """What of `whole` lies in none of the ranges."""
    first, last = whole
    for start, end in sorted(known):
        if start > last:
            break
        if start > first:
            yield first, start - 1
        first = max(first, end + 1)
    if first <= last:
        yield first, last
