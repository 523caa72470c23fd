"""The root of the process that has the camera: camera → doorway → sign → outbox. It needs no network.

What the server wants (gallery, settings) it finds in the cache that the courier fills; how it is doing it leaves in
`<run>/capture.json` for the courier's heartbeat.
"""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

import cv2

from edge_client.camera import Camera, Frame, Lost
from edge_client.camera.choose import open_camera
from edge_client.camera.replay import ReplayCamera
from edge_client.capture_coverage import Coverage
from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.capture_rules import Rules
from edge_client.clock import Clock, SystemClock
from edge_client.config import ModelsConfig, NodeConfig
from edge_client.errors import ModelSetBad
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder
from edge_client.outbox.store import Outbox, Recorded
from edge_client.reporting import Reporter
from shared_schema.doorway import Doorway, PassDecided
from shared_schema.doorway.funnel import add
from shared_schema.envelope import Kind
from shared_schema.face.images import encode_jpeg
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import FaceError
from shared_schema.face.vectors import encode_embedding
from shared_schema.ids import BootNs, Seq
from shared_schema.observation import Funnel
from shared_schema.sighting import Crop, Sighting

GALLERY_PATIENCE_S: Final = 10.0
"""A replay waits so long until gallery and settings are the server's. A door cannot wait: people pass."""
_REPORT_EVERY_NS: Final = 2_000_000_000

reporter = Reporter("capture")


class Records(Protocol):
    """Capture's side of the outbox; `outbox.store.Outbox` is the real one."""

    @property
    def last_seq(self) -> Seq: ...

    def put(self, kind: Kind, payload: bytes, *, probe: bytes | None = None, crop: bytes | None = None) -> Recorded: ...


@dataclass
class Capture:
    """Looks through the camera until it ends or `stop` is called, and records what it saw."""

    camera: Camera
    make_doorway: Callable[[], Doorway]
    records: Records
    rules: Rules
    clock: Clock
    announce: Callable[[Recorded], None]
    report: Callable[[CaptureReport], None]
    is_up_to_date: Callable[[], bool] = lambda: True
    gallery_patience_s: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    _stopping: bool = False
    _camera_state: str = "starting"
    _last_frame: BootNs | None = None
    _next_report_ns: int = 0
    _total: Funnel = field(default_factory=Funnel)
    _before: Funnel = field(default_factory=Funnel)

    def __post_init__(self) -> None:
        self.doorway = self.make_doorway()

    def stop(self) -> None:
        """End after the frame in hand; open passes are finished. May be called from a signal handler."""
        self._stopping = True
        self.camera.close()

    def run(self) -> None:
        """Everything seen is recorded when this returns. Raises OutboxError when it cannot be made durable."""
        self._report()
        self._wait_for_gallery()
        coverage = Coverage()
        while not self._stopping and (given := self.camera.next(self.rules.settings.interval_ms)) is not None:
            self._refresh()
            coverage.note(given, self.rules.settings.interval_ms)
            self._look(given)
            if coverage.lasted_ms() >= self.rules.settings.observation_ms:
                self._observe(coverage)
            self._report_now_and_then()
        self._record(self.doorway.finish())
        self._observe(coverage)
        self._camera_state = "stopped" if self._stopping else "ended"
        self._report()

    def _wait_for_gallery(self) -> None:
        until = self.clock.boot_ns() + int(self.gallery_patience_s * 1e9)
        while not self._stopping and self.clock.boot_ns() < until and not self.is_up_to_date():
            self.sleep(0.05)
        self._refresh()

    def _look(self, given: Frame | Lost) -> None:
        if isinstance(given, Lost):
            self._be(given.reason)
            return
        self._be("ok")
        self._last_frame = self.clock.boot_ns()
        self._record(self.doorway.step(given.image, given.at))

    def _refresh(self) -> None:
        if self.rules.is_ready_to_go_over():
            self._go_over()
        if self.rules.refresh():
            self.doorway.use(gallery=self.rules.gallery, policy=self.rules.policy)

    def _go_over(self) -> None:
        """Finish the passes that are open with the model they were seen by, then see with the other."""
        self._record(self.doorway.finish())
        self._before = add(self._before, self.doorway.take_funnel())
        self.rules.go_over()
        self.doorway = self.make_doorway()
        self._next_report_ns = 0

    def _record(self, passes: Iterable[PassDecided]) -> None:
        for decided in passes:
            crop = encode_jpeg(decided.crop) if self.rules.settings.keep_crops else None
            probe = encode_embedding(decided.probe)
            sighting = self._sighting(decided, probe, crop)
            self.announce(self.records.put(Kind.SIGHTING, sighting.model_dump_json().encode(), probe=probe, crop=crop))

    def _sighting(self, decided: PassDecided, probe: bytes, crop: bytes | None) -> Sighting:
        return Sighting(
            at=self.clock.reading_at(decided.best_at),
            from_boot_ns=decided.from_at,
            until_boot_ns=decided.until_at,
            outcome=decided.outcome,
            candidate=decided.candidate,
            runner_up=decided.runner_up,
            evidence=decided.evidence,
            pad_value=decided.pad_value,
            model_id=self.rules.model_id,
            gallery_revision=self.rules.gallery.revision,
            probe_sha256=sha256(probe).hexdigest(),
            crop=None if crop is None else Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
        )

    def _observe(self, coverage: Coverage) -> None:
        funnel = add(self._before, self.doorway.take_funnel())
        self._before = Funnel()
        self._total = add(self._total, funnel)
        observation = coverage.take(self.clock, last_seq=self.records.last_seq, funnel=funnel)
        if observation is not None:
            self.records.put(Kind.OBSERVATION, observation.model_dump_json().encode())

    def _be(self, state: str) -> None:
        if state != self._camera_state:
            reporter.state("camera", state)
            self._camera_state = state
            self._next_report_ns = 0

    def _report_now_and_then(self) -> None:
        now = self.clock.boot_ns()
        if now >= self._next_report_ns:
            self._next_report_ns = now + _REPORT_EVERY_NS
            self._report()

    def _report(self) -> None:
        self.report(
            CaptureReport(
                at=self.clock.reading(),
                camera=self._camera_state,
                last_frame_boot_ns=self._last_frame,
                model_id=self.rules.model_id,
                wanted_model_id=self.rules.wanted_model_id,
                gallery_revision=self.rules.gallery.revision,
                settings_revision=self.rules.settings.revision,
                funnel=self._total,
            )
        )


def run(config: NodeConfig) -> None:
    """The process. Raises EdgeError with the exit code to end with; returns when the source ended or it was told to stop."""
    cv2.setNumThreads(1)
    clock = SystemClock()
    folder = IdentityFolder(config.state)
    identity, signer = folder.load(), folder.signer()
    models = load_model_sets(config.models)
    camera = open_camera(config.camera, clock)
    outbox = Outbox.open(config.state / "outbox", identity=identity, signer=signer, clock=clock)
    try:
        rules = Rules(config, GalleryCache(config.state), *(one.embedder for one in models))
        sets = {one.embedder.model_id: one for one in models}

        def make_doorway() -> Doorway:
            return Doorway(pipeline_of(sets[rules.model_id]), rules.gallery, rules.policy)

        patience = GALLERY_PATIENCE_S if isinstance(camera, ReplayCamera) else 0.0
        contact = FirstContact(config.run_folder)
        report = CaptureReportFile(config.run_folder).write
        capture = Capture(
            camera, make_doorway, outbox, rules, clock, print_recorded, report, lambda: contact.was_had(clock.boot_id), patience
        )
        stop_on_signal(capture.stop)
        reporter.say("started", gallery_revision=rules.gallery.revision, epoch=outbox.epoch)
        capture.run()
        reporter.say("ended")
    finally:
        camera.close()
        outbox.close()


def load_model_sets(models: ModelsConfig) -> tuple[ModelSet, ...]:
    """The set to use and, when that is not the built-in one, the set to go on with until its gallery has come. Raises ModelSetBad."""
    wanted = load_model_set(models.folder)
    return (wanted,) if models.folder is None else (wanted, load_model_set(models.meanwhile))


def load_model_set(folder: Path | None) -> ModelSet:
    """A model set of the node, hashes checked, calibrated. Raises ModelSetBad."""
    try:
        models = ModelSet.load(folder)
        _ = models.embedder.calibration
    except FaceError as error:
        raise ModelSetBad(str(error)) from error
    return models


def pipeline_of(models: ModelSet) -> FacePipeline:
    """Raises ModelSetBad when a file is not what the manifest describes."""
    try:
        return FacePipeline(models)
    except FaceError as error:
        raise ModelSetBad(str(error)) from error


def print_recorded(recorded: Recorded) -> None:
    """One line for whoever reads the output, after the record is durable."""
    line = {"recorded": str(recorded.record_id), "epoch": recorded.epoch, "seq": recorded.seq, "sha256": recorded.sha256}
    try:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        reporter.warn("nobody reads the output any more")


def stop_on_signal(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
