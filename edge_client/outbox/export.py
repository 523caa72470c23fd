"""Parked records and crops as files, for a person to look at or to send by hand. The outbox keeps them."""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_client.errors import OutboxError
from edge_client.files import write_private
from edge_client.outbox import epochs
from edge_client.outbox.items import item_of
from edge_client.outbox.rows import COLUMNS, find_record, number_of, row_id
from edge_client.outbox.status import reading
from shared_schema.ids import Epoch, Seq

_PARKED = "SELECT id FROM parked UNION SELECT id FROM parked_crops ORDER BY id"
_WHY = "SELECT code, detail FROM {} WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Exported:
    """One parked record or crop: why it is parked, and the files that were written of it."""

    epoch: int
    seq: int
    code: str
    detail: str
    files: tuple[str, ...]


def export_parked(folder: Path, target: Path, *, only: tuple[Epoch, Seq] | None = None) -> tuple[Exported, ...]:
    """Write all that is parked, or one record and its crop, into the folder `target`, which is made if need be.

    `EPOCH-SEQ.json` is an item as it goes over the wire (`{"items": [item]}` is a batch that a server takes), a record that is
    damaged goes as `EPOCH-SEQ.damaged.json` with its columns as they are, and its crop as the sealed file, which only the server
    can open. Raises OutboxMissing, OutboxDamaged, or OutboxError when a file cannot be written.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        with reading(folder) as connection:
            rows = [row_id(*only)] if only else [row for (row,) in connection.execute(_PARKED).fetchall()]
            return tuple(found for row in rows for found in _export(connection, row, folder=folder, target=target))
    except OSError as error:
        raise OutboxError(f"{target} cannot be written: {error.strerror}; name a folder that this account may write to") from error


def _export(connection: sqlite3.Connection, row: int, *, folder: Path, target: Path) -> Iterator[Exported]:
    record = connection.execute(_WHY.format("parked"), (row,)).fetchone()
    why = record or connection.execute(_WHY.format("parked_crops"), (row,)).fetchone()
    if why is None:
        return
    files = [*(_write_record(connection, row, target) if record else ()), *_write_crop(connection, row, folder, target)]
    (epoch, seq), (code, detail) = number_of(row), why
    yield Exported(epoch, seq, code, detail, tuple(files))


def _write_record(connection: sqlite3.Connection, row: int, target: Path) -> Iterator[str]:
    epoch, seq = number_of(row)
    record = find_record(connection, row)
    if record is not None:
        name = f"{epoch}-{seq}.json"
        write_private(target / name, item_of(record, epochs.owner(connection)).model_dump_json(indent=1).encode())
        yield name
        return
    columns = connection.execute(f"SELECT {COLUMNS} FROM records WHERE id = ?", (row,)).fetchone()  # noqa: S608 (a constant)
    if columns is not None:
        name = f"{epoch}-{seq}.damaged.json"
        named = dict(zip(COLUMNS.split(", "), map(_as_text, columns), strict=True))
        write_private(target / name, json.dumps(named, indent=1).encode())
        yield name


def _write_crop(connection: sqlite3.Connection, row: int, folder: Path, target: Path) -> Iterator[str]:
    found = connection.execute("SELECT file, sha256 FROM crops WHERE id = ?", (row,)).fetchone()
    path = None if found is None else folder / "crops" / Path(found[0]).name
    if path is not None and path.is_file():
        epoch, seq = number_of(row)
        name = f"{epoch}-{seq}-{found[1]}.sealed"
        write_private(target / name, path.read_bytes())
        yield name


def _as_text(value: object) -> object:
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else value
