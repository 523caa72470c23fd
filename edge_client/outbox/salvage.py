"""What is left of a damaged outbox: set aside, read row by row, and the loss reported. Never an empty start in silence.

Every step can be repeated after a crash: files set aside lie beside the new database until the end, and the new
database remembers which of them were read and which losses are still to be reported.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path

from edge_client.errors import OutboxDamaged, OutboxError
from edge_client.files import sync_folder
from edge_client.outbox import epochs
from edge_client.outbox.schema import COLUMNS, MAX_SEQ, RecordRow, read_row, transaction
from shared_schema.ids import Epoch, Seq

DAMAGED = "damaged"
_REPORTED = "damaged_reported"
_MAX_SEEKS = 1_000_000


@dataclass(frozen=True, slots=True)
class Loss:
    """Records of `epoch` from–to of which some may be gone. `name` is where it is noted until reported."""

    name: str
    epoch: int
    from_seq: int
    to_seq: int
    reason: str


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Raises OutboxDamaged when the database's own check finds something."""
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise OutboxDamaged(f"{path} is damaged: {answer}")


def set_aside(path: Path) -> None:
    """Keep the damaged database under a name of its own."""
    number = 1
    while _aside(path, number).exists():
        number += 1
    path.rename(_aside(path, number))
    sync_folder(path.parent)
    finish_setting_aside(path)


def finish_setting_aside(path: Path) -> None:
    """Move a damaged database's side files after it; a new database must not find them."""
    number = 1
    while _aside(path, number + 1).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            aside = _aside(path, number)
            side.rename(aside.with_name(aside.name + suffix))
    sync_folder(path.parent)


def copy_all(folder: Path, target: sqlite3.Connection) -> None:
    """Copy what can be read of every file set aside and not yet read, and note the loss."""
    for aside in sorted(folder.glob("damaged-*.db")):
        done = f"salvaged:{aside.name}"
        if target.execute("SELECT 1 FROM meta WHERE name = ?", (done,)).fetchone():
            continue
        with transaction(target):
            loss = _copy(aside, target)
            target.execute("INSERT INTO meta (name, value) VALUES (?, 'read')", (done,))
            target.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (loss.name, dumps(asdict(loss))))


def unreported(connection: sqlite3.Connection) -> tuple[Loss, ...]:
    """Losses of which no `gap` was recorded yet: of whole files, and of single rows that were found changed."""
    noted = connection.execute("SELECT value FROM meta WHERE name LIKE 'loss:%' ORDER BY name").fetchall()
    rows = connection.execute("SELECT id FROM deliveries WHERE state = 'parked' AND code = ? ORDER BY id", (DAMAGED,)).fetchall()
    single = (
        Loss(name=f"row:{row}", epoch=row // (MAX_SEQ + 1), from_seq=row % (MAX_SEQ + 1), to_seq=row % (MAX_SEQ + 1), reason="row damaged")
        for (row,) in rows
    )
    return (*(Loss(**loads(value)) for (value,) in noted), *single)


def mark_reported(connection: sqlite3.Connection, loss: Loss) -> None:
    kind, _, key = loss.name.partition(":")
    if kind == "row":
        connection.execute("UPDATE deliveries SET code = ? WHERE id = ?", (_REPORTED, int(key)))
    else:
        connection.execute("DELETE FROM meta WHERE name = ?", (loss.name,))


def _copy(aside: Path, target: sqlite3.Connection) -> Loss:
    highest: dict[int, int] = {}
    salvaged = 0
    source = sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        epoch, floor = _numbers(source, fallback=Epoch(max(1, epochs.current(target) - 1)))
        for row in _readable_rows(source):
            highest[row.epoch] = max(highest.get(row.epoch, 0), row.seq)
            if not target.execute("SELECT 1 FROM records WHERE id = ?", (row.id,)).fetchone():
                salvaged += 1
                row.insert(target)
                _copy_crop(source, target, row.id)
    finally:
        source.close()
    return Loss(
        name=f"loss:{aside.name}",
        epoch=epoch,
        from_seq=1,
        to_seq=max(1, floor, highest.get(epoch, 0)),
        reason=f"outbox damaged, {salvaged} records salvaged",
    )


def _copy_crop(source: sqlite3.Connection, target: sqlite3.Connection, row: int) -> None:
    try:
        crop = source.execute("SELECT id, sha256, file, file_sha256, size_bytes FROM crops WHERE id = ?", (row,)).fetchone()
    except sqlite3.Error:
        return
    if crop:
        target.execute("INSERT INTO crops (id, sha256, file, file_sha256, size_bytes) VALUES (?, ?, ?, ?, ?)", crop)


def _numbers(source: sqlite3.Connection, *, fallback: Epoch) -> tuple[Epoch, Seq]:
    """The damaged outbox's epoch and the last seq it was known to have given."""
    try:
        epoch = epochs.current(source)
        return epoch, epochs.last_seq(source, epoch)
    except (sqlite3.Error, OutboxError, ValueError):
        return fallback, Seq(0)


def _readable_rows(source: sqlite3.Connection) -> Iterator[RecordRow]:
    """From the front until a damaged page, from the back until one, and what lies between one by one."""
    low, high = 0, (1 << 63) - 1
    for front in _walk(source, "WHERE id > ? ORDER BY id", low):
        low = front[0]
        yield from _intact(front)
    for back in _walk(source, "WHERE id < ? ORDER BY id DESC", high):
        if back[0] <= low:
            return
        high = back[0]
        yield from _intact(back)
    if low and high - low < _MAX_SEEKS:
        for row in range(low + 1, high):
            for found in _walk(source, "WHERE id = ?", row):
                yield from _intact(found)


def _walk(source: sqlite3.Connection, where: str, start: int) -> Iterator[tuple[int, tuple[object, ...]]]:
    try:
        for row, *columns in source.execute(f"SELECT id, {COLUMNS} FROM records {where}", (start,)):  # noqa: S608 (constants)
            yield row, tuple(columns)
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):
        return


def _intact(found: tuple[int, tuple[object, ...]]) -> Iterator[RecordRow]:
    row = read_row(found[1])
    if row is not None and row.id == found[0]:
        yield row


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"damaged-{number:04d}.db")
