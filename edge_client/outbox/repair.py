"""What is put right when the outbox is opened: a changed byte in a small table must not let a record or a crop be forgotten.

SQLite's own check finds broken pages; here the tables are compared with each other. A record that no table of states names
waits again, which at the worst sends it twice; a named record that is not there is a loss; a crop's row that is not what
was written is made again from its file, and a crop that is gone is told as shed.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

from edge_client.outbox import losses, states
from edge_client.outbox.crops import CropFolder
from edge_client.outbox.pen import Pen
from edge_client.outbox.renumber import crop_named_in
from edge_client.outbox.rows import CROP_COLUMNS, CropRow, find_crop, find_record, mark, read_crop
from edge_client.outbox.states import DAMAGED

_NOWHERE: Final = (
    "SELECT id FROM records r WHERE NOT EXISTS (SELECT 1 FROM waiting w WHERE w.id = r.id)"
    " AND NOT EXISTS (SELECT 1 FROM accepted a WHERE a.id = r.id) AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.id = r.id)"
)
_MISSING: Final = (
    "SELECT id FROM (SELECT id FROM waiting UNION SELECT id FROM accepted UNION SELECT id FROM parked) s"
    " WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.id = s.id)"
)
_TWICE: Final = (
    "SELECT id FROM accepted WHERE id IN (SELECT id FROM waiting) OR id IN (SELECT id FROM parked)"
    " UNION SELECT id FROM parked WHERE id IN (SELECT id FROM waiting)"
)
_MISQUEUED: Final = (
    "SELECT id FROM crop_queue WHERE id NOT IN (SELECT id FROM crops) OR id IN (SELECT id FROM waiting) OR id IN (SELECT id FROM parked)"
    " OR id IN (SELECT id FROM parked_crops)"
)
_UNQUEUED: Final = (
    "SELECT id FROM crops c WHERE NOT EXISTS (SELECT 1 FROM crop_queue q WHERE q.id = c.id)"
    " AND NOT EXISTS (SELECT 1 FROM parked_crops p WHERE p.id = c.id) AND (NOT EXISTS (SELECT 1 FROM records r WHERE r.id = c.id)"
    " OR EXISTS (SELECT 1 FROM accepted a WHERE a.id = c.id))"
)
_CROPLESS: Final = "SELECT id FROM waiting w WHERE has_crop = 1 AND NOT EXISTS (SELECT 1 FROM crops c WHERE c.id = w.id)"


def repair(pen: Pen, crops: CropFolder) -> int:
    """Put right what the tables contradict each other in. Returns how many rows were wrong; of a sound outbox nothing is written."""
    found = _Contradictions(pen.connection)
    if not found.count:
        return 0
    with pen.writing():
        _mend_records(pen.connection, found)
        _mend_crops(pen, crops, found)
    return found.count


def settle_damaged_crops(pen: Pen, crops: CropFolder) -> int:
    """Tell of crops that the courier found gone or changed that they will never come; a row that was damaged is made again instead."""
    rows = [why.id for why in states.parked(pen.connection, "parked_crops") if why.code == DAMAGED]
    if not rows:
        return 0
    changed = [crop.file for row in rows if (crop := find_crop(pen.connection, row)) is not None]
    with pen.writing():
        for row in rows:
            _mend_crop(pen, crops, row)
    for file in changed:
        crops.remove(file)
    return len(rows)


class _Contradictions:
    """What does not fit together, by reading alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.nowhere = _ids(connection, _NOWHERE)
        self.missing = _ids(connection, _MISSING)
        self.twice = _ids(connection, _TWICE)
        self.changed = _changed(connection, "parked")
        self.changed_crops = _changed(connection, "parked_crops")
        self.bad_crops = _bad_crops(connection)
        self.misqueued = _ids(connection, _MISQUEUED)
        self.unqueued = _ids(connection, _UNQUEUED)
        self.cropless = _ids(connection, _CROPLESS)

    @property
    def count(self) -> int:
        return sum(len(rows) for rows in vars(self).values())


def _mend_records(connection: sqlite3.Connection, found: _Contradictions) -> None:
    for row in found.missing:
        losses.set_apart(connection, row)
        connection.execute("DELETE FROM parked WHERE id = ?", (row,))
    states.wait_again(connection, (*found.nowhere, *found.twice, *found.changed))


def _mend_crops(pen: Pen, crops: CropFolder, found: _Contradictions) -> None:
    connection = pen.connection
    for table, rows in (("parked_crops", found.changed_crops), ("crop_queue", found.misqueued)):
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(row,) for row in rows])  # noqa: S608 (constants)
    for row in sorted({*found.bad_crops, *found.cropless}):
        _mend_crop(pen, crops, row)
    adopt_unnamed(pen, crops)
    requeue(connection)


def requeue(connection: sqlite3.Connection) -> None:
    """Crops whose record is delivered may go."""
    connection.executemany("INSERT INTO crop_queue (id) VALUES (?)", [(row,) for row in _ids(connection, _UNQUEUED)])


def adopt_unnamed(pen: Pen, crops: CropFolder) -> None:
    """A row for each file that none names and that is a delivered record's; of a record that is lost its crop is told as shed."""
    connection = pen.connection
    named = {file for (file,) in connection.execute("SELECT file FROM crops")}
    for file in crops.unnamed(named):
        row = crops.adopt(file)
        if row is None or _is_there(connection, "crops", row.id) or _is_there(connection, "records", row.id):
            continue
        if connection.execute("SELECT 1 FROM settled WHERE id <= ?1 AND last >= ?1", (row.id,)).fetchone():
            row.insert(connection)
        else:
            pen.tell_shed(row.id, row.sha256, DAMAGED)


def _mend_crop(pen: Pen, crops: CropFolder, row: int) -> None:
    """Make the row again from the file that belongs to it; where there is none, or it is not what was written, tell that it is gone."""
    columns = pen.connection.execute(f"SELECT {CROP_COLUMNS} FROM crops WHERE id = ?", (row,)).fetchone()  # noqa: S608 (a constant)
    written = None if columns is None else read_crop(columns)
    record = find_record(pen.connection, row)
    sha256 = written.sha256 if written else (crop_named_in(record.kind, record.payload) if record else None)
    file = None if written else _file_of(pen, crops, row, sha256)
    states.remove_crops(pen.connection, [row])
    if file is not None:
        file.insert(pen.connection)
        pen.connection.execute("UPDATE waiting SET has_crop = 1 WHERE id = ?", (row,))
        requeue(pen.connection)
    elif sha256 is not None:
        pen.tell_shed(row, sha256, DAMAGED)


def _file_of(pen: Pen, crops: CropFolder, row: int, sha256: str | None) -> CropRow | None:
    """The row that a file tells which is no other crop's."""
    found = crops.find(row, sha256)
    if found is None or pen.connection.execute("SELECT 1 FROM crops WHERE file = ? AND id <> ?", (found.file, row)).fetchone():
        return None
    return found


def _is_there(connection: sqlite3.Connection, table: str, row: int) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (row,)).fetchone() is not None  # noqa: S608 (constants)


def _ids(connection: sqlite3.Connection, query: str) -> list[int]:
    return [row for (row,) in connection.execute(query)]


def _changed(connection: sqlite3.Connection, table: str) -> list[int]:
    rows: Iterable[tuple[int, str, str, int]] = connection.execute(f"SELECT id, code, detail, mark FROM {table}")  # noqa: S608
    return [row for row, code, detail, written in rows if mark(table, row, code, detail) != written]


def _bad_crops(connection: sqlite3.Connection) -> list[int]:
    return [columns[0] for columns in connection.execute(f"SELECT {CROP_COLUMNS} FROM crops") if read_crop(columns) is None]  # noqa: S608
