"""A server too simple to be wrong: what it was told under each number, and what became of each crop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from edge_client.outbox.delivery import Deliveries, LeasedRecord
from shared_schema.envelope import Envelope, Kind
from shared_schema.node import Receipt, Status
from shared_schema.observation import CropShed, Gap
from shared_schema.sealing import CROP, unseal
from tests.edge_client.fakes import SEAL, SIGNER

_ROUNDS = 10_000


@dataclass
class ModelServer:
    """Stores a record once under its number; another one under a number that is taken is a conflict, for ever."""

    stored: dict[tuple[int, int], Envelope] = field(default_factory=dict)
    crops: dict[str, int] = field(default_factory=dict)
    status: Status = Status.ARCHIVED

    def receive(self, leased: Sequence[LeasedRecord]) -> list[Receipt]:
        return [self._receipt(record.item.envelope) for record in leased]

    def drain(self, deliveries: Deliveries, *, limit: int = 50) -> None:
        """Until nothing is leased any more."""
        for _ in range(_ROUNDS):
            leased = deliveries.lease(limit)
            deliveries.ack(leased, self.receive(leased))
            crops = deliveries.lease_crops(limit)
            for crop in crops:
                self.take_crop(crop.sha256, crop.sealed)
            deliveries.ack_crops(crops)
            if not leased and not crops:
                return

    def take_crop(self, claimed: str, sealed: bytes) -> None:
        plain = unseal(sealed, private_key=SEAL.private_bytes_raw(), purpose=CROP)
        assert sha256(plain).hexdigest() == claimed
        self.crops[claimed] = self.crops.get(claimed, 0) + 1

    def payloads(self, kind: Kind = Kind.SIGHTING) -> list[bytes]:
        """What was told, once for each number it was told under."""
        return [envelope.payload for _, envelope in sorted(self.stored.items()) if envelope.kind == kind]

    @property
    def gaps(self) -> list[Gap]:
        return [Gap.model_validate_json(payload) for payload in self.payloads(Kind.GAP)]

    @property
    def sheds(self) -> list[CropShed]:
        return [CropShed.model_validate_json(payload) for payload in self.payloads(Kind.CROP_SHED)]

    def says_lost(self, number: tuple[int, int]) -> bool:
        return any(gap.lost_epoch == number[0] and gap.from_seq <= number[1] <= gap.to_seq for gap in self.gaps)

    def says_shed(self, crop: str) -> bool:
        return any(shed.crop_sha256 == crop for shed in self.sheds)

    def unaccounted(self, emitted: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Numbers that were given, are not here, and that no gap tells of."""
        return [number for number in emitted if number not in self.stored and not self.says_lost(number)]

    def _receipt(self, envelope: Envelope) -> Receipt:
        envelope.verify(SIGNER.public_key().public_bytes_raw())
        key = (envelope.epoch, envelope.seq)
        kept = self.stored.setdefault(key, envelope)
        status, code = (self.status, None) if kept.sha256 == envelope.sha256 else (Status.REJECTED, "conflict")
        return Receipt(epoch=envelope.epoch, seq=envelope.seq, sha256=envelope.sha256, status=status, code=code)
