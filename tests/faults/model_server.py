"""A server in memory: the receipts, the high water, epochs and tokens of the real one, and stages of archiving that it has not yet.

`tests/faults/test_model_server.py` holds it against the real one.
"""

import copy
from dataclasses import dataclass, field
from uuid import UUID

from edge_client.errors import Rejected, Unauthorised
from shared_schema.clock import ClockReading
from shared_schema.envelope import Envelope, EnvelopeError
from shared_schema.node import (
    BatchReceipt,
    EpochAnswer,
    EpochRequest,
    Heartbeat,
    HeartbeatAnswer,
    HighWater,
    Receipt,
    RecordBatch,
    Status,
    TokenAnswer,
)

Key = tuple[int, int]


@dataclass
class Database:
    """What a backup holds."""

    records: dict[Key, Envelope] = field(default_factory=dict)
    conflicts: set[tuple[Key, str]] = field(default_factory=set)
    grants: dict[tuple[UUID, int, int], int] = field(default_factory=dict)
    next_epoch: int = 1
    generation: int = 1
    handed_out: bool = False


@dataclass
class ModelServer:
    """One node's server. Without `archives` what is stored is archived, as on the real one; with it only what a backup holds is."""

    node: UUID
    public_key: bytes
    archives: bool = False
    db: Database = field(default_factory=Database)
    crops: dict[str, bytes] = field(default_factory=dict)
    backup: Database = field(default_factory=Database)
    revoked: bool = False
    gallery_revision: int = 1
    rotate: bool = False
    heard: list[ClockReading] = field(default_factory=list)

    def token_of(self, generation: int) -> str:
        return f"token-{generation}"

    def heartbeat(self, token: str, heartbeat: Heartbeat) -> HeartbeatAnswer:
        self._admit(token)
        self.heard.append(heartbeat.at)
        return HeartbeatAnswer(
            server_ns=len(self.heard), gallery_revision=self.gallery_revision, settings_revision=0, high_water=self.high_water(),
            rotate_token=self.rotate,
        )  # fmt: skip

    def high_water(self) -> HighWater | None:
        if not self.db.records:
            return None
        highest = max(self.db.records)
        return HighWater(epoch=highest[0], seq=highest[1], sha256=self.db.records[highest].sha256)

    def records(self, token: str, batch: RecordBatch) -> BatchReceipt:
        self._admit(token)
        return BatchReceipt(receipts=tuple(self._receipt(item.envelope) for item in batch.items))

    def put_crop(self, token: str, digest: str, sealed: bytes) -> None:
        """Object storage is no part of a backup of the database."""
        self._admit(token)
        if not any(digest.encode() in record.payload for record in self.db.records.values()):
            raise Rejected("No sighting of this node announced this crop.", code="unknown_crop")
        self.crops[digest] = sealed

    def next_epoch(self, token: str, request: EpochRequest) -> EpochAnswer:
        self._admit(token)
        asked = (request.boot_id, request.epoch, request.last_seq)
        if asked not in self.db.grants:
            self.db.grants[asked] = max(self.db.next_epoch, request.epoch + 1)
            self.db.next_epoch = self.db.grants[asked] + 1
        return EpochAnswer(epoch=self.db.grants[asked])

    def next_token(self, token: str) -> TokenAnswer:
        self._admit(token)
        self.db.handed_out = True
        self.rotate = False
        return TokenAnswer(token=self.token_of(self.db.generation + 1), generation=self.db.generation + 1)

    def back_up(self) -> None:
        self.backup = copy.deepcopy(self.db)

    def restore(self) -> None:
        """The database is that of the last backup again. Tokens stay those of now."""
        newest = self.db
        self.db = copy.deepcopy(self.backup)
        self.db.generation, self.db.handed_out = newest.generation, newest.handed_out

    def _admit(self, token: str) -> None:
        if token == self.token_of(self.db.generation + 1) and self.db.handed_out:
            self.db.generation, self.db.handed_out = self.db.generation + 1, False
        if token != self.token_of(self.db.generation):
            raise Unauthorised("This node token was replaced by a newer one.")
        if self.revoked:
            raise Unauthorised("This node is revoked.", knows_node=True)

    def _receipt(self, envelope: Envelope) -> Receipt:
        code = self._fault(envelope)
        key = (envelope.epoch, envelope.seq)
        if code is None:
            kept = self.db.records.setdefault(key, envelope)
            self.db.next_epoch = max(self.db.next_epoch, envelope.epoch + 1)
            if (kept.sha256, kept.kind) != (envelope.sha256, envelope.kind):
                self.db.conflicts.add((key, envelope.sha256))
                code = "conflict"
        status = Status.REJECTED if code else Status.ARCHIVED if self._is_archived(key) else Status.ACCEPTED
        return Receipt(epoch=envelope.epoch, seq=envelope.seq, sha256=envelope.sha256, status=status, code=code)

    def _fault(self, envelope: Envelope) -> str | None:
        if envelope.node != self.node:
            return "foreign_node"
        try:
            envelope.verify(self.public_key)
        except EnvelopeError as error:
            return error.code
        return None

    def _is_archived(self, key: Key) -> bool:
        return not self.archives or key in self.backup.records
