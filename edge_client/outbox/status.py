"""Looking into the outbox without disturbing it: for people, the heartbeat and the supervisor.

What the heartbeat asks is counted in tables of plain numbers, a few bytes for each record, and never by reading records.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_client.clock import Clock
from edge_client.outbox import epochs, meta
from edge_client.outbox.opening import BOOT
from edge_client.outbox.reserve import free_bytes, held_bytes
from edge_client.outbox.rows import number_of
from edge_client.outbox.schema import DATABASE, connect_to_read, translate
from shared_schema.ids import record_id

COUNTS = (
    "SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM accepted), (SELECT count(*) FROM parked),"
    " (SELECT count(*) FROM crop_queue), (SELECT coalesce(sum(has_crop), 0) FROM waiting), (SELECT count(*) FROM parked_crops),"
    " (SELECT count(*) FROM parked p WHERE EXISTS (SELECT 1 FROM crops c WHERE c.id = p.id)"
    " AND NOT EXISTS (SELECT 1 FROM parked_crops q WHERE q.id = p.id))"
)
OLDEST = (
    "SELECT r.boot_id, r.put_boot_ns FROM waiting w JOIN records r ON r.id = w.id WHERE w.id >= ?1 AND r.boot_id = ?2 ORDER BY w.id LIMIT 1"
)
"""From the first record of this boot on; between that and the answer lie only records that were renumbered."""


_RECORDS = (
    "SELECT t.id, t.kind, t.sha256, CASE WHEN p.id IS NOT NULL THEN 'parked' WHEN a.id IS NOT NULL THEN 'accepted' ELSE 'waiting' END,"
    " nullif(p.code, ''), nullif(p.detail, '') FROM {from_} LEFT JOIN parked p ON p.id = t.id LEFT JOIN accepted a ON a.id = t.id"
    " ORDER BY t.id LIMIT ?"
)
_CROPS = (
    "SELECT t.id, t.sha256, t.size_bytes, t.file, CASE WHEN p.id IS NOT NULL THEN 'parked' WHEN q.id IS NOT NULL THEN 'waiting'"
    " ELSE 'held' END, nullif(p.code, ''), nullif(p.detail, '')"
    " FROM {from_} LEFT JOIN parked_crops p ON p.id = t.id LEFT JOIN crop_queue q ON q.id = t.id ORDER BY t.id LIMIT ?"
)
_ALL = -1


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How much lies in the outbox. `waiting` has no receipt yet; `accepted` is kept until the server archived it."""

    epoch: int
    last_seq: int
    waiting: int
    accepted: int
    parked: int
    crops_waiting: int
    crops_parked: int
    oldest_boot_age_ms: int | None
    """Of the oldest waiting record of this boot."""
    waits_since_earlier_boot: bool
    """Whether a record of an earlier boot waits: it is older than this boot, nobody knows by how much."""

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left to send."""
        return not self.waiting and not self.crops_waiting


@dataclass(frozen=True, slots=True)
class OutboxSize:
    """What the outbox takes of its card, in bytes. `set_aside_bytes`: damaged databases that are kept."""

    records_bytes: int
    crops_bytes: int
    set_aside_bytes: int
    reserve_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """One record's place and state: waiting, accepted or parked."""

    record_id: str
    epoch: int
    seq: int
    kind: str
    sha256: str
    state: str
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ListedCrop:
    """One crop's place and state: held until its record has a receipt, waiting, or parked."""

    epoch: int
    seq: int
    sha256: str
    size_bytes: int
    file: str
    state: str
    code: str | None
    detail: str | None


def read_status(folder: Path, *, clock: Clock) -> OutboxStatus:
    """Raises OutboxMissing before anything was recorded."""
    with reading(folder) as connection:
        waiting, accepted, parked, queued, held, parked_crops, stuck = connection.execute(COUNTS).fetchone()
        epoch = epochs.current(connection)
        return OutboxStatus(
            epoch=epoch,
            last_seq=epochs.last_seq(connection, epoch),
            waiting=waiting,
            accepted=accepted,
            parked=parked,
            crops_waiting=queued + held,
            crops_parked=parked_crops + stuck,
            oldest_boot_age_ms=_oldest_age_ms(connection, clock),
            waits_since_earlier_boot=_waits_since_earlier_boot(connection, clock),
        )


def read_size(folder: Path) -> OutboxSize:
    """For people: this reads every crop's row. Raises OutboxMissing before anything was recorded."""
    with reading(folder) as connection:
        (crops,) = connection.execute("SELECT coalesce(sum(size_bytes), 0) FROM crops").fetchone()
    return OutboxSize(
        records_bytes=_sizes(folder, f"{DATABASE}*"),
        crops_bytes=crops,
        set_aside_bytes=_sizes(folder, "damaged-*"),
        reserve_bytes=held_bytes(folder),
        free_bytes=free_bytes(folder),
    )


def list_records(folder: Path, *, parked: bool = False, limit: int | None = None) -> tuple[ListedRecord, ...]:
    """Records of the outbox, in order; only parked ones on demand. Raises OutboxMissing before anything was recorded."""
    source = "(SELECT r.* FROM parked k JOIN records r ON r.id = k.id) t" if parked else "records t"
    with reading(folder) as connection:
        node = epochs.owner(connection)
        return tuple(
            ListedRecord(str(record_id(node, *number_of(row))), *number_of(row), *rest)
            for row, *rest in _rows(connection, _RECORDS.format(from_=source), limit)
        )


def list_crops(folder: Path, *, parked: bool = False, limit: int | None = None) -> tuple[ListedCrop, ...]:
    """Crops of the outbox, in order; only parked ones on demand. Raises OutboxMissing before anything was recorded."""
    source = "(SELECT c.* FROM parked_crops k JOIN crops c ON c.id = k.id) t" if parked else "crops t"
    with reading(folder) as connection:
        return tuple(ListedCrop(*number_of(row), *rest) for row, *rest in _rows(connection, _CROPS.format(from_=source), limit))


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """One view of the outbox, however long it is looked at. Raises OutboxMissing, OutboxDamaged, OutboxError."""
    path = folder / DATABASE
    connection = connect_to_read(path)
    try:
        connection.execute("BEGIN")
        yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise translate(error, path) from error
    finally:
        connection.close()


def _sizes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def _oldest_age_ms(connection: sqlite3.Connection, clock: Clock) -> int | None:
    boot_id, _, first = (meta.find(connection, BOOT) or "").partition(" ")
    if boot_id != str(clock.boot_id):
        return None
    row = connection.execute(OLDEST, (int(first), boot_id)).fetchone()
    return None if row is None else max(0, (clock.boot_ns() - int(row[1])) // 1_000_000)


def _waits_since_earlier_boot(connection: sqlite3.Connection, clock: Clock) -> bool:
    boot_id, _, first = (meta.find(connection, BOOT) or "").partition(" ")
    (oldest,) = connection.execute("SELECT min(id) FROM waiting").fetchone()
    return oldest is not None and (boot_id != str(clock.boot_id) or oldest < int(first))


def _rows(connection: sqlite3.Connection, query: str, limit: int | None) -> Iterator[tuple[Any, ...]]:
    yield from connection.execute(query, (_ALL if limit is None else limit,))
