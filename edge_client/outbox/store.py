"""Capture's side of the outbox: put. Only capture opens it so; it alone inserts rows and holds the signing key."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from edge_client.clock import Clock
from edge_client.config import OutboxConfig
from edge_client.errors import OutboxDamaged, OutboxError, OutboxFull
from edge_client.files import make_private_folder, sync_folder
from edge_client.identity import Identity
from edge_client.outbox import epochs, first_page, losses, opening, shed, states
from edge_client.outbox.crops import CropFile, CropFolder
from edge_client.outbox.gauge import Facts, Gauge
from edge_client.outbox.limits import Limits
from edge_client.outbox.losses import Loss
from edge_client.outbox.pen import Author, Recorded, Sealed
from edge_client.outbox.renumber import crop_named_in, renumber_conflicts
from edge_client.outbox.repair import settle_damaged_crops
from edge_client.outbox.reserve import Reserve, give_up, spend_if_full
from edge_client.outbox.rows import CropRow, row_id
from edge_client.outbox.schema import DATABASE, checkpoint, refusal, shrink, translate
from shared_schema.envelope import Envelope, Kind, Signer
from shared_schema.ids import Epoch, Seq
from shared_schema.observation import Gap
from shared_schema.sealing import PROBE, seal

__all__ = ["Outbox", "Recorded"]

_ROOM_FOR_A_RECORD = 128 * 1024
_FORGOTTEN_AT_ONCE = 500
_NO_ROOM = "no room"
_OVER_BUDGET = "over budget"
_RECORD_LOST = "record lost"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to be recorded."""

    kind: Kind
    payload: bytes
    sealed_probe: bytes | None
    crop: bytes | None


class Outbox:
    """The open outbox. Not for use by several threads.

    After an input/output error it is dead: what it does from then on raises OutboxError until it is closed and opened anew,
    which verifies it. A full card does not kill it.
    """

    def __init__(self, folder: Path, *, author: Author, limits: Limits) -> None:
        self._folder = folder
        self._path = folder / DATABASE
        self._author = author
        self._gauge = Gauge(author.clock)
        self._is_dead = False
        self._reserve = Reserve(folder, size_bytes=limits.reserve_bytes)
        self._crops = CropFolder(folder)
        opened = spend_if_full(folder, lambda: opening.open_or_salvage(self._path, author, self._crops), tidy=lambda: None)
        self._connection, self._pen = opened.pen.connection, opened.pen
        self._gauge.disk_errors = opened.damage
        self._budget = shed.Budget(folder, limits, self._reserve, self._connection)
        self.orphans_removed = opened.orphans_removed
        self.losses: tuple[Loss, ...] = ()
        with suppress(OutboxFull):
            self._look_after()

    @classmethod
    def open(cls, folder: Path, *, identity: Identity, signer: Signer, clock: Clock, limits: Limits | None = None) -> Self:
        """Open `<state>/outbox`, make it if there is none, salvage it if it is damaged.

        What a damaged outbox lost is recorded as `gap`, is in `losses`, and the damaged file is kept beside it.
        Raises OutboxError when records would not be durable or the outbox is another node's.
        """
        try:
            make_private_folder(folder)
            return cls(folder, author=Author(identity, signer, clock), limits=limits or Limits.of(OutboxConfig()))
        except OSError as error:
            raise refusal(error, folder) from error

    @property
    def epoch(self) -> Epoch:
        """The epoch that new records get."""
        return self._pen.epoch

    @property
    def last_seq(self) -> Seq:
        """The last seq given in this epoch; 0 before the first record."""
        return self._pen.last_seq

    @property
    def facts(self) -> Facts:
        """How it and its card are doing, since it was opened."""
        return self._gauge.facts()

    def put(self, kind: Kind, payload: bytes, *, probe: bytes | None = None, crop: bytes | None = None) -> Recorded:
        """Record `payload`. When this returns, the record and its images survive a power cut.

        `probe` (encoded embedding) and `crop` (JPEG) are sealed to the server before they touch the disk. On a full card
        crops are given up first, this one last. Raises OutboxFull when there is no room, then nothing was recorded;
        OutboxError when the card failed; EnvelopeError when the payload is too large.
        """
        self._require_alive()
        sealed_probe = None if probe is None else seal(probe, public_key=self._author.identity.seal_key, purpose=PROBE)
        try:
            return self._put_making_room(_Draft(kind, payload, sealed_probe, crop))
        except OutboxFull:
            self._gauge.refused += 1
            self._gauge.card = "full"
            raise

    def shed(self) -> int:
        """Give up crops that are over budget; each leaves a signed `crop_shed` record. Returns how many.

        Looks after everything else that waits for capture as well: losses to report, conflicts of earlier epochs to
        renumber, the reserve to make again. To be called now and then. Raises OutboxDamaged when the courier found damage:
        then open the outbox anew, which salvages it.
        """
        self._require_alive()
        if losses.is_suspected(self._folder):
            self._is_dead = True
            raise OutboxDamaged("the courier could not read all of the outbox; open it again, which salvages it")
        self._look_after()
        return self._shed()

    def begin_epoch(self, at_least: Epoch, /) -> Epoch:
        """Go on in epoch `at_least`, or stay in a later one, and renumber what the server refused as `conflict` before.

        `at_least` is what the server granted to this copy of the node (`EpochAnswer.epoch`), asked for with the epoch and
        last seq read *after* the high water or the conflict was seen. Pass it as it came. It may be passed again, after a
        crash too: an epoch that was begun is not begun twice. New records get the new epoch at once. Records that only
        wait keep their numbers and are sent under them: the answer is *archived* if the server had them, or *conflict*;
        see `renumber` for why. What is answered `conflict` later is renumbered by `shed`, without another epoch, as long as
        it is of an earlier epoch; a conflict in the present epoch needs a new one. Returns the epoch in force.
        """
        self._require_alive()

        def begin() -> None:
            epochs.begin_granted(self._connection, self._folder, granted=at_least)
            self._pen.renew()
            renumber_conflicts(self._pen)

        spend_if_full(self._folder, lambda: self._guarded(begin), tidy=self._tidy)
        return self.epoch

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()

    def _put_making_room(self, draft: _Draft) -> Recorded:
        self._shed(more=len(draft.crop or b""))
        try:
            return self._write(draft)
        except OutboxFull as error:
            self._gauge.failed(error)
            self._make_room(len(draft.crop or b""))
        try:
            return self._write(draft)
        except OutboxFull:
            if draft.crop is None:
                raise
        return self._write(draft, without_crop=True)

    def _write(self, draft: _Draft, *, without_crop: bool = False) -> Recorded:
        if not self._guarded(self._reserve.restore):
            raise OutboxFull(f"there is no room for another record in {self._folder}; let the node reach its server")
        envelope = self._pen.sign(draft.kind, draft.payload)
        with self._gauge.timing():
            stored = None if draft.crop is None or without_crop else self._store(draft.crop)
            try:
                recorded = self._guarded(lambda: self._insert(envelope, Sealed(draft.sealed_probe, stored)))
            except OutboxFull:
                if stored is not None:
                    self._remove_files([stored.file])
                raise
        self._budget.add(0 if stored is None else stored.size_bytes)
        return recorded

    def _store(self, crop: bytes) -> CropFile:
        key = self._author.identity.seal_key
        return self._guarded(lambda: self._crops.write(crop, public_key=key, number=self._pen.next))

    def _insert(self, envelope: Envelope, sealed: Sealed) -> Recorded:
        """A sighting whose crop found no room is recorded with the word that the crop will never come."""
        with self._pen.writing():
            recorded = self._pen.add(envelope, sealed)
            named = None if sealed.crop else crop_named_in(envelope.kind, envelope.payload)
            if named is not None:
                self._pen.tell_shed(row_id(recorded.epoch, recorded.seq), named, _NO_ROOM)
        return recorded

    def _shed(self, more: int = 0) -> int:
        """For `more` bytes to come."""
        needed = self._guarded(lambda: self._budget.excess(more))
        gone = 0
        while needed > 0 and (crops := self._guarded(partial(shed.choose, self._connection, needed))):
            self._spending(partial(self._forget, crops, _OVER_BUDGET))
            needed -= sum(crop.size_bytes for crop in crops)
            gone += len(crops)
        if gone:
            self._guarded(lambda: sync_folder(self._crops.path))
        return gone

    def _forget(self, crops: Sequence[CropRow], reason: str) -> None:
        """First the rows, with the signed record of each, then the files."""
        with self._pen.writing():
            for crop in crops:
                self._pen.give_up(crop, reason)
        self._gauge.crops_shed += len(crops)
        self._remove_files(crop.file for crop in crops)

    def _make_room(self, crop_bytes: int) -> None:
        """On a full card: empty the log, give up some crops, and where there are none forget records that the server has accepted."""
        give_up(self._folder)
        self._tidy()
        if not self._shed(more=crop_bytes + _ROOM_FOR_A_RECORD):
            self._spending(self._forget_accepted)
        self._tidy()
        with suppress(sqlite3.Error):
            shrink(self._connection)
            first_page.keep(self._connection, self._path)

    def _forget_accepted(self) -> None:
        rows = [row for (row,) in self._connection.execute("SELECT id FROM accepted ORDER BY id LIMIT ?", (_FORGOTTEN_AT_ONCE,))]
        if rows:
            with self._pen.writing():
                states.remove(self._connection, rows)

    def _look_after(self) -> None:
        self._guarded(self._reserve.restore)
        for loss in self._guarded(lambda: losses.unreported(self._connection)):
            self._spending(partial(self._report, loss))
            self.losses = (*self.losses, loss)
        self._spending(lambda: settle_damaged_crops(self._pen, self._crops))
        self._spending(lambda: renumber_conflicts(self._pen))

    def _report(self, loss: Loss) -> None:
        """A `gap`, and of every crop that belonged to what is lost that it will never come."""
        gap = Gap(at=self._author.clock.reading(), lost_epoch=loss.epoch, from_seq=loss.from_seq, to_seq=loss.to_seq, reason=loss.reason)
        with self._pen.writing():
            self._pen.add(self._pen.sign(Kind.GAP, gap.model_dump_json().encode()))
            crops = shed.between(self._connection, loss.first, loss.last)
            for crop in crops:
                self._pen.give_up(crop, _RECORD_LOST)
            losses.settle(self._connection, loss)
        self._remove_files(crop.file for crop in crops)

    def _remove_files(self, files: Iterable[str]) -> None:
        """What cannot be removed now is removed when the outbox is next opened: no row names it."""
        for file in files:
            with suppress(OSError):
                self._crops.remove(file)

    def _tidy(self) -> None:
        with suppress(sqlite3.Error):
            checkpoint(self._connection)

    def _spending(self, work: Callable[[], object]) -> None:
        """Work that in the end makes room, or must be said: it may use the reserve."""
        spend_if_full(self._folder, lambda: self._guarded(work), tidy=self._tidy)

    def _require_alive(self) -> None:
        if self._is_dead:
            raise OutboxError(f"{self._path} failed before; close the outbox and open it anew, which verifies it")

    def _guarded(self, work: Callable[[], _T]) -> _T:
        """Errors of database and file system as the node's; all but a full card end this object's life."""
        try:
            return work()
        except (sqlite3.Error, OSError) as error:
            found = translate(error, self._path) if isinstance(error, sqlite3.Error) else refusal(error, self._path)
            self._gauge.failed(error)
            self._is_dead = not isinstance(found, OutboxFull)
            raise found from error
        except OutboxDamaged:
            self._is_dead = True
            raise
