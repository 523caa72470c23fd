"""The courier: outbox → server, and gallery, settings and heartbeat. It has the network and needs no camera.

This is its composition root: `build` puts the parts together, `Courier.run` is the loop.
"""

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge_client.capture_report import CaptureReportFile
from edge_client.clock import Clock
from edge_client.config import NodeConfig, can_be_overheard
from edge_client.errors import EdgeError, OutboxError, OutboxMissing, Rejected, Unauthorised, Unavailable
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.heartbeat import Heartbeats
from edge_client.identity import Identity, IdentityFolder
from edge_client.lanes import CropLane, RecordLane
from edge_client.node_token import TokenFile, Tokens
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import read_status
from edge_client.reporting import Reporter
from edge_client.sender import Backoff, Sender
from edge_client.server_api import Observe, ServerApi
from edge_client.sync import Sync
from shared_schema.clock import ClockReading, Exchange
from shared_schema.node import Heartbeat, HeartbeatAnswer, NodeSettings

_IDLE_S = 0.5
_CROP_TIMEOUT_S = 10.0
_BEATS_BEFORE_RECORDS = 2
_PATIENCE_FOR_BEATS = 5
_REFUSALS_THAT_LAST = 3

Wait = Callable[[float], bool]
"""Sleeps so many seconds, or less when the courier is to stop. True: stop now."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the courier has from outside."""

    clock: Clock
    wait: Wait
    random: Callable[[], float] = random.random
    observe: Observe | None = None


class Contact:
    """Heartbeats when due, and a fetch whenever an answer names a revision that the cache lacks."""

    def __init__(self, heartbeats: Heartbeats, sync: Sync, cache: GalleryCache, *, config: NodeConfig, around: Surroundings) -> None:
        self._heartbeats = heartbeats
        self._sync = sync
        self._cache = cache
        self._config = config
        self._clock = around.clock
        self._backoff = Backoff(around.random, first_s=1.0, longest_s=30.0)
        self._report = Reporter("contact")
        self._beats = 0
        self._failures = 0
        self._refusals = 0
        self._due_ns = 0
        self._fetched: tuple[int, int, tuple[str, ...]] | None = None
        self._first = FirstContact(config.run_folder)
        self._capture = CaptureReportFile(config.run_folder)

    @property
    def records_may_go(self) -> bool:
        """After two heartbeats the server can tell when the records were made; a broken heartbeat holds them up only so long."""
        return self._beats >= _BEATS_BEFORE_RECORDS or self._failures >= _PATIENCE_FOR_BEATS

    @property
    def is_refused(self) -> bool:
        """The server did not accept the node several times in a row: that will not pass by itself."""
        return self._refusals >= _REFUSALS_THAT_LAST

    def step(self) -> None:
        """Raises nothing: what goes wrong is told and tried again."""
        if self._clock.boot_ns() < self._due_ns:
            return
        try:
            answer = self._heartbeats.beat()
            self._fetch_if_newer(answer)
            if self._beats == 0:
                self._first.note(self._clock.boot_id)
        except (Unavailable, Unauthorised, Rejected, OSError) as error:
            wish = error.retry_after_s if isinstance(error, Unavailable) else None
            self._due_in(self._backoff.delay_s(self._failures, retry_after_s=wish))
            self._failures += 1
            self._tell(error)
            self._refusals = self._refusals + 1 if isinstance(error, Unauthorised) else 0
            return
        self._beats += 1
        self._failures = self._refusals = 0
        self._report.state("server", "ok")
        self._due_in(self._interval_s() if self._beats >= _BEATS_BEFORE_RECORDS else 0.0)

    def _tell(self, error: EdgeError | OSError) -> None:
        if isinstance(error, OSError):
            self._report.state("cache", "cannot be written", reason=error.strerror or str(error))
        else:
            self._report.state("server", type(error).__name__.lower(), reason=str(error))

    def _fetch_if_newer(self, answer: HeartbeatAnswer) -> None:
        capture = self._capture.read()
        models = capture.models if capture else ()
        named = (answer.gallery_revision, answer.settings_revision, models)
        if named == self._fetched:
            return
        brought = self._sync.fetch(models)
        self._fetched = None if brought.lacking else named
        self._report.state("gallery", "not there yet" if brought.lacking else "ok", reason=brought.lacking)
        if brought.gallery_revision is not None or brought.settings_revision is not None:
            self._report.say("fetched", gallery=brought.gallery_revision, settings=brought.settings_revision)

    def _interval_s(self) -> float:
        try:
            settings = self._config.effective_settings(self._cache.settings())
        except EdgeError as error:
            self._report.state("settings", "refused", reason=str(error))
            settings = NodeSettings()
        return settings.heartbeat_ms / 1000

    def _due_in(self, delay_s: float) -> None:
        self._due_ns = self._clock.boot_ns() + int(delay_s * 1e9)


@dataclass(frozen=True, slots=True)
class Lanes:
    """Both lanes and what they hold open."""

    records: RecordLane
    crops: CropLane
    deliveries: Deliveries
    crop_api: ServerApi

    def close(self) -> None:
        self.deliveries.close()
        self.crop_api.close()


class Courier:
    """The loop over contact and the two lanes."""

    def __init__(self, contact: Contact, lanes: Callable[[], Lanes], *, api: ServerApi, outbox: Path, around: Surroundings) -> None:
        self._contact = contact
        self._open_lanes = lanes
        self._lanes: Lanes | None = None
        self._api = api
        self._outbox = outbox
        self._around = around
        self._report = Reporter("courier")

    def run(self, *, once: bool) -> None:
        """Until told to stop; with `once`, until both lanes are empty. Parked items do not count: they wait for people.

        Raises Unauthorised with `once` when the server goes on refusing the node; everything stays in the outbox.
        """
        while True:
            self._contact.step()
            busy = self._contact.records_may_go and self._send()
            if once and self._is_drained():
                return
            if once and self._contact.is_refused:
                raise Unauthorised("the server does not accept this node; claim it again, or ask whoever runs the server: nothing is lost")
            if self._around.wait(0.0 if busy else _IDLE_S):
                return

    def close(self) -> None:
        """Let go of the outbox and the connections."""
        if self._lanes:
            self._lanes.close()
        self._lanes = None
        self._api.close()

    def _send(self) -> bool:
        """An outbox that fails is opened anew: capture may have salvaged it, or there is room on the disk again."""
        try:
            if self._lanes is None:
                self._lanes = self._open_lanes()
            busy = self._lanes.records.step()
            busy = self._lanes.crops.step() or busy
        except OutboxMissing:
            return False
        except OutboxError as error:
            if self._lanes:
                self._lanes.close()
            self._lanes = None
            self._report.state("outbox", "failing", reason=str(error))
            return False
        self._report.state("outbox", "ok")
        return busy

    def _is_drained(self) -> bool:
        try:
            return read_status(self._outbox, clock=self._around.clock).is_drained
        except OutboxMissing:
            return True
        except OutboxError:
            return False


class Description:
    """Puts together what a heartbeat says, from what lies in the state folder."""

    def __init__(self, config: NodeConfig, clock: Clock) -> None:
        self._state = config.state
        self._capture = CaptureReportFile(config.run_folder)
        self._clock = clock
        self._version = _version()

    def __call__(self, at: ClockReading, previous: Exchange | None) -> Heartbeat:
        capture = self._capture.read()
        heartbeat = Heartbeat(at=at, previous=previous, version=self._version, model_id="", free_bytes=shutil.disk_usage(self._state).free)
        facts: dict[str, object] = {}
        with suppress(OutboxError):
            status = read_status(self._state / "outbox", clock=self._clock)
            facts |= {"queue_depth": status.waiting, "parked": status.parked + status.crops_parked, "crops_waiting": status.crops_waiting}
            facts["oldest_boot_age_ms"] = status.oldest_boot_age_ms
        if capture:
            facts |= {"model_id": capture.model_id, "gallery_revision": capture.gallery_revision, "camera": capture.camera}
            facts |= {"settings_revision": capture.settings_revision, "funnel": capture.funnel}
            if capture.at.boot_id == at.boot_id and capture.last_frame_boot_ns is not None:
                facts["last_frame_age_ms"] = max(0, (at.boot_ns - capture.last_frame_boot_ns) // 1_000_000)
        return heartbeat.model_copy(update=facts)


def build(config: NodeConfig, around: Surroundings) -> Courier:
    """A courier for a claimed node. Raises NotClaimed."""
    identity = IdentityFolder(config.state).load()
    cache = GalleryCache(config.state)
    server = server_of(config, identity)
    if can_be_overheard(server):
        Reporter("courier").warn("the server is reached over plain http: others can read the token; use https", server=server)
    tokens = Tokens(TokenFile(config.state))
    api = ServerApi(server, token=tokens.current, observe=around.observe)
    heartbeats = Heartbeats(api, clock=around.clock, describe=Description(config, around.clock))
    contact = Contact(heartbeats, Sync(api, cache), cache, config=config, around=around)
    outbox = config.state / "outbox"
    return Courier(contact, lambda: _lanes(api, config, identity, tokens, around), api=api, outbox=outbox, around=around)


def server_of(config: NodeConfig, identity: Identity) -> str:
    """The configuration wins over the URL of the claim."""
    return config.server or identity.server


def _lanes(api: ServerApi, config: NodeConfig, identity: Identity, tokens: Tokens, around: Surroundings) -> Lanes:
    deliveries = Deliveries.open(config.state / "outbox", clock=around.clock)
    server = server_of(config, identity)
    crop_api = ServerApi(server, token=tokens.current, read_timeout_s=_CROP_TIMEOUT_S, observe=around.observe)
    pause, retry = Backoff(around.random, first_s=1.0, longest_s=30.0), Backoff(around.random, longest_s=60.0)

    def sleep(seconds: float) -> None:
        around.wait(seconds)

    records = Sender(api, wait=sleep, random=around.random)
    crops = Sender(crop_api, wait=sleep, random=around.random, attempts=2)
    return Lanes(
        RecordLane(deliveries, records, clock=around.clock, pause=pause, retry=retry),
        CropLane(deliveries, crops, clock=around.clock, pause=pause, retry=retry),
        deliveries,
        crop_api,
    )


def _version() -> str:
    try:
        return version("lintel")
    except PackageNotFoundError:
        return "unknown"
