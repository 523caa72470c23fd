"""The one hand that writes records: it numbers them, signs them and puts them in, inside one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edge_client.clock import Clock
from edge_client.identity import Identity
from edge_client.outbox import epochs, states
from edge_client.outbox.crops import CropFile
from edge_client.outbox.rows import CropRow, Number, RecordRow, number_of, row_id
from edge_client.outbox.schema import transaction
from shared_schema.envelope import Envelope, Kind, Signer
from shared_schema.ids import BootId, Epoch, RecordId, Seq
from shared_schema.observation import CropShed


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that will survive a power cut."""

    record_id: RecordId
    epoch: Epoch
    seq: Seq
    sha256: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """What lies beside a payload."""

    probe: bytes | None = None
    crop: CropFile | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who signs, and by which clock."""

    identity: Identity
    signer: Signer
    clock: Clock


class Pen:
    """Knows the next number. Capture alone inserts, so it is kept in memory; a failed transaction takes it back."""

    def __init__(self, connection: sqlite3.Connection, author: Author) -> None:
        self.connection = connection
        self.author = author
        self.renew()

    @property
    def next(self) -> Number:
        return Number(self.epoch, Seq(self.last_seq + 1))

    def renew(self) -> None:
        """Read the numbers anew, as after an epoch has begun."""
        self.epoch = epochs.current(self.connection)
        self.last_seq = epochs.last_seq(self.connection, self.epoch)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction in which records are added."""
        before = self.last_seq
        try:
            with transaction(self.connection):
                yield
        except BaseException:
            self.last_seq = before
            raise

    def sign(self, kind: Kind, payload: bytes) -> Envelope:
        """The next record's envelope. Raises EnvelopeError when the payload is too large."""
        author = self.author
        return Envelope.seal(payload, node=author.identity.node, epoch=self.epoch, seq=self.next.seq, kind=kind, signer=author.signer)

    def add(self, envelope: Envelope, sealed: Sealed = Sealed()) -> Recorded:
        """Insert the record that was just signed."""
        clock = self.author.clock
        self._insert(envelope, sealed.probe, clock.boot_id, clock.boot_ns())
        states.wait(self.connection, self._last_id, has_crop=sealed.crop is not None)
        if sealed.crop is not None:
            sealed.crop.row(self._last_id).insert(self.connection)
        return Recorded(envelope.record_id, self.epoch, Seq(envelope.seq), envelope.sha256)

    def copy(self, row: RecordRow, *, has_crop: bool) -> int:
        """The same payload and probe under the next number. Returns its row id."""
        self._insert(self.sign(Kind(row.kind), row.payload), row.sealed_probe, BootId(row.boot_id), row.put_boot_ns)
        states.wait(self.connection, self._last_id, has_crop=has_crop)
        return self._last_id

    def tell_shed(self, row: int, crop_sha256: str, reason: str) -> None:
        """Record that the crop of the record with this row id will never come."""
        epoch, seq = number_of(row)
        shed = CropShed(at=self.author.clock.reading(), crop_sha256=crop_sha256, sighting_epoch=epoch, sighting_seq=seq, reason=reason)
        self.add(self.sign(Kind.CROP_SHED, shed.model_dump_json().encode()))

    def give_up(self, crop: CropRow, reason: str) -> None:
        """Forget a crop and record why. Its file goes after the transaction."""
        states.remove_crops(self.connection, [crop.id])
        self.tell_shed(crop.id, crop.sha256, reason)

    @property
    def _last_id(self) -> int:
        return row_id(self.epoch, self.last_seq)

    def _insert(self, envelope: Envelope, sealed_probe: bytes | None, boot_id: BootId, boot_ns: int) -> None:
        RecordRow(
            epoch=Epoch(envelope.epoch),
            seq=Seq(envelope.seq),
            protocol=envelope.protocol,
            kind=envelope.kind,
            payload=envelope.payload,
            sha256=envelope.sha256,
            signature=envelope.signature,
            sealed_probe=sealed_probe,
            boot_id=boot_id,
            put_boot_ns=boot_ns,
        ).insert(self.connection)
        self.last_seq = Seq(envelope.seq)
