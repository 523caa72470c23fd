"""The demo's nodes: each has a key of its own, is claimed as every node is, and what it saw comes as signed records in batches."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count, groupby
from random import Random
from uuid import UUID, uuid5

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.accounts.models import User
from server.core import secrets
from server.core.errors import Rejected
from server.demo.avatars import avatar
from server.demo.days import VISITORS, Passing
from server.gallery.pipeline import embedder
from server.nodes.claims import claim_create, node_claim
from server.nodes.models import Node
from server.sightings.crops import crop_store
from server.sightings.services import batch_ingest
from server.sightings.times import nanoseconds
from server.sites.models import Door
from shared_schema.base import PROTOCOL
from shared_schema.clock import ClockReading
from shared_schema.envelope import Envelope, Kind
from shared_schema.face.vectors import encode_embedding, unit
from shared_schema.ids import Epoch, NodeId, Seq
from shared_schema.node import MAX_BATCH, ClaimRequest, Status
from shared_schema.observation import Observation
from shared_schema.sealing import CROP, PROBE, seal
from shared_schema.sighting import Candidate, Crop, Evidence, Outcome, Sighting

LOOK = timedelta(hours=2)
NAMES = UUID("6f3a2f6e-6d9b-4b6e-9a53-0d2f2f5d9c11")
Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class Story:
    """What all nodes share: the seed, who the numbers are, from when on crops are kept, and what embeddings look like."""

    seed: int
    people: Mapping[int, UUID]
    crops_from: datetime
    model_id: str
    dimension: int
    pictures: Mapping[int, bytes]

    @classmethod
    def told(cls, seed: int, people: Mapping[int, UUID], *, crops_from: datetime) -> "Story":
        """With an avatar for everybody, visitors too."""
        model = embedder()
        numbers = [*people, *range(-VISITORS, 0)]
        pictures = {who: avatar(f"{who:03}" if who > 0 else f"?{-who}", seed=f"{seed}:{who}") for who in numbers}
        return cls(seed, people, crops_from, model.model_id, model.dimension, pictures)

    def probe(self, who: int, at: datetime) -> bytes:
        """An embedding of nobody: noise around a direction that belongs to this number."""
        size = self.dimension
        own, noise = (np.random.default_rng(abs(hash_of(f"{self.seed}:{text}"))) for text in (f"{who}", f"{who}:{at}"))
        vector = own.standard_normal(size) + 0.15 * noise.standard_normal(size)
        return encode_embedding(unit(vector[None].astype(np.float32))[0])


def hash_of(text: str) -> int:
    """The same number in every process."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


@dataclass
class Camera:
    """A node at a door: its key, its boot, and the number of its next record."""

    node: Node
    key: Ed25519PrivateKey
    door: str
    boot_id: UUID
    booted_at: datetime
    story: Story
    seqs: "count[int]" = field(default_factory=lambda: count(1))
    announced: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def hung(cls, door: Door, *, story: Story, by: User, at: datetime) -> "Camera":
        """Claimed for the door, from this moment on."""
        key = Ed25519PrivateKey.from_private_bytes(sha256(f"{story.seed}:{door.name}".encode()).digest())
        name = f"demo-{door.name.lower().replace(', ', '-').replace(' ', '-')}"
        token = claim_create(door=door, name=name, by=by, now=at).token
        public = key.public_key().public_bytes_raw()
        answer = node_claim(ClaimRequest.signed(token=token, public_key=public, hostname=name, signer=key), now=at)
        boot = uuid5(NAMES, f"{story.seed}:{door.name}")
        return cls(Node.objects.get(uuid=answer.node), key, door.name, boot, at, story)

    def send(self, passings: Sequence[Passing], *, since: datetime, until: datetime) -> int:
        """Everything of this time, in a batch per day, each when its day was over. Returns how many records."""
        events = sorted([*((one.at, one) for one in passings), *((at, None) for at in _looks(since, until))], key=lambda event: event[0])
        sent, reached = 0, since
        for _, day in groupby(events, key=lambda event: event[0].date()):
            items, last = [], reached
            for at, passing in day:
                if passing is None:
                    items.append(self._observation(reached, at))
                    reached = at
                else:
                    items.append(self._sighting(passing))
                last = at
            self._deliver(items, last)
            sent += len(items)
        return sent

    def deliver_crops(self, now: datetime) -> int:
        """The pictures of the sightings that named one. Returns how many."""
        public = secrets.current().seal_public_key
        for digest, picture in self.announced.items():
            crop_store(self.node, digest, seal(picture, public_key=public, purpose=CROP), now=now)
        return len(self.announced)

    def _deliver(self, items: Sequence[Item], last: datetime) -> None:
        for begin in range(0, len(items), MAX_BATCH):
            body = {"protocol": PROTOCOL, "items": list(items[begin : begin + MAX_BATCH])}
            receipts = batch_ingest(self.node, body, now=last + timedelta(seconds=2)).receipts
            if refused := [receipt for receipt in receipts if receipt.status is Status.REJECTED]:
                raise Rejected(
                    "demo_refused", f"{self.door}: a made-up record was refused ({refused[0].code}); this is an error of Lintel's."
                )

    def _reading(self, at: datetime) -> ClockReading:
        ns = nanoseconds(at)
        return ClockReading(boot_id=self.boot_id, boot_ns=ns - nanoseconds(self.booted_at), wall_ns=ns, synchronised=True)

    def _item(self, kind: Kind, payload: bytes, seq: int) -> Item:
        sealed = Envelope.seal(payload, node=NodeId(self.node.uuid), epoch=Epoch(1), seq=Seq(seq), kind=kind, signer=self.key)
        return {"envelope": sealed.model_dump(mode="json")}

    def _observation(self, begin: datetime, end: datetime) -> Item:
        seq, reading = next(self.seqs), self._reading(end)
        said = Observation(
            at=reading, from_boot_ns=self._reading(begin).boot_ns, until_boot_ns=reading.boot_ns, last_seq=seq - 1
        )  # fmt: skip
        return self._item(Kind.OBSERVATION, said.model_dump_json().encode(), seq)

    def _sighting(self, passing: Passing) -> Item:
        draw = Random(f"{self.story.seed}:{passing.at}:{passing.who}")  # noqa: S311 (a story, no secret)
        known = passing.who > 0 and not passing.unsure
        probe = b"" if known else self.story.probe(passing.who, passing.at)  # that of a known face is soon forgotten anyway
        reading = self._reading(passing.at)
        said = Sighting(
            at=reading,
            from_boot_ns=max(0, reading.boot_ns - 10**9),
            until_boot_ns=reading.boot_ns + 10**9,
            outcome=Outcome.MATCH if known else Outcome.UNSURE if passing.unsure else Outcome.UNKNOWN,
            candidate=self._candidate(passing, draw),
            runner_up=None,
            evidence=_evidence(draw, known=known),
            model_id=self.story.model_id,
            gallery_revision=1,
            probe_sha256=sha256(probe).hexdigest(),
            crop=self._crop(passing),
        )
        item = self._item(Kind.SIGHTING, said.model_dump_json().encode(), next(self.seqs))
        if not known:
            sealed = seal(probe, public_key=secrets.current().seal_public_key, purpose=PROBE)
            item["sealed_probe"] = b64encode(sealed).decode()
        return item

    def _candidate(self, passing: Passing, draw: Random) -> Candidate | None:
        if passing.who < 0:
            return None
        similarity = draw.uniform(0.45, 0.52) if passing.unsure else draw.uniform(0.68, 0.93)
        return Candidate(person=self.story.people[passing.who], similarity=round(similarity, 3))

    def _crop(self, passing: Passing) -> Crop | None:
        if passing.at < self.story.crops_from:
            return None
        picture = self.story.pictures[passing.who]
        digest = sha256(picture).hexdigest()
        self.announced[digest] = picture
        return Crop(sha256=digest, size_bytes=len(picture))


def _evidence(draw: Random, *, known: bool) -> Evidence:
    frames = draw.randint(4, 14)
    return Evidence(
        min_similarity=0.6,
        min_margin=0.05,
        min_agreeing_frames=2,
        frames=frames,
        agreeing_frames=frames - draw.randint(0, 2) if known else draw.randint(0, 2),
        quality=round(draw.uniform(0.55, 0.98), 2),
        face_px=draw.randint(70, 160),
        doubts=() if known else ("near",),
    )


def _looks(since: datetime, until: datetime) -> Iterator[datetime]:
    """The ends of observations: every so often, and the very end."""
    at = since + LOOK
    while at < until:
        yield at
        at += LOOK
    yield until
