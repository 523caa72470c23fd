"""One simulated node: its folder, the days it was without a server, and then capture and courier at once."""

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.clock import Clock
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.errors import EdgeError
from edge_client.gallery_cache import ABSENT, GalleryCache
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.memory_folder import MemoryFolder
from edge_client.outbox.limits import Limits
from edge_client.outbox.status import list_records, read_status
from edge_client.outbox.store import Outbox
from edge_client.simulate import boots
from edge_client.simulate.boots import Past, SimulatedClock
from edge_client.simulate.capture import Note, SyntheticCapture, Told
from edge_client.simulate.ledger import Counts, Latencies, Ledger
from edge_client.simulate.passes import Faces, Passers, seed_of
from edge_client.simulate.plan import Plan
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings

_PARKED = "parked"
_LOOK_EVERY_S = 10.0
"""Looking into the outboxes of many nodes takes time that they need themselves."""


@dataclass(frozen=True, slots=True)
class NodeReport:
    """How it went with one node. Moments are readings of CLOCK_MONOTONIC."""

    number: int
    counts: Counts
    backlog: int
    milestones: tuple[float, ...]
    fresh: Latencies
    first_fresh_s: float | None
    statuses: dict[str, Counter[str]]
    latencies: dict[str, Latencies]
    lost: int
    waiting: int
    crops_lost: int
    crops_waiting: int
    crops_parked: int
    failures: tuple[str, ...]


class SimulatedNode:
    """The parts that capture and courier share. `faces` may be another node's too."""

    def __init__(self, number: int, folder: Path, plan: Plan, faces: Faces) -> None:
        self.number = number
        self.config = config_in(folder, plan)
        self.plan = plan
        self.faces = faces
        seed = seed_of(plan.seed, number)
        self.chance = random.Random(seed)  # noqa: S311 (no secret is made of it)
        self.passers = Passers(plan.people, faces, rate=plan.rate, seed=seed)
        self._note = folder / "boot.json"

    def fill(self) -> int:
        """Let the days without a server pass. Returns how many records they made."""
        if not self.plan.offline_days and boots.kept_boot(self._note):
            return 0
        past, made = Past(0), Counter[str]()
        for boot in boots.boots_until(boots.real_now(), days=self.plan.offline_days, chance=self.chance):
            past.now_ns = boot.from_ns
            outbox = self.open_outbox(SimulatedClock(boot, past))
            try:
                capture = self.capture(outbox, SimulatedClock(boot, past), note=lambda kind, *_: made.update([kind]))
                capture.watch(BootNs(boot.until_ns - boot.zero_ns), past.leap_from(boot))
            finally:
                outbox.close()
            self.passers.forget()
            boots.keep(boot, self._note)
        return made.total()

    def clock(self) -> Clock:
        """That of the boot that goes on."""
        boot = boots.kept_boot(self._note)
        if boot is None:
            raise EdgeError(f"{self._note} is gone; leave the simulation's folder alone while it runs")
        return SimulatedClock(boot, boots.real_now)

    def open_outbox(self, clock: Clock) -> Outbox:
        identity, signer = IdentityFolder(self.config.state).load(), KeyFolder(self.config.state).signer()
        limits = Limits.of(self.config.outbox)
        return Outbox.open(self.config.state / "outbox", identity=identity, signer=signer, clock=clock, limits=limits)

    def capture(self, outbox: Outbox, clock: Clock, *, note: Note) -> SyntheticCapture:
        return SyntheticCapture(outbox, self.passers, clock, self.plan.model, note, report=_nobody_reads)


class Running:
    """A node while it runs."""

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node
        self._outbox = node.config.state / "outbox"
        self._clock = node.clock()
        self._stop = threading.Event()
        self._failures: list[str] = []
        self._look_again_s = 0.0
        self.ledger = Ledger()
        listed = list_records(self._outbox)
        self.ledger.begin((one.epoch, one.seq, one.sha256) for one in listed if one.state != _PARKED)
        status = read_status(self._outbox, clock=self._clock)
        self._crops_before = status.crops_waiting + status.crops_parked
        self._threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in (self._capture, self._deliver)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def is_done(self) -> bool:
        """Whether capture has ended and everything it left has been delivered, or the node fell over."""
        if self._failures:
            return True
        if self._threads[0].is_alive() or self.ledger.waiting:
            return False
        counts, now = self.ledger.counts, time.monotonic()
        if self._crops_before + counts.crops_recorded > counts.crops_stored and now < self._look_again_s:
            return False
        self._look_again_s = now + _LOOK_EVERY_S
        return read_status(self._outbox, clock=self._clock).is_drained

    def stop(self) -> None:
        self._stop.set()

    def finish(self) -> NodeReport:
        """What remains to be said once it was told to stop."""
        for thread in self._threads:
            thread.join()
        shutil.rmtree(MemoryFolder(self._node.config.state, self._node.config.run_folder).path(), ignore_errors=True)
        status = read_status(self._outbox, clock=self._clock)
        there = {(one.epoch, one.seq) for one in list_records(self._outbox)}
        pending = self.ledger.pending()
        counts = self.ledger.end()
        crops = self._crops_before + counts.crops_recorded
        return NodeReport(
            number=self._node.number,
            counts=counts,
            backlog=self.ledger.backlog,
            milestones=tuple(self.ledger.milestones),
            fresh=self.ledger.fresh,
            first_fresh_s=self.ledger.first_fresh_s,
            statuses=self.ledger.statuses,
            latencies=self.ledger.latencies,
            lost=sum(key not in there for key in pending),
            waiting=sum(key in there for key in pending),
            crops_lost=crops - counts.crops_stored - status.crops_waiting - status.crops_parked,
            crops_waiting=status.crops_waiting,
            crops_parked=status.crops_parked,
            failures=tuple(self._failures),
        )

    def _capture(self) -> None:
        outbox = self._node.open_outbox(self._clock)
        try:
            capture = self._node.capture(outbox, self._clock, note=self.ledger.note)
            capture.report = CaptureReportFile(self._node.config.run_folder).write
            capture.told = _Cached(self._node).told
            capture.watch(BootNs(self._clock.boot_ns() + int(self._node.plan.seconds * 1e9)), self._wait_until)
        finally:
            outbox.close()

    def _wait_until(self, moment: BootNs) -> bool:
        return self._stop.wait(max(0, moment - self._clock.boot_ns()) / 1e9)

    def _deliver(self) -> None:
        build(self._node.config, Surroundings(clock=self._clock, wait=self._stop.wait, observe=self.ledger.observe)).run(once=False)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 (one node's end is told, and is not that of the others)
            self._failures.append(f"{type(error).__name__}: {error}")


class _Cached:
    """What the courier has fetched for this node, read again when it changed."""

    def __init__(self, node: SimulatedNode) -> None:
        self._cache = GalleryCache(node.config.state, run=node.config.run_folder)
        self._model = node.plan.model
        self._faces = node.faces
        self._stamps = (ABSENT, ABSENT)
        self._told = Told()

    def told(self) -> Told:
        stamps = (self._cache.settings_stamp(), self._cache.gallery_stamp(self._model.id))
        if stamps != self._stamps:
            self._stamps = stamps
            gallery = self._cache.gallery(self._model.id)
            if gallery:
                self._faces.learn(gallery)
            self._told = Told(self._cache.settings() or NodeSettings(), gallery.revision if gallery else 0)
        return self._told


def config_in(folder: Path, plan: Plan) -> NodeConfig:
    """The configuration of a node that lives in `folder`."""
    camera = CameraConfig(kind="replay", source="nothing")
    return NodeConfig(state=folder, server=plan.server, camera=camera)


def _nobody_reads(_report: CaptureReport) -> None:
    """Before the server is reached there is nobody to tell."""
