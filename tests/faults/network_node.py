"""A node for faults of the network: real outbox, lanes, sender and protocol; waiting is instant. And who tells what became of it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from uuid import UUID

from edge_client.clock import SystemClock
from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.errors import Unavailable
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.lanes import CropLane, RecordLane
from edge_client.node_token import TokenFile
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import OutboxStatus, read_status
from edge_client.outbox.store import Outbox, Recorded
from edge_client.sender import Backoff, Sender
from edge_client.server_api import Call, ServerApi
from edge_client.simulate.passes import Faces, Passers
from edge_client.simulate.plan import Model
from shared_schema.envelope import Kind
from shared_schema.ids import ModelId, PersonId
from shared_schema.node import Receipt, RecordItem, Status
from shared_schema.sighting import Crop, Sighting
from tests.edge_client.fakes import FakeClock

MODEL = Model(ModelId("m"), 16)
NOBODY_KNOWN = PersonId(UUID("7d1b3e1e-50c1-4a55-9a1c-0d6f6a1c2b3d"))
"""A person of no server."""
Key = tuple[int, int, str]
"""Epoch, seq and the payload's hash."""


class Receiver(Protocol):
    """A server, and what it holds as somebody sees it who does not ask it."""

    @property
    def url(self) -> str: ...

    def claim_tokens(self, count: int) -> list[str]: ...

    def held(self) -> list[Key]:
        """Every record that is stored, as often as it is stored."""
        ...

    def crops_held(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with what a receiver holds."""

    lost: int
    duplicated: int
    invented: int

    @property
    def sound(self) -> bool:
        return (self.lost, self.duplicated, self.invented) == (0, 0, 0)


def judge(recorded: Iterable[Recorded], held: Iterable[Key]) -> Verdict:
    """I1, I2 and I3: everything once and nothing else, with the hash it was recorded with."""
    emitted = Counter((one.epoch, one.seq, one.sha256) for one in recorded)
    stored = Counter(held)
    return Verdict(
        lost=len(emitted.keys() - stored.keys()),
        duplicated=sum(count - 1 for count in stored.values()),
        invented=len(stored.keys() - emitted.keys()),
    )


@dataclass
class NetworkNode:
    """Claimed at the receiver; `url` is where its requests go."""

    config: NodeConfig
    url: str
    clock: FakeClock | SystemClock = field(default_factory=FakeClock)
    recorded: list[Recorded] = field(default_factory=list)
    _seed: int = 0

    @classmethod
    def claimed(cls, state: Path, receiver: Receiver, *, through: str | None = None) -> "NetworkNode":
        config = NodeConfig(state=state, camera=CameraConfig(kind="replay", source="clip.mp4"))
        claim(config, server=receiver.url, token=receiver.claim_tokens(1)[0])
        return cls(config, through or receiver.url)

    @property
    def outbox(self) -> Path:
        return self.config.state / "outbox"

    def put(self, count: int, *, crops: bool = False, payload: Callable[[Sighting], bytes] | None = None) -> list[Recorded]:
        """Sightings of made-up passers, a minute apart."""
        self._seed += 1
        passers = Passers((NOBODY_KNOWN,), Faces(MODEL), rate=1, seed=self._seed)
        outbox = self._open_outbox()
        made: list[Recorded] = []
        while len(made) < count:
            if isinstance(self.clock, FakeClock):
                self.clock.go_on(60)
            seen = passers.pass_at(self.clock.boot_ns(), cooldown_ms=0)
            assert seen is not None
            at = self.clock.reading()
            sighting = Sighting(
                at=at,
                from_boot_ns=at.boot_ns,
                until_boot_ns=at.boot_ns,
                outcome=seen.outcome,
                candidate=seen.candidate,
                runner_up=None,
                evidence=seen.evidence,
                model_id=MODEL.id,
                gallery_revision=1,
                probe_sha256=sha256(seen.probe).hexdigest(),
                crop=Crop(sha256=sha256(seen.crop).hexdigest(), size_bytes=len(seen.crop)) if crops else None,
            )
            body = payload(sighting) if payload else sighting.model_dump_json().encode()
            made.append(outbox.put(Kind.SIGHTING, body, probe=seen.probe, crop=seen.crop if crops else None))
        outbox.close()
        self.recorded += made
        return made

    @contextmanager
    def courier(self) -> "Iterator[list[Call]]":
        """The whole courier at work, on the machine's clock. Gives the calls it makes; raises what it fell over."""
        self.clock = SystemClock()
        calls: list[Call] = []
        fell: list[BaseException] = []
        stop = threading.Event()
        config = self.config.model_copy(update={"server": self.url})
        around = Surroundings(clock=self.clock, wait=stop.wait, observe=calls.append)

        def run() -> None:
            try:
                build(config, around).run(once=False)
            except Exception as error:  # noqa: BLE001 (raised again in the test)
                fell.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield calls
        finally:
            stop.set()
            thread.join(30)
        for error in fell:
            raise error

    def _open_outbox(self) -> Outbox:
        identity, signer = IdentityFolder(self.config.state).load(), KeyFolder(self.config.state).signer()
        return Outbox.open(self.outbox, identity=identity, signer=signer, clock=self.clock)

    def status(self) -> OutboxStatus:
        return read_status(self.outbox, clock=self.clock)

    @contextmanager
    def lanes(self, *, attempts: int = 1, read_timeout_s: float = 20.0, sender_of: type[Sender] = Sender) -> "Iterator[Steps]":
        """Both lanes, opened. The attempts of one burst follow each other at once."""
        assert isinstance(self.clock, FakeClock)
        deliveries = Deliveries.open(self.outbox, clock=self.clock)
        (token, *_) = TokenFile(self.config.state).load()
        api = ServerApi(self.url, token=lambda: token.token, read_timeout_s=read_timeout_s)
        sender = sender_of(api, wait=lambda _seconds: None, random=lambda: 0.5, attempts=attempts)
        pause, retry = Backoff(lambda: 0.5, first_s=1.0), Backoff(lambda: 0.5)
        try:
            yield Steps(
                RecordLane(deliveries, sender, clock=self.clock, pause=pause, retry=retry),
                CropLane(deliveries, sender, clock=self.clock, pause=pause, retry=retry),
                self.clock,
            )
        finally:
            deliveries.close()
            api.close()


@dataclass(frozen=True, slots=True)
class Steps:
    """Both lanes and the clock that waits for them."""

    records: RecordLane
    crops: CropLane
    clock: FakeClock

    def go(self, seconds: float) -> None:
        """Step both, once each second, for so long on the node's clock."""
        for _ in range(int(seconds)):
            self.records.step()
            self.crops.step()
            self.clock.go_on(1)

    def go_until(self, done: Callable[[], bool], *, within_s: float = 7200.0) -> None:
        """Step until it is done; an error when that takes longer on the node's clock."""
        until = self.clock.now + int(within_s * 1e9)
        while not done():
            assert self.clock.now < until, f"not done within {within_s:.0f} s"
            if not (self.records.step() or self.crops.step()):
                self.clock.go_on(1)


class TrustingSender(Sender):
    """What no node does: it takes a status code for a receipt."""

    def send_records(self, items: Sequence[RecordItem]) -> tuple[Receipt, ...]:
        with suppress(Unavailable):
            return super().send_records(items)
        return tuple(
            Receipt(epoch=one.envelope.epoch, seq=one.envelope.seq, sha256=one.envelope.sha256, status=Status.ARCHIVED) for one in items
        )
