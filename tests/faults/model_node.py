"""A copy of a node for the model: the real outbox, lanes, sender, tokens and contact, on a clock and a link that do as told."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeVar

from edge_client import courier
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier_contact import Contact, Duty
from edge_client.courier_crew import Surroundings
from edge_client.courier_duties import EpochWatch, Rotation
from edge_client.courier_lanes import LaneWorker
from edge_client.errors import OutboxDamaged, OutboxMissing, Unavailable
from edge_client.heartbeat import Heartbeats
from edge_client.node_token import NodeToken, TokenFile, Tokens
from edge_client.orders import EpochOrder
from edge_client.outbox.limits import Limits
from edge_client.outbox.schema import DATABASE
from edge_client.outbox.status import list_crops, list_records, read_status
from edge_client.outbox.store import Outbox, Recorded
from edge_client.server_api import ServerApi
from shared_schema.clock import ClockReading, Exchange
from shared_schema.envelope import Kind
from shared_schema.ids import BootNs
from shared_schema.node import BatchReceipt, EpochAnswer, EpochRequest, Heartbeat, HeartbeatAnswer, RecordBatch, TokenAnswer
from shared_schema.observation import Observation
from shared_schema.sighting import Crop, Evidence, Outcome, Sighting
from tests.edge_client.fakes import SIGNER, FakeClock, an_identity
from tests.faults.model_server import ModelServer

Fate = Literal["passes", "lost", "unanswered", "twice", "late"]
FATES: tuple[Fate, ...] = ("passes", "lost", "unanswered", "twice", "late")
_LIMITS = Limits(max_bytes=10**9, min_free_bytes=0, reserve_bytes=4096)
_T = TypeVar("_T")


@dataclass
class Link:
    """Between every copy of the node and the server. `fates` are those of the next requests; then all pass."""

    server: ModelServer
    fates: list[Fate] = field(default_factory=list)
    is_cut: bool = False
    under_way: list[Callable[[], object]] = field(default_factory=list)

    def carry(self, ask: Callable[[], _T]) -> _T:
        """Raises Unavailable when no answer comes, whatever the server did."""
        fate = self.fates.pop(0) if self.fates else "passes"
        if self.is_cut or fate == "lost":
            raise Unavailable("the request was lost")
        if fate == "late":
            self.under_way.append(ask)
            raise Unavailable("the request is under way")
        answer = ask()
        if fate == "unanswered":
            raise Unavailable("the answer was lost")
        return ask() if fate == "twice" else answer


class LinkApi(ServerApi):
    """The server's calls, over the link instead of HTTP."""

    def __init__(self, link: Link, token: Callable[[], str]) -> None:
        self._link = link
        self._bearer = token

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        token = self._bearer()
        return self._link.carry(lambda: self._link.server.heartbeat(token, heartbeat))

    def records(self, batch: RecordBatch) -> BatchReceipt:
        token = self._bearer()
        return self._link.carry(lambda: self._link.server.records(token, batch))

    def put_crop(self, sha256: str, sealed: bytes) -> None:
        token = self._bearer()
        self._link.carry(lambda: self._link.server.put_crop(token, sha256, sealed))

    def next_epoch(self, request: EpochRequest) -> EpochAnswer:
        token = self._bearer()
        return self._link.carry(lambda: self._link.server.next_epoch(token, request))

    def next_token(self) -> TokenAnswer:
        token = self._bearer()
        return self._link.carry(lambda: self._link.server.next_token(token))

    def close(self) -> None:
        pass


class JumpingClock(FakeClock):
    """Its wall clock is wrong by as much as it is told."""

    wrong_by_ns = 0

    def reading_at(self, boot_ns: BootNs) -> ClockReading:
        return ClockReading(boot_id=self.boot_id, boot_ns=boot_ns, wall_ns=max(0, boot_ns + self.wrong_by_ns), synchronised=False)


def payload(kind: Kind, number: int, clock: JumpingClock, crop: bytes | None) -> bytes:
    """No two are alike."""
    at = clock.reading()
    if kind is Kind.OBSERVATION:
        return Observation(at=at, from_boot_ns=number, until_boot_ns=number, last_seq=0).model_dump_json().encode()
    return (
        Sighting(
            at=at,
            from_boot_ns=number,
            until_boot_ns=number,
            outcome=Outcome.UNKNOWN,
            candidate=None,
            runner_up=None,
            evidence=Evidence(
                min_similarity=0.5, min_margin=0.1, min_agreeing_frames=2, frames=3, agreeing_frames=0, quality=0.5, face_px=60
            ),
            model_id="m",
            gallery_revision=0,
            probe_sha256=sha256(b"").hexdigest(),
            crop=None if crop is None else Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
        )
        .model_dump_json()
        .encode()
    )


class Copy:
    """One card in one machine. Capture and courier are opened when they are needed, and can be killed at any time."""

    def __init__(self, folder: Path, link: Link, *, boot: int) -> None:
        self.folder = folder
        self.link = link
        self.clock = JumpingClock(boot=boot)
        self._outbox: Outbox | None = None
        self._contact: Contact | None = None
        self._lanes: tuple[LaneWorker, LaneWorker] | None = None

    def claim(self, token: str) -> None:
        TokenFile(self.folder).save(NodeToken(token=token, generation=1))

    @property
    def outbox(self) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox.open(self._box, identity=an_identity(), signer=SIGNER, clock=self.clock, limits=_LIMITS)
        return self._outbox

    def put(self, kind: Kind, number: int, crop: bytes | None) -> Recorded:
        return self.outbox.put(kind, payload(kind, number, self.clock, crop), crop=crop)

    def tend(self) -> None:
        """What capture does between two frames."""
        order = EpochOrder(self.folder / "run")
        wanted = order.wanted()
        try:
            if wanted is not None:
                self.outbox.begin_epoch(wanted)
                order.done()
            self.outbox.shed()
        except OutboxDamaged:
            self.kill_capture()

    def meet(self) -> None:
        """A heartbeat, due or not, and what follows it."""
        self.clock.go_on(700)
        self._courier()[0].step()

    def send(self, *, crops: bool) -> None:
        """A step of one lane, as soon as its pause is over."""
        self.clock.go_on(90)
        self._courier()[1][crops].step()

    def kill_capture(self) -> None:
        if self._outbox is not None:
            self._outbox.close()
        self._outbox = None

    def kill_courier(self) -> None:
        if self._lanes is not None:
            for lane in self._lanes:
                lane.close()
        self._contact = self._lanes = None

    def cut_power(self, boot: int) -> None:
        """At the end of a transaction: what is durable stays as it lies there, nobody tidies up."""
        there = self.folder.with_name(f"{self.folder.name}-after-{boot}")
        shutil.copytree(self.folder, there, ignore=shutil.ignore_patterns("*-shm", "run"))
        self.replace_by(there, boot)

    def reboot(self, boot: int) -> None:
        self.kill_capture()
        self.kill_courier()
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        wrong_by_ns, self.clock = self.clock.wrong_by_ns, JumpingClock(boot=boot, boot_ns=1)
        self.clock.wrong_by_ns = wrong_by_ns

    def replace_by(self, image: Path, boot: int) -> None:
        """Another card image, in its own boot. The image is moved."""
        self.reboot(boot)
        shutil.rmtree(self.folder)
        image.rename(self.folder)

    def holds(self) -> dict[str, str]:
        """Hash and state of every record that lies here."""
        return self._told(lambda: {record.sha256: record.state for record in list_records(self._box)}, {})

    def numbers(self) -> dict[str, tuple[int, int]]:
        return self._told(lambda: {record.sha256: (record.epoch, record.seq) for record in list_records(self._box)}, {})

    def parked(self) -> dict[str, str | None]:
        """Hash and code of what waits for people."""
        return self._told(lambda: {record.sha256: record.code for record in list_records(self._box, parked=True)}, {})

    def gaps(self) -> list[bytes]:
        """The payloads of its gap records."""
        if not (self._box / DATABASE).exists():
            return []
        with closing(sqlite3.connect(f"{(self._box / DATABASE).as_uri()}?mode=ro", uri=True)) as connection:
            return [gap for (gap,) in connection.execute("SELECT payload FROM records WHERE kind = 'gap'")]

    def holds_crops(self) -> set[str]:
        return self._told(lambda: {crop.sha256 for crop in list_crops(self._box)}, set())

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing lies here but what was refused for good or found damaged and told."""
        crops = self._told(lambda: read_status(self._box, clock=self.clock).crops_waiting, 0)
        return not crops and set(self.holds().values()) <= {"parked"} and set(self.parked().values()).isdisjoint({"conflict", "damaged"})

    @property
    def _box(self) -> Path:
        return self.folder / "outbox"

    def _told(self, ask: Callable[[], _T], default: _T) -> _T:
        try:
            return ask()
        except OutboxMissing:
            return default

    def _courier(self) -> tuple[Contact, tuple[LaneWorker, LaneWorker]]:
        if self._contact is None or self._lanes is None:
            self._contact, self._lanes = self._start_courier()
        return self._contact, self._lanes

    def _start_courier(self) -> tuple[Contact, tuple[LaneWorker, LaneWorker]]:
        tokens, around = Tokens(TokenFile(self.folder)), Surroundings(clock=self.clock, wait=self.clock.wait, random=lambda: 0.5)
        api = LinkApi(self.link, tokens.current)
        watch = EpochWatch(outbox=self._box, run=self.folder / "run", clock=self.clock)
        duties: dict[str, Duty] = {"token": Rotation(api, tokens), "epoch": lambda answer: watch.compare(answer, api)}
        contact = Contact(
            Heartbeats(api, clock=self.clock, describe=self._described),
            duties,
            tokens,
            interval_s=lambda: 30.0,
            around=around,
            let_go=api.close,
        )
        config = NodeConfig(state=self.folder, camera=CameraConfig(kind="replay", source="clip.mp4"))
        return contact, (
            LaneWorker("records", lambda: courier._records(api, config, around, watch), may_go=lambda: True),
            LaneWorker("crops", lambda: courier._crops(api, config, around), may_go=lambda: True),
        )

    def _described(self, at: ClockReading, previous: Exchange | None) -> Heartbeat:
        return Heartbeat(at=at, previous=previous, version="", model_id="")
