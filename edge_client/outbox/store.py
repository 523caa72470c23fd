"""Capture's side of the outbox: put. Only capture opens it so; it alone inserts rows and holds the signing key."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from edge_client.clock import Clock
from edge_client.errors import OutboxDamaged, OutboxError
from edge_client.files import make_private_folder, sync_folder
from edge_client.identity import Identity
from edge_client.outbox import epochs, salvage
from edge_client.outbox.crops import CropFile, CropFolder
from edge_client.outbox.schema import DATABASE, RecordRow, connect, row_id, transaction, translate
from shared_schema.envelope import Envelope, Kind, Signer
from shared_schema.ids import Epoch, RecordId, Seq
from shared_schema.observation import Gap
from shared_schema.sealing import PROBE, seal

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that will survive a power cut."""

    record_id: RecordId
    epoch: Epoch
    seq: Seq
    sha256: str


class Outbox:
    """The open outbox. Not for use by several threads."""

    def __init__(self, folder: Path, *, identity: Identity, signer: Signer, clock: Clock) -> None:
        self._folder = folder
        self._path = folder / DATABASE
        self._identity = identity
        self._signer = signer
        self._clock = clock
        self._crops = CropFolder(folder)
        self._connection = _open_or_salvage(self._path, identity)
        self._epoch = epochs.current(self._connection)
        self.orphans_removed = self._crops.remove_all_but(self._named_files())
        self.losses = self._guarded(lambda: salvage.unreported(self._connection))
        for loss in self.losses:
            self._report(loss)

    @classmethod
    def open(cls, folder: Path, *, identity: Identity, signer: Signer, clock: Clock) -> Self:
        """Open `<state>/outbox`, make it if there is none, salvage it if it is damaged.

        What a damaged outbox lost is recorded as `gap`, is in `losses`, and the damaged file is kept beside it.
        Raises OutboxError when records would not be durable or the outbox is another node's.
        """
        make_private_folder(folder)
        sync_folder(folder.parent)
        return cls(folder, identity=identity, signer=signer, clock=clock)

    @property
    def epoch(self) -> Epoch:
        """The epoch that new records get."""
        return self._epoch

    @property
    def last_seq(self) -> Seq:
        """The last seq given in this epoch; 0 before the first record."""
        return self._guarded(lambda: epochs.last_seq(self._connection, self._epoch))

    def put(self, kind: Kind, payload: bytes, *, probe: bytes | None = None, crop: bytes | None = None) -> Recorded:
        """Record `payload`. When this returns, the record and its images survive a power cut.

        `probe` (encoded embedding) and `crop` (JPEG) are sealed to the server before they touch the disk.
        Raises OutboxError, or EnvelopeError when the payload is too large; then nothing was recorded.
        """
        sealed_probe = None if probe is None else seal(probe, public_key=self._identity.seal_key, purpose=PROBE)
        try:
            stored = None if crop is None else self._crops.write(crop, public_key=self._identity.seal_key)
        except OSError as error:
            raise OutboxError(f"a crop could not be written: {error.strerror}; free disk space or check the card") from error
        return self._guarded(lambda: self._insert(kind, payload, sealed_probe, stored))

    def close(self) -> None:
        self._connection.close()

    def _insert(self, kind: Kind, payload: bytes, sealed_probe: bytes | None, crop: CropFile | None) -> Recorded:
        with transaction(self._connection):
            seq = Seq(epochs.last_seq(self._connection, self._epoch) + 1)
            envelope = Envelope.seal(payload, node=self._identity.node, epoch=self._epoch, seq=seq, kind=kind, signer=self._signer)
            self._row(envelope, sealed_probe).insert(self._connection)
            if crop:
                self._connection.execute(
                    "INSERT INTO crops (id, sha256, file, file_sha256, size_bytes) VALUES (?, ?, ?, ?, ?)",
                    (row_id(self._epoch, seq), crop.sha256, crop.file, crop.file_sha256, crop.size_bytes),
                )
        return Recorded(record_id=envelope.record_id, epoch=self._epoch, seq=seq, sha256=envelope.sha256)

    def _row(self, envelope: Envelope, sealed_probe: bytes | None) -> RecordRow:
        return RecordRow(
            epoch=Epoch(envelope.epoch),
            seq=Seq(envelope.seq),
            protocol=envelope.protocol,
            kind=envelope.kind,
            payload=envelope.payload,
            sha256=envelope.sha256,
            signature=envelope.signature,
            sealed_probe=sealed_probe,
            boot_id=self._clock.boot_id,
            put_boot_ns=self._clock.boot_ns(),
        )

    def _report(self, loss: salvage.Loss) -> None:
        gap = Gap(
            at=self._clock.reading(),
            lost_epoch=loss.epoch,
            from_seq=loss.from_seq,
            to_seq=loss.to_seq,
            reason=loss.reason,
        )
        self.put(Kind.GAP, gap.model_dump_json().encode())
        self._guarded(lambda: salvage.mark_reported(self._connection, loss))

    def _named_files(self) -> set[str]:
        return {file for (file,) in self._connection.execute("SELECT file FROM crops")}

    def _guarded(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except sqlite3.Error as error:
            raise translate(error, self._path) from error


def _open_or_salvage(path: Path, identity: Identity) -> sqlite3.Connection:
    try:
        connection = _open(path, identity)
    except OutboxDamaged:
        salvage.set_aside(path)
        connection = _open(path, identity)
    salvage.copy_all(path.parent, connection)
    return connection


def _open(path: Path, identity: Identity) -> sqlite3.Connection:
    if not path.exists():
        salvage.finish_setting_aside(path)
    connection = connect(path, create=True)
    try:
        salvage.require_sound(connection, path)
        epochs.ensure(connection, path.parent, at_least=Epoch(identity.next_epoch), node=identity.node)
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    except OutboxError:
        connection.close()
        raise
    return connection
