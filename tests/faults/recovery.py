"""A node starts after its card was cut off, broken or changed: what is there, beside what it had said."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from edge_client.errors import EdgeError, NotClaimed
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.outbox.delivery import Deliveries, LeasedRecord
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Envelope, Kind
from shared_schema.node import Receipt, Status
from shared_schema.sealing import CROP, unseal
from tests.edge_client.fakes import SEAL, FakeClock
from tests.faults.jobs import LIMITS
from tests.faults.journal import Change
from tests.faults.shim import Kind as ChangeKind

Key = tuple[int, int]


@dataclass
class Told:
    """What had been said up to a moment: by capture, by the claim, by the server."""

    recorded: dict[str, Key] = field(default_factory=dict)
    archived: dict[str, Key] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    parked: set[Key] = field(default_factory=set)
    claimed_key: str = ""
    is_claimed: bool = False

    def hear(self, change: Change) -> None:
        """Take an entry of the journal."""
        if change.kind is ChangeKind.SAY:
            for line in change.more.splitlines():
                self.hear_line(line.decode("utf-8", "replace"))

    def hear_line(self, line: str) -> None:
        self.is_claimed = self.is_claimed or line.startswith("claimed as node")
        if not line.startswith("{"):
            return
        said = json.loads(line)
        if "recorded" in said:
            self.recorded[said["sha256"]] = (said["epoch"], said["seq"])
        self.archived |= {digest: (epoch, seq) for epoch, seq, digest in said.get("archived", ())}
        self.images |= {said["image"]} if "image" in said else set()
        self.claimed_key = said.get("claimed", self.claimed_key)


@dataclass
class Found:
    """What a start found, and what is wrong with it: empty lists are good."""

    present: int = 0
    gaps: list[tuple[int, int, int]] = field(default_factory=list)
    reported: set[Key] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    images_lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.images_lost or self.wrong)

    def reports(self, key: Key) -> bool:
        """Whether the loss of that record is known."""
        return any(epoch == key[0] and first <= key[1] <= last for epoch, first, last in self.gaps)


def start_after(state: Path, told: Told) -> Found:
    """Start the node on this card, record once more, hand everything to a server that takes it, and compare."""
    found = Found()
    if not _check_claim(state, told, found):
        return found
    clock = FakeClock(boot=2)
    signer = KeyFolder(state).signer()
    try:
        outbox = Outbox.open(state / "outbox", identity=IdentityFolder(state).load(), signer=signer, clock=clock, limits=LIMITS)
        new = outbox.put(Kind.SIGHTING, b"{}")
    except EdgeError as error:
        found.wrong.append(f"the outbox does not work: {error}")
        return found
    deliveries = Deliveries.open(state / "outbox", clock=clock)
    leased = deliveries.lease(1_000_000)
    _check_records(leased, told, found, public_key=signer.public_key().public_bytes_raw())
    if (new.epoch, new.seq) in {*told.recorded.values(), *told.archived.values()}:
        found.wrong.append(f"{new.epoch}/{new.seq} is given a second time")
    deliveries.ack(leased, [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.ARCHIVED) for r in leased])
    _check_images(leased, deliveries, told, found)
    deliveries.close()
    outbox.close()
    return found


def _check_claim(state: Path, told: Told, found: Found) -> bool:
    """What was told to others about the node's key is kept. False: the node is not claimed, so there is no more to look at."""
    try:
        key = KeyFolder(state).public_key().hex()
        if told.claimed_key not in {"", key}:
            found.wrong.append("the key that the server knows is gone")
    except EdgeError as error:
        if told.claimed_key:
            found.wrong.append(f"the key that the server knows is gone: {error}")
    try:
        IdentityFolder(state).load()
    except NotClaimed:
        if told.is_claimed:
            found.wrong.append("the node had said that it is claimed")
        return False
    except EdgeError as error:
        found.wrong.append(str(error))
        return False
    return True


def _check_records(leased: Iterable[LeasedRecord], told: Told, found: Found, *, public_key: bytes) -> None:
    present: dict[str, Envelope] = {}
    for record in leased:
        envelope = record.item.envelope
        envelope.verify(public_key)
        if envelope.sha256 in present:
            found.wrong.append(f"{envelope.epoch}/{envelope.seq} is there twice")
        present[envelope.sha256] = envelope
        if envelope.kind == Kind.GAP:
            gap = json.loads(envelope.payload)
            found.gaps.append((gap["lost_epoch"], gap["from_seq"], gap["to_seq"]))
        server = {key: digest for digest, key in told.archived.items()}
        if server.get((envelope.epoch, envelope.seq), envelope.sha256) != envelope.sha256:
            found.wrong.append(f"{envelope.epoch}/{envelope.seq} is another record than the server has")
    found.present = len(present)
    gone = {key for digest, key in told.recorded.items() if digest not in present and digest not in told.archived}
    found.reported = {key for key in gone if found.reports(key)}
    found.lost += [f"{epoch}/{seq}" for epoch, seq in sorted(gone - found.reported - told.parked)]


def _check_images(leased: Iterable[LeasedRecord], deliveries: Deliveries, told: Told, found: Found) -> None:
    there = set()
    for crop in deliveries.lease_crops(1_000_000):
        image = unseal(crop.sealed, private_key=SEAL.private_bytes_raw(), purpose=CROP)
        if sha256(image).hexdigest() != crop.sha256:
            found.wrong.append(f"crop {crop.sha256[:12]} is another image")
        there.add(crop.sha256)
    for record in leased:
        named = json.loads(record.item.envelope.payload).get("crop") if record.item.envelope.kind == Kind.SIGHTING else None
        if named and named["sha256"] not in there | told.images:
            found.images_lost.append(f"{record.epoch}/{record.seq}")
