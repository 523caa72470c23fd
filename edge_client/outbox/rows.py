"""What lies in the outbox's tables, each row with a hash of its own: SQLite's check does not see every changed byte."""

import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from edge_client.errors import OutboxError
from shared_schema.ids import Epoch, Seq

MAX_EPOCH: Final = 2**22 - 1
MAX_SEQ: Final = 2**40 - 1
COLUMNS: Final = "epoch, seq, protocol, kind, payload, sha256, signature, sealed_probe, boot_id, put_boot_ns, row_sha256"
CROP_COLUMNS: Final = "id, sha256, file, file_sha256, size_bytes, mark"


class Number(NamedTuple):
    """A record's place."""

    epoch: Epoch
    seq: Seq


def row_id(epoch: Epoch, seq: Seq) -> int:
    """The key of a row: one number for (epoch, seq), in their order, so their uniqueness costs no second index."""
    if not (1 <= epoch <= MAX_EPOCH and 1 <= seq <= MAX_SEQ):
        raise OutboxError(f"epoch {epoch}, seq {seq} is beyond what an outbox can hold")
    return int(epoch) * (MAX_SEQ + 1) + int(seq)


def number_of(row: int) -> Number:
    """The place that a row's key stands for."""
    return Number(Epoch(row // (MAX_SEQ + 1)), Seq(row % (MAX_SEQ + 1)))


def span_of(epoch: Epoch) -> tuple[int, int]:
    """The first and the last key of an epoch."""
    return row_id(epoch, Seq(1)), row_id(epoch, Seq(MAX_SEQ))


def mark(*values: object) -> int:
    """A number that fits these values of a row: 48 bits of a hash."""
    whole = "|".join(f"{len(str(value))}:{value}" for value in values)
    return int.from_bytes(sha256(whole.encode("utf-8", "replace")).digest()[:6], "little")


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record as it lies in the database. `row_sha256` covers all the rest."""

    epoch: Epoch
    seq: Seq
    protocol: int
    kind: str
    payload: bytes
    sha256: str
    signature: bytes
    sealed_probe: bytes | None
    boot_id: UUID
    put_boot_ns: int

    @property
    def id(self) -> int:
        return row_id(self.epoch, self.seq)

    def row_sha256(self) -> bytes:
        """The row's own hash: a damaged page is otherwise not always noticed."""
        whole = sha256()
        head = (self.epoch, self.seq, self.protocol, self.kind, self.sha256, self.boot_id, self.put_boot_ns)
        for part in ("|".join(map(str, head)).encode(), self.payload, self.signature, self.sealed_probe or b""):
            whole.update(len(part).to_bytes(8, "little"))
            whole.update(part)
        return whole.digest()

    def insert(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            f"INSERT INTO records (id, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            (
                *(self.id, self.epoch, self.seq, self.protocol, self.kind, self.payload, self.sha256, self.signature),
                *(self.sealed_probe, str(self.boot_id), self.put_boot_ns, self.row_sha256()),
            ),
        )


def read_row(columns: tuple[object, ...]) -> RecordRow | None:
    """A row from its COLUMNS; None when it is not what was written."""
    *values, row_sha256 = columns
    try:
        values[8] = UUID(str(values[8]))
        row = RecordRow(*values)  # type: ignore[arg-type]  # a changed value makes another hash
        intact = row.row_sha256() == row_sha256 and sha256(row.payload).hexdigest() == row.sha256
    except (TypeError, ValueError):
        return None
    return row if intact else None


def find_record(connection: sqlite3.Connection, row: int) -> RecordRow | None:
    """The record of that key; None when there is none or it is not what was written."""
    found = connection.execute(f"SELECT {COLUMNS} FROM records WHERE id = ?", (row,)).fetchone()  # noqa: S608 (a constant)
    record = None if found is None else read_row(found)
    return record if record is not None and record.id == row else None


@dataclass(frozen=True, slots=True)
class CropRow:
    """A crop's row: `id` is its sighting's, `sha256` the plain image's, `file_sha256` and `size_bytes` are of the sealed file."""

    id: int
    sha256: str
    file: str
    file_sha256: str
    size_bytes: int

    def mark(self) -> int:
        return mark("crops", self.id, self.sha256, self.file, self.file_sha256, self.size_bytes)

    def insert(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            f"INSERT INTO crops ({CROP_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            (self.id, self.sha256, self.file, self.file_sha256, self.size_bytes, self.mark()),
        )


def read_crop(columns: tuple[object, ...]) -> CropRow | None:
    """A crop's row from its CROP_COLUMNS; None when it is not what was written."""
    *values, written = columns
    row = CropRow(*values)  # type: ignore[arg-type]  # a changed value makes another mark
    return row if row.mark() == written else None


def find_crop(connection: sqlite3.Connection, row: int) -> CropRow | None:
    """The crop of that key; None when there is none or its row is not what was written."""
    found = connection.execute(f"SELECT {CROP_COLUMNS} FROM crops WHERE id = ?", (row,)).fetchone()  # noqa: S608 (a constant)
    return None if found is None else read_crop(found)
