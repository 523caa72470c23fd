"""The root of the process that has the camera: camera → doorway → sign → outbox. It needs no network.

What the server wants (gallery, settings) it finds in the cache that the courier fills; how it is doing it leaves in
`<run>/capture.json` for the courier's heartbeat. The loop itself is `capture_loop.Capture`.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import cv2

from edge_client.board import ReadBoardKey, read_board_key
from edge_client.camera import Camera, let_go
from edge_client.camera.choose import open_camera
from edge_client.camera.replay import ReplayCamera
from edge_client.capture_ledger import Ledger
from edge_client.capture_loop import Capture, Surroundings
from edge_client.capture_report import CaptureReportFile
from edge_client.capture_rules import NO_GALLERY, Rules
from edge_client.capture_stills import Stills
from edge_client.clock import Clock, SystemClock
from edge_client.config import ModelsConfig, NodeConfig
from edge_client.errors import CameraUnavailable, ModelSetBad
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.notify import Notifier
from edge_client.orders import EpochOrder
from edge_client.outbox.limits import Limits
from edge_client.outbox.store import Outbox, Recorded
from edge_client.preview_folder import PreviewFolder
from edge_client.reporting import Reporter
from shared_schema.doorway import Doorway
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import FaceError

GALLERY_PATIENCE_S: Final = 10.0
"""A replay waits so long until gallery and settings are the server's. A door cannot wait: people pass."""
LET_GO_WITHIN_S: Final = 5.0
"""A camera's driver that has not let go so long after it was told to hangs."""

reporter = Reporter("capture")


def run(config: NodeConfig) -> None:
    """The process. Raises EdgeError with the exit code to end with; returns when the source ended or it was told to stop.

    When the camera's driver hangs in its last call the process ends here, with what is recorded safe.
    """
    cv2.setNumThreads(1)
    clock = SystemClock()
    identity, signer = IdentityFolder(config.state).load(), KeyFolder(config.state).signer()
    limits = Limits.of(config.outbox)
    models = load_model_sets(config.models)
    camera = open_camera(config.camera, clock)
    exit_code = 1
    try:
        ledger = Ledger(lambda: Outbox.open(config.state / "outbox", identity=identity, signer=signer, clock=clock, limits=limits))
        try:
            _watch(config, camera, ledger, models)
            exit_code = 0
        except CameraUnavailable as error:
            reporter.warn("the camera failed", reason=str(error))
            exit_code = error.exit_code
            raise
        finally:
            ledger.close()
    finally:
        if not let_go(camera, within_s=LET_GO_WITHIN_S):
            reporter.warn("the camera's driver does not let go; ended without it")
            os._exit(exit_code)


def _watch(config: NodeConfig, camera: Camera, ledger: Ledger, models: tuple[ModelSet, ...]) -> None:
    clock = SystemClock()
    cache = open_cache(config)
    rules = Rules(config, cache, *(one.embedder for one in models))
    sets = {one.embedder.model_id: one for one in models}
    contact = FirstContact(config.run_folder)
    stills = Stills(PreviewFolder(config.run_folder, clock), rules, config.camera.field_of_view_deg)
    notifier = Notifier.of()
    around = Surroundings(
        clock=clock,
        announce=print_recorded,
        report=CaptureReportFile(config.run_folder).write,
        orders=EpochOrder(config.run_folder),
        notifier=notifier,
        stills=stills,
        known_time_ns=lambda: known_time_ns(clock, contact),
        is_up_to_date=lambda: contact.was_had(clock.boot_id),
        gallery_patience_s=GALLERY_PATIENCE_S if isinstance(camera, ReplayCamera) else 0.0,
    )
    capture = Capture(camera, lambda: Doorway(pipeline_of(sets[rules.model_id]), rules.gallery, rules.policy), ledger, rules, around)
    stop_on_signal(capture.stop)
    reporter.say("started", gallery_revision=rules.gallery.revision, gallery_at_rest=cache.at_rest)
    if rules.gallery.revision == NO_GALLERY:
        reporter.warn("without a gallery nobody is named until the next contact with the server; passes are recorded for its second look")
    try:
        capture.run()
    finally:
        notifier.stopping()
    reporter.say("ended")


def open_cache(config: NodeConfig, read: ReadBoardKey = read_board_key) -> GalleryCache:
    """Capture's cache: it alone can open a gallery that lies sealed on the card."""
    return GalleryCache.of_capture(config.state, run=config.run_folder, identity=IdentityFolder(config.state).load(), read_board_key=read)


def known_time_ns(clock: Clock, contact: FirstContact) -> int | None:
    """Unix time: by the last contact with the server in this boot, else by the wall clock if it is synchronised, else None."""
    reading = clock.reading()
    offset = contact.time_offset_ns(reading.boot_id)
    if offset is not None:
        return reading.boot_ns + offset
    return reading.wall_ns if reading.synchronised else None


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
