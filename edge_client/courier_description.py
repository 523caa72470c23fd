"""What a heartbeat says about the node: put together from what lies in its folders and what the kernel tells."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.clock import Clock
from edge_client.config import NodeConfig
from edge_client.errors import OutboxError
from edge_client.health import Machine, worst_card
from edge_client.outbox.status import read_status
from shared_schema.clock import ClockReading, Exchange
from shared_schema.node import Health, Heartbeat


class Description:
    """Makes the heartbeat of a moment. `generation` is that of the token in use; `settings_refused` what the courier knows of it."""

    def __init__(
        self, config: NodeConfig, clock: Clock, *, machine: Machine, generation: Callable[[], int], settings_refused: Callable[[], str]
    ) -> None:
        self._state = config.state
        self._capture = CaptureReportFile(config.run_folder)
        self._clock = clock
        self._machine = machine
        self._generation = generation
        self._settings_refused = settings_refused
        self._version = _version()

    def __call__(self, at: ClockReading, previous: Exchange | None) -> Heartbeat:
        capture = self._capture.read()
        health = self._machine.health(uptime_s=at.boot_ns // 10**9)
        facts: dict[str, object] = {"token_generation": self._generation(), "settings_refused": self._settings_refused(), "health": health}
        facts |= self._outbox(at)
        if capture:
            facts |= _of_capture(capture, at, health, self._settings_refused())
        heartbeat = Heartbeat(at=at, previous=previous, version=self._version, model_id="", free_bytes=self._free_bytes())
        return heartbeat.model_copy(update=facts)

    def _outbox(self, at: ClockReading) -> dict[str, object]:
        """Of what waits since an earlier boot nobody knows the age; it is at least that of this boot."""
        with suppress(OutboxError):
            status = read_status(self._state / "outbox", clock=self._clock)
            return {
                "queue_depth": status.waiting,
                "parked": status.parked + status.crops_parked,
                "crops_waiting": status.crops_waiting,
                "oldest_boot_age_ms": at.boot_ns // 1_000_000 if status.waits_since_earlier_boot else status.oldest_boot_age_ms,
                "epoch": status.epoch,
                "last_seq": status.last_seq,
            }
        return {}

    def _free_bytes(self) -> int | None:
        try:
            return shutil.disk_usage(self._state).free
        except OSError:
            return None


def _of_capture(capture: CaptureReport, at: ClockReading, health: Health, settings_refused: str) -> dict[str, object]:
    card = worst_card(capture.card, health.card)
    facts: dict[str, object] = {
        "model_id": capture.model_id,
        "gallery_revision": capture.gallery_revision,
        "settings_revision": capture.settings_revision,
        "settings_refused": settings_refused or capture.settings_refused,
        "camera": capture.camera,
        "funnel": capture.funnel,
        "refused": capture.refused,
        "crops_shed": capture.crops_shed,
        "health": health.model_copy(
            update={"fsync_p99_ms": capture.fsync_p99_ms, "disk_errors": capture.disk_errors, "card": card[:64]},
        ),
    }
    if capture.at.boot_id == at.boot_id and capture.last_frame_boot_ns is not None:
        facts["last_frame_age_ms"] = max(0, (at.boot_ns - capture.last_frame_boot_ns) // 1_000_000)
    return facts


def _version() -> str:
    try:
        return version("lintel")
    except PackageNotFoundError:
        return "unknown"
