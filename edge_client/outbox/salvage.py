"""What is left of a damaged outbox: set aside, read row by row, and the true loss reported. Never an empty start in silence.

Every step can be repeated after a crash: files set aside lie beside the new database until the end, and the new
database remembers which of them were read and which losses are still to be reported.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from edge_client.errors import OutboxError
from edge_client.files import sync_folder
from edge_client.outbox import epochs, first_page, losses, meta, settled, states
from edge_client.outbox.crops import CropFolder
from edge_client.outbox.pen import Pen
from edge_client.outbox.renumber import crop_named_in
from edge_client.outbox.repair import adopt_unnamed, requeue
from edge_client.outbox.rows import COLUMNS, CROP_COLUMNS, MAX_SEQ, RecordRow, mark, number_of, read_crop, read_row, row_id, span_of
from edge_client.outbox.schema import has_its_tables
from edge_client.outbox.settled import Range
from edge_client.outbox.wal import State, state_of
from shared_schema.ids import Epoch, Seq

_MAX_SEEKS: Final = 1_000_000
_MOST_GAPS: Final = 100
"""More holes than this are reported as one range from the first to the last: the server counts what of it never arrived."""
_NAMING: Final = ("waiting", "accepted", "parked", "crop_queue", "crops")
"""Tables whose keys are those of records that were given."""

_T = TypeVar("_T")


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
    aside = _aside(path, number)
    for side, suffix in ((f"{path.name}-wal", "-wal"), (f"{path.name}-shm", "-shm"), (first_page.NAME, first_page.SUFFIX)):
        if path.with_name(side).exists():
            path.with_name(side).rename(aside.with_name(aside.name + suffix))
    sync_folder(path.parent)


def copy_all(folder: Path, pen: Pen, crops: CropFolder) -> int:
    """Copy what can be read of every file set aside and not yet read, and note what is lost. Returns how many files were read."""
    read = 0
    for aside in sorted(folder.glob("damaged-*.db")):
        done = f"salvaged:{aside.name}"
        if meta.find(pen.connection, done) is not None:
            continue
        _mend(aside)
        with pen.writing():
            copied = _copy(aside, pen.connection)
            adopt_unnamed(pen, crops)
            requeue(pen.connection)
            meta.put(pen.connection, done, f"{copied} records")
        read += 1
    return read


def _mend(aside: Path) -> None:
    """A database that cannot say where its tables are gets back the page that does."""
    source = _open(aside)
    try:
        names_its_tables = bool(_tell(lambda: has_its_tables(source)))
    finally:
        source.close()
    first_page.mend(aside, names_its_tables=names_its_tables)


def _open(aside: Path) -> sqlite3.Connection:
    source = sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    source.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return source


def _copy(aside: Path, target: sqlite3.Connection) -> int:
    source = _open(aside)
    try:
        readable = {row.id for row in _readable_rows(source) if _take(row, target)}
        _copy_crops(source, target)
        done = list(_settled(source))
        for first, last in done:
            settled.add_range(target, first, last)
        for loss in _lost(source, readable, done, fallback=Epoch(max(1, epochs.current(target) - 1))):
            losses.note(target, loss)
    finally:
        source.close()
    return len(readable)


def _take(row: RecordRow, target: sqlite3.Connection) -> bool:
    if not target.execute("SELECT 1 FROM records WHERE id = ?", (row.id,)).fetchone():
        row.insert(target)
        states.wait(target, row.id, has_crop=crop_named_in(row.kind, row.payload) is not None)
    return True


def _copy_crops(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Every crop whose row is sound, also of records that are long delivered."""
    for columns in _rows_of(source, "crops", CROP_COLUMNS):
        crop = read_crop(columns)
        if crop is None or target.execute("SELECT 1 FROM crops WHERE id = ?", (crop.id,)).fetchone():
            continue
        crop.insert(target)


def _settled(source: sqlite3.Connection) -> Iterator[Range]:
    for first, last, written in _rows_of(source, "settled", "id, last, mark"):
        if mark("settled", first, last) == written and isinstance(first, int) and isinstance(last, int):
            yield first, last


def _lost(source: sqlite3.Connection, readable: set[int], done: list[Range], *, fallback: Epoch) -> Iterator[losses.Loss]:
    """Ids up to the highest known one, of any epoch, that can neither be read nor are known to be settled."""
    named = {row for table in _NAMING for (row,) in _rows_of(source, table, "id") if isinstance(row, int) and row > MAX_SEQ}
    tops = _highest_of_each(source, {*readable, *named, *(last for _, last in done)}, fallback=fallback)
    accounted = [*settled.as_ranges(readable), *done]
    for epoch, top in sorted(tops.items()):
        first, _ = span_of(epoch)
        if top:
            yield from _as_losses(list(settled.without((first, row_id(epoch, top)), accounted)), copied=len(readable))


def _highest_of_each(source: sqlite3.Connection, known: set[int], *, fallback: Epoch) -> dict[Epoch, Seq]:
    """The highest seq given in each epoch; of the present one as high as can be when its end cannot be read."""
    tops: dict[Epoch, Seq] = {}
    for row in sorted(known):
        tops[number_of(row).epoch] = number_of(row).seq
    is_first = _tell(lambda: source.execute("PRAGMA user_version").fetchone()[0]) == 1
    noted = _noted_in_first_version(source) if is_first else (_tell(lambda: epochs.current(source)), Seq(0))
    present = noted[0] or max(tops, default=fallback)
    tops[present] = max(tops.get(present, Seq(0)), noted[1]) if _knows_its_end(source) else Seq(MAX_SEQ)
    return tops


def _noted_in_first_version(source: sqlite3.Connection) -> tuple[Epoch | None, Seq]:
    """The epoch, and the highest seq that was delivered: all that an outbox of version 1 knew of what it no longer held."""
    values = dict(_tell(lambda: source.execute("SELECT name, value FROM meta").fetchall()) or [])
    epoch, floor = _tell(lambda: int(values["epoch"])), _tell(lambda: int(values["floor_seq"]))
    return (None if epoch is None else Epoch(epoch)), Seq(floor or 0)


def _as_losses(holes: list[Range], *, copied: int) -> Iterator[losses.Loss]:
    if len(holes) > _MOST_GAPS:
        holes = [(holes[0][0], holes[-1][1])]
    for first, last in holes:
        yield losses.loss_of(first, last, f"outbox damaged, {copied} records salvaged")


def _knows_its_end(source: sqlite3.Connection) -> bool:
    """Whether the last record given can be told: from the end of its table, or from the ends of those that name each record.

    A log that is broken may have held any number of records more.
    """
    if state_of(Path(source.execute("PRAGMA database_list").fetchone()[2])) is not State.WHOLE:
        return False
    return _has_end(source, "records") or all(_has_end(source, table) for table in ("waiting", "accepted", "parked"))


def _has_end(source: sqlite3.Connection, table: str) -> bool:
    return _tell(lambda: source.execute(f"SELECT max(id) FROM {table}").fetchone()) is not None  # noqa: S608 (constants)


def _readable_rows(source: sqlite3.Connection) -> Iterator[RecordRow]:
    """Rows that are what was written, under whichever key they are found."""
    return (row for columns in _rows_of(source, "records", COLUMNS) if (row := read_row(columns)) is not None)


def _rows_of(source: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """From the front until a damaged page, from the back until one, and what lies between one by one."""
    query = f"SELECT id, {columns} FROM {table}"  # noqa: S608 (constants)
    low, high = 0, (1 << 63) - 1
    for row, *values in _walk(source, f"{query} WHERE id > ? ORDER BY id", low):
        low = row
        yield tuple(values)
    for row, *values in _walk(source, f"{query} WHERE id < ? ORDER BY id DESC", high):
        if row <= low:
            return
        high = row
        yield tuple(values)
    if low and high - low < _MAX_SEEKS:
        for between in range(low + 1, high):
            for _, *values in _walk(source, f"{query} WHERE id = ?", between):
                yield tuple(values)


def _walk(source: sqlite3.Connection, query: str, start: int) -> Iterator[tuple[Any, ...]]:
    with suppress(sqlite3.Error, OverflowError, UnicodeDecodeError):
        yield from source.execute(query, (start,))


def _tell(question: Callable[[], _T]) -> _T | None:
    """The answer of a damaged database; None when it gives none."""
    with suppress(sqlite3.Error, OutboxError, ValueError, OverflowError, KeyError):
        return question()
    return None


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"damaged-{number:04d}.db")
