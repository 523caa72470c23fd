"""Courier's side of the outbox: lease, then ack, retry_later or bury. Nothing is removed but on a receipt.

Two lanes that do not wait for each other: records, and crops whose record the server has. A lease ends with its boot
clock deadline or with the boot, so what a dead courier had leased comes back by itself.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge_client.clock import Clock
from edge_client.errors import OutboxDamaged
from edge_client.outbox import epochs
from edge_client.outbox.crops import CropFile, CropFolder
from edge_client.outbox.salvage import DAMAGED
from edge_client.outbox.schema import COLUMNS, DATABASE, RecordRow, connect, read_row, row_id, transaction, translate
from shared_schema.ids import Epoch, Seq
from shared_schema.node import Receipt, RecordItem, Status

LEASE_NS = 60 * 10**9
REASK_NS = 600 * 10**9
_BACKLOG_SHARE = 4
"""One in so many places of a full batch is for the oldest records; the rest is for the newest."""


@dataclass(frozen=True, slots=True)
class LeasedRecord:
    """A record handed out for sending."""

    id: int
    epoch: Epoch
    seq: Seq
    sha256: str
    attempts: int
    item: RecordItem


@dataclass(frozen=True, slots=True)
class LeasedCrop:
    """A crop handed out for sending: the plain image's hash and the sealed bytes."""

    id: int
    sha256: str
    attempts: int
    file: str
    sealed: bytes


class _Lane:
    """The leases of one table; `ready` says which of its rows may be sent."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, *, table: str, deliveries: str, ready: str) -> None:
        self._connection = connection
        self._clock = clock
        self._deliveries = deliveries
        self._from = (
            f"FROM {table} t LEFT JOIN {deliveries} d ON d.id = t.id WHERE {ready}"
            " AND (d.boot_id IS NULL OR d.boot_id <> :boot"
            " OR (coalesce(d.lease_until_ns, 0) <= :now AND coalesce(d.due_ns, 0) <= :now))"
        )

    def choose(self, limit: int) -> list[tuple[int, int]]:
        """Ids and earlier attempts, in order of age: mostly the newest, and always some of the oldest."""
        backlog = limit // _BACKLOG_SHARE
        chosen = self._page("DESC", limit - backlog)
        if len(chosen) == limit - backlog and backlog:
            chosen += [row for row in self._page("ASC", backlog) if row not in chosen]
        elif not backlog and len(chosen) < limit:
            chosen = self._page("DESC", limit)
        return sorted(chosen)

    def mark_leased(self, rows: Iterable[tuple[int, int]]) -> None:
        until = self._clock.boot_ns() + LEASE_NS
        self._connection.executemany(
            f"INSERT INTO {self._deliveries} (id, attempts, boot_id, lease_until_ns) VALUES (?, 1, ?, ?) ON CONFLICT (id) DO UPDATE"  # noqa: S608 (constants)
            " SET attempts = attempts + 1, boot_id = excluded.boot_id, lease_until_ns = excluded.lease_until_ns, due_ns = NULL",
            [(row, str(self._clock.boot_id), until) for row, _ in rows],
        )

    def postpone(self, rows: Iterable[tuple[int, int]], *, state: str | None = None) -> None:
        """Give leases back; each row is due again after its delay in nanoseconds of the boot clock."""
        now = self._clock.boot_ns()
        self._connection.executemany(
            f"UPDATE {self._deliveries} SET lease_until_ns = NULL, boot_id = ?, due_ns = ?, state = coalesce(?, state) WHERE id = ?",  # noqa: S608
            [(str(self._clock.boot_id), now + delay, state, row) for row, delay in rows],
        )

    def park(self, row: int, code: str, detail: str | None) -> None:
        self._connection.execute(
            f"INSERT INTO {self._deliveries} (id, state, code, detail) VALUES (?1, 'parked', ?2, ?3) ON CONFLICT (id) DO UPDATE"  # noqa: S608
            " SET state = 'parked', lease_until_ns = NULL, due_ns = NULL, code = ?2, detail = ?3",
            (row, code[:64], (detail or "")[:500]),
        )

    def _page(self, direction: str, limit: int) -> list[tuple[int, int]]:
        return self._connection.execute(
            f"SELECT t.id, coalesce(d.attempts, 0) {self._from} ORDER BY t.id {direction} LIMIT :limit",
            {"boot": str(self._clock.boot_id), "now": self._clock.boot_ns(), "limit": limit},
        ).fetchall()


class Deliveries:
    """The open outbox, for sending. Not for use by several threads."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._path = folder / DATABASE
        self._connection = connect(self._path)
        self._inode = self._path.stat().st_ino
        self._crops = CropFolder(folder)
        with self._guarded():
            self._node = epochs.owner(self._connection)
        self._records = _Lane(
            self._connection,
            clock,
            table="records",
            deliveries="deliveries",
            ready="coalesce(d.state, 'waiting') <> 'parked'",
        )
        self._crop_lane = _Lane(
            self._connection,
            clock,
            table="crops",
            deliveries="crop_deliveries",
            ready=(
                "coalesce(d.state, 'waiting') <> 'parked' AND (NOT EXISTS (SELECT 1 FROM records r WHERE r.id = t.id)"
                " OR EXISTS (SELECT 1 FROM deliveries rd WHERE rd.id = t.id AND rd.state = 'accepted'))"
            ),
        )

    @classmethod
    def open(cls, folder: Path, *, clock: Clock) -> Self:
        """Open `<state>/outbox`. Raises OutboxMissing before capture's first start, OutboxDamaged, OutboxError."""
        return cls(folder, clock=clock)

    def lease(self, limit: int) -> tuple[LeasedRecord, ...]:
        """Up to `limit` records for sending, in order; nobody else gets them while the lease lasts.

        A row that is no longer what was written is parked as damaged instead.
        """
        with self._guarded():
            chosen = self._records.choose(limit)
            if not chosen:
                return ()
            with transaction(self._connection):
                leased = tuple(self._load(chosen))
                self._records.mark_leased([(record.id, 0) for record in leased])
        return leased

    def ack(self, leased: Sequence[LeasedRecord], receipts: Iterable[Receipt]) -> tuple[LeasedRecord, ...]:
        """Do what the receipts say and return the records of which none spoke.

        Archived: removed. Accepted: kept, asked about again later. Rejected: parked. A receipt counts for the record
        with its epoch, seq and hash, and for no other.
        """
        by_key = {(receipt.epoch, receipt.seq, receipt.sha256): receipt for receipt in receipts}
        answered = [(record, by_key.get((record.epoch, record.seq, record.sha256))) for record in leased]
        with self._guarded(), transaction(self._connection):
            self._remove([record for record, receipt in answered if receipt and receipt.status is Status.ARCHIVED])
            accepted = [(record.id, REASK_NS) for record, receipt in answered if receipt and receipt.status is Status.ACCEPTED]
            self._records.postpone(accepted, state="accepted")
            for record, receipt in answered:
                if receipt and receipt.status is Status.REJECTED:
                    self._records.park(record.id, receipt.code or "rejected", receipt.detail)
        return tuple(record for record, receipt in answered if receipt is None)

    def retry_later(self, delays: Iterable[tuple[LeasedRecord, float]]) -> None:
        """Give records back, each due again after so many seconds."""
        with self._guarded(), transaction(self._connection):
            self._records.postpone([(record.id, _ns(delay_s)) for record, delay_s in delays])

    def bury(self, record: LeasedRecord, *, code: str, detail: str) -> None:
        """Park a record: kept and shown, not sent again."""
        with self._guarded():
            self._records.park(record.id, code, detail)

    def lease_crops(self, limit: int) -> tuple[LeasedCrop, ...]:
        """Up to `limit` crops whose records the server has. A missing or changed file is parked as damaged instead."""
        with self._guarded():
            chosen = self._crop_lane.choose(limit)
            if not chosen:
                return ()
            with transaction(self._connection):
                leased = tuple(self._load_crops(chosen))
                self._crop_lane.mark_leased([(crop.id, 0) for crop in leased])
        return leased

    def ack_crop(self, crop: LeasedCrop) -> None:
        """The server has the crop: forget it, then remove its file."""
        with self._guarded(), transaction(self._connection):
            self._connection.execute("DELETE FROM crop_deliveries WHERE id = ?", (crop.id,))
            self._connection.execute("DELETE FROM crops WHERE id = ?", (crop.id,))
        self._crops.remove(crop.file)

    def retry_crops_later(self, delays: Iterable[tuple[LeasedCrop, float]]) -> None:
        with self._guarded(), transaction(self._connection):
            self._crop_lane.postpone([(crop.id, _ns(delay_s)) for crop, delay_s in delays])

    def bury_crop(self, crop: LeasedCrop, *, code: str, detail: str) -> None:
        with self._guarded():
            self._crop_lane.park(crop.id, code, detail)

    def close(self) -> None:
        self._connection.close()

    def _load(self, chosen: Iterable[tuple[int, int]]) -> Iterator[LeasedRecord]:
        for row, attempts in chosen:
            found = self._connection.execute(f"SELECT {COLUMNS} FROM records WHERE id = ?", (row,)).fetchone()  # noqa: S608
            record = read_row(found)
            if record is None or row_id(record.epoch, record.seq) != row:
                self._records.park(row, DAMAGED, "the row is not what was written")
                continue
            yield self._leased(record, attempts)

    def _leased(self, row: RecordRow, attempts: int) -> LeasedRecord:
        item = RecordItem.model_validate(
            {
                "envelope": {
                    "protocol": row.protocol,
                    "node": self._node,
                    "epoch": row.epoch,
                    "seq": row.seq,
                    "kind": row.kind,
                    "payload": row.payload,
                    "sha256": row.sha256,
                    "signature": row.signature,
                },
                "sealed_probe": row.sealed_probe,
            }
        )
        return LeasedRecord(id=row.id, epoch=row.epoch, seq=row.seq, sha256=row.sha256, attempts=attempts, item=item)

    def _load_crops(self, chosen: Iterable[tuple[int, int]]) -> Iterator[LeasedCrop]:
        for row, attempts in chosen:
            columns = self._connection.execute("SELECT file, sha256, file_sha256, size_bytes FROM crops WHERE id = ?", (row,)).fetchone()
            crop = CropFile(*columns)
            sealed = self._crops.read(crop)
            if sealed is None:
                self._crop_lane.park(row, DAMAGED, "the file is gone or is not what was written")
                continue
            yield LeasedCrop(id=row, sha256=crop.sha256, attempts=attempts, file=crop.file, sealed=sealed)

    def _remove(self, records: Sequence[LeasedRecord]) -> None:
        if not records:
            return
        epochs.raise_floor(self._connection, [(record.epoch, record.seq) for record in records])
        for table in ("records", "deliveries"):
            self._connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(record.id,) for record in records])  # noqa: S608

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Database errors as the node's; and a database that capture has set aside is not to be written to."""
        try:
            if not self._path.exists() or self._path.stat().st_ino != self._inode:
                raise OutboxDamaged("the outbox was replaced by a salvaged one; open it again")
            yield
        except sqlite3.Error as error:
            raise translate(error, self._path) from error


def _ns(delay_s: float) -> int:
    return int(delay_s * 1e9)
