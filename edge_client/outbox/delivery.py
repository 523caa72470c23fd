"""Courier's side of the outbox: lease, then ack, retry_later or bury. Nothing is removed but on a receipt.

Two lanes that do not wait for each other: records, and crops whose record the server has. Newest first while a backlog
drains, and always some of the oldest. At a full card the reserve is spent, so that receipts can make room.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from edge_client.clock import Clock
from edge_client.errors import OutboxDamaged
from edge_client.outbox import epochs, first_look, losses, states
from edge_client.outbox.crops import CropFolder
from edge_client.outbox.items import item_of
from edge_client.outbox.leases import REASK_NS, Leases, Reasks
from edge_client.outbox.reserve import spend_if_full
from edge_client.outbox.rows import CropRow, find_crop, find_record, row_id
from edge_client.outbox.schema import DATABASE, checkpoint, refusal, transaction, translate
from edge_client.outbox.states import DAMAGED, Parked
from shared_schema.ids import Epoch, Seq
from shared_schema.node import Receipt, RecordItem, Status


@dataclass(frozen=True, slots=True)
class LeasedRecord:
    """A record handed out for sending. `attempts`: how often this courier did so before."""

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


class Deliveries:
    """The open outbox, for sending. Not for use by several threads; an outbox has one courier."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._path = folder / DATABASE
        self._connection = spend_if_full(folder, lambda: first_look.connect(self._path, clock.boot_id), tidy=lambda: None)
        self._inode = self._path.stat().st_ino
        self._crops = CropFolder(folder)
        with self._guarded():
            self._node = epochs.owner(self._connection)
            accepted = self._connection.execute("SELECT id FROM accepted ORDER BY id").fetchall()
        self._records = Leases(clock, table="waiting")
        self._reasks = Reasks(clock, (row for (row,) in accepted))
        self._crop_queue = Leases(clock, table="crop_queue")

    @classmethod
    def open(cls, folder: Path, *, clock: Clock) -> Self:
        """Open `<state>/outbox`. Raises OutboxMissing before capture's first start, OutboxDamaged, OutboxError."""
        return cls(folder, clock=clock)

    def lease(self, limit: int) -> tuple[LeasedRecord, ...]:
        """Up to `limit` records for sending, in order; they are not given again while the lease lasts.

        Records without a receipt first; what place they leave is for those that are to be asked about again. A row that is
        no longer what was written is parked as damaged instead.
        """
        with self._guarded():
            chosen = self._records.choose(self._connection, limit)
            chosen += self._reasks.choose(limit - len(chosen))
            return tuple(self._load(sorted(chosen)))

    def ack(self, leased: Sequence[LeasedRecord], receipts: Iterable[Receipt]) -> tuple[LeasedRecord, ...]:
        """Do what the receipts say and return the records of which none spoke.

        Archived: removed. Accepted: kept, asked about again later. Rejected: parked. A receipt counts for the record
        with its epoch, seq and hash, and for no other.
        """
        by_key = {(receipt.epoch, receipt.seq, receipt.sha256): receipt for receipt in receipts}
        answered = [(record.id, by_key.get((record.epoch, record.seq, record.sha256))) for record in leased]
        archived = [row for row, receipt in answered if receipt and receipt.status is Status.ARCHIVED]
        accepted = [row for row, receipt in answered if receipt and receipt.status is Status.ACCEPTED]
        rejected = [
            Parked(row, receipt.code or "rejected", receipt.detail or "")
            for row, receipt in answered
            if receipt and receipt.status is Status.REJECTED
        ]

        def settle() -> None:
            states.remove(self._connection, archived)
            states.accept(self._connection, accepted)
            for why in rejected:
                states.park(self._connection, why)

        self._write(settle)
        self._take_back(row for row, receipt in answered if receipt)
        for row in accepted:
            self._reasks.put_off(row, REASK_NS)
        return tuple(record for record, (_, receipt) in zip(leased, answered, strict=True) if receipt is None)

    def retry_later(self, delays: Iterable[tuple[LeasedRecord, float]]) -> None:
        """Give records back, each due again after so many seconds."""
        for record, delay_s in delays:
            turns = self._reasks if record.id in self._reasks else self._records
            turns.put_off(record.id, _ns(delay_s))

    def bury(self, record: LeasedRecord, *, code: str, detail: str) -> None:
        """Park a record: kept and shown, not sent again."""
        self._write(lambda: states.park(self._connection, Parked(record.id, code, detail)))
        self._take_back([record.id])

    def resend_above(self, epoch: Epoch, seq: Seq) -> int:
        """Send accepted records above (epoch, seq) again, and only then their crops. Returns how many.

        For when the server's high water is below what it had accepted: it was restored from an older backup. Pass its high
        water, or (0, 0) when it states none. Every one of them is answered as before if the server has it after all.
        """
        above = row_id(epoch, Seq(1)) + int(seq) - 1 if epoch > 0 else 0
        with self._guarded():
            rows = [row for (row,) in self._connection.execute("SELECT id FROM accepted WHERE id > ?", (above,))]
        if rows:
            self._write(lambda: states.wait_again(self._connection, rows))
            self._take_back(rows)
        return len(rows)

    def lease_crops(self, limit: int) -> tuple[LeasedCrop, ...]:
        """Up to `limit` crops whose records the server has. A missing or changed file is parked as damaged instead."""
        with self._guarded():
            return tuple(self._load_crops(self._crop_queue.choose(self._connection, limit)))

    def ack_crops(self, crops: Sequence[LeasedCrop]) -> None:
        """The server has these crops: forget them in one transaction, then remove their files."""
        if not crops:
            return
        self._write(lambda: states.remove_crops(self._connection, [crop.id for crop in crops]))
        self._crop_queue.forget(crop.id for crop in crops)
        for crop in crops:
            with suppress(OSError):
                self._crops.remove(crop.file)

    def retry_crops_later(self, delays: Iterable[tuple[LeasedCrop, float]]) -> None:
        for crop, delay_s in delays:
            self._crop_queue.put_off(crop.id, _ns(delay_s))

    def bury_crop(self, crop: LeasedCrop, *, code: str, detail: str) -> None:
        self._write(lambda: states.park_crop(self._connection, Parked(crop.id, code, detail)))
        self._crop_queue.forget([crop.id])

    def close(self) -> None:
        self._connection.close()

    def _load(self, chosen: Iterable[int]) -> Iterator[LeasedRecord]:
        for row in chosen:
            record = find_record(self._connection, row)
            if record is None:
                self._write(partial(losses.set_apart, self._connection, row))
                self._take_back([row])
                continue
            attempts = 0 if row in self._reasks else self._records.hand_out(row)
            yield LeasedRecord(row, record.epoch, record.seq, record.sha256, attempts, item_of(record, self._node))

    def _load_crops(self, chosen: Iterable[int]) -> Iterator[LeasedCrop]:
        for row in chosen:
            crop = find_crop(self._connection, row)
            sealed = None if crop is None else self._read(crop)
            if crop is None or sealed is None:
                self._write(partial(states.park_crop, self._connection, Parked(row, DAMAGED, "the file is gone or changed")))
                continue
            yield LeasedCrop(row, crop.sha256, self._crop_queue.hand_out(row), crop.file, sealed)

    def _read(self, crop: CropRow) -> bytes | None:
        try:
            return self._crops.read(crop)
        except OSError as error:
            raise refusal(error, self._path) from error

    def _take_back(self, rows: Iterable[int]) -> None:
        over = list(rows)
        self._records.forget(over)
        self._reasks.forget(over)

    def _write(self, work: Callable[[], None]) -> None:
        def write() -> None:
            with self._guarded(), transaction(self._connection):
                work()

        spend_if_full(self._folder, write, tidy=self._tidy)

    def _tidy(self) -> None:
        with suppress(sqlite3.Error):
            checkpoint(self._connection)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Database errors as the node's; and a database that capture has set aside is not to be written to."""
        if not self._path.exists() or self._path.stat().st_ino != self._inode:
            raise OutboxDamaged("the outbox was replaced by a salvaged one; open it again")
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            found = translate(error, self._path)
            if isinstance(found, OutboxDamaged):
                losses.suspect(self._folder)
            raise found from error


def _ns(delay_s: float) -> int:
    return int(delay_s * 1e9)
