"""The loop of the process that has the camera: camera → doorway → sign → outbox, one frame after the other."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from edge_client.camera import Camera, Frame, Lost
from edge_client.capture_coverage import Coverage
from edge_client.capture_ledger import Images, Ledger
from edge_client.capture_picture import PictureCheck
from edge_client.capture_report import CaptureReport
from edge_client.capture_rules import Rules
from edge_client.clock import Clock
from edge_client.errors import CameraUnavailable
from edge_client.notify import Notifier
from edge_client.orders import EpochOrder
from edge_client.outbox.store import Recorded
from edge_client.reporting import Reporter
from shared_schema.doorway import Doorway, PassDecided
from shared_schema.doorway.funnel import add
from shared_schema.face.images import encode_jpeg
from shared_schema.face.types import Bgr
from shared_schema.face.vectors import encode_embedding
from shared_schema.ids import BootNs, Seq
from shared_schema.observation import Funnel
from shared_schema.sighting import Crop, Sighting

OUT_OF_HOURS: Final = "hours"
HANGS: Final = "camera_hangs"
_NS_PER_MS: Final = 1_000_000
_REPORT_EVERY_NS: Final = 2_000_000_000
_LONGEST_INTERVAL_NS: Final = 60_000_000_000
_SHED_EVERY_NS: Final = 30_000_000_000
_TRY_AGAIN_NS: Final = 10_000_000_000
"""While nothing can be recorded it is tried so often."""
_LONGEST_WAIT_MS: Final = 5_000
"""The camera is asked at least so often, also where frames are wanted more seldom: the watchdog is told after every answer."""
_IDLE_MS: Final = 1_000
"""Out of hours a frame is taken so often, and thrown away unseen: the camera stays warm, and the hours begin on time."""
_EXPECTED: Final = frozenset({OUT_OF_HOURS, "dark", "ended", "stopped"})

reporter = Reporter("capture")


class Stills(Protocol):
    """Whoever shows what the camera sees to whoever mounts it; `capture_stills.Stills` is the real one."""

    def offer(self, frame: Bgr, at: BootNs, doorway: Doorway) -> None: ...

    def clear(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What capture has from outside. `known_time_ns`: Unix time, None while nobody knows it."""

    clock: Clock
    announce: Callable[[Recorded], None]
    report: Callable[[CaptureReport], None]
    orders: EpochOrder
    notifier: Notifier
    stills: Stills
    known_time_ns: Callable[[], int | None]
    is_up_to_date: Callable[[], bool]
    gallery_patience_s: float = 0.0
    sleep: Callable[[float], None] = time.sleep


class Capture:
    """Looks through the camera until it ends or `stop` is called, and records what it saw."""

    def __init__(self, camera: Camera, make_doorway: Callable[[], Doorway], ledger: Ledger, rules: Rules, around: Surroundings) -> None:
        self._camera = camera
        self._make_doorway = make_doorway
        self._ledger = ledger
        self._rules = rules
        self._around = around
        self._clock = around.clock
        self.doorway = make_doorway()
        self._use_rules()
        self._coverage = Coverage()
        self._picture = PictureCheck()
        self._stopping = False
        self._state = "starting"
        self._is_ready = False
        self._last_frame: BootNs | None = None
        self._looked_at = BootNs(-_LONGEST_INTERVAL_NS)
        self._next_report_ns = self._next_shed_ns = self._next_try_ns = 0
        self._total = Funnel()
        self._before = Funnel()

    def stop(self) -> None:
        """End after the frame in hand; open passes are finished. May be called from a signal handler."""
        self._stopping = True
        self._camera.close()

    def run(self) -> None:
        """Everything seen is recorded, or said to be refused, when this returns or raises CameraUnavailable."""
        self._report()
        self._wait_for_gallery()
        try:
            while not self._stopping and (given := self._camera.next(self._wait_ms())) is not None:
                self._handle(given)
        except CameraUnavailable:
            self._coverage.note(Lost(self._clock.boot_ns(), HANGS), self._rules.settings.interval_ms)
            self._end(HANGS)
            raise
        self._end("stopped" if self._stopping else "ended")

    def _wait_for_gallery(self) -> None:
        until = self._clock.boot_ns() + int(self._around.gallery_patience_s * 1e9)
        while not self._stopping and self._clock.boot_ns() < until and not self._around.is_up_to_date():
            self._around.sleep(0.05)
        self._refresh()

    def _wait_ms(self) -> int:
        slowest = _IDLE_MS if self._state == OUT_OF_HOURS else self._rules.settings.interval_ms
        return min(slowest, _LONGEST_WAIT_MS)

    def _handle(self, given: Frame | Lost) -> None:
        self._refresh()
        if isinstance(given, Lost):
            self._miss(given)
        elif not self._is_open():
            self._miss(Lost(given.at, OUT_OF_HOURS))
            self._was_given_a_frame()
        else:
            self._coverage.note(given, self._rules.settings.interval_ms)
            if self._is_due(given.at):
                self._look(given)
            self._was_given_a_frame()
        self._keep_books()
        self._around.notifier.watchdog()

    def _is_due(self, at: BootNs) -> bool:
        """A camera is asked more often than some want frames; those in between are not looked at."""
        interval_ms = self._rules.settings.interval_ms
        return interval_ms <= _LONGEST_WAIT_MS or at >= self._looked_at + interval_ms * _NS_PER_MS

    def _is_open(self) -> bool:
        return not self._rules.settings.hours or self._rules.is_open(self._around.known_time_ns())

    def _miss(self, lost: Lost) -> None:
        if lost.reason == OUT_OF_HOURS and self._state != OUT_OF_HOURS:
            self._record(self.doorway.finish())
        self._coverage.note(lost, self._rules.settings.interval_ms)
        self._be(lost.reason)

    def _look(self, frame: Frame) -> None:
        self._looked_at = frame.at
        wrong = self._picture.look(frame.image, frame.at)
        if wrong is not None:
            self._coverage.mark_blind(wrong.reason, wrong.since)
        self._be("ok" if wrong is None else wrong.reason)
        self._record(self.doorway.step(frame.image, frame.at))
        self._outside(lambda: self._around.stills.offer(frame.image, frame.at, self.doorway))

    def _was_given_a_frame(self) -> None:
        self._last_frame = self._clock.boot_ns()
        if not self._is_ready:
            self._is_ready = True
            self._around.notifier.ready()

    def _refresh(self) -> None:
        if self._rules.is_ready_to_go_over():
            self._go_over()
        if self._rules.refresh():
            self._use_rules()

    def _use_rules(self) -> None:
        self.doorway.use(gallery=self._rules.gallery, policy=self._rules.policy, masks=self._rules.settings.masks)

    def _go_over(self) -> None:
        """Finish the passes that are open with the model they were seen by, then see with the other."""
        self._record(self.doorway.finish())
        self._before = add(self._before, self.doorway.take_funnel())
        self._rules.go_over()
        self.doorway = self._make_doorway()
        self._use_rules()
        self._next_report_ns = 0

    def _record(self, passes: Iterable[PassDecided]) -> None:
        for decided in passes:
            crop = encode_jpeg(decided.crop) if self._rules.settings.keep_crops else None
            images = Images(encode_embedding(decided.probe), crop)
            payload = self._sighting(decided, images).model_dump_json().encode()
            recorded = self._ledger.put_sighting(payload, images, seen_since=decided.from_at)
            if recorded is not None:
                self._around.announce(recorded)

    def _sighting(self, decided: PassDecided, images: Images) -> Sighting:
        crop = images.crop
        return Sighting(
            at=self._clock.reading_at(decided.best_at),
            from_boot_ns=decided.from_at,
            until_boot_ns=decided.until_at,
            outcome=decided.outcome,
            candidate=decided.candidate,
            runner_up=decided.runner_up,
            evidence=decided.evidence,
            pad_value=decided.pad_value,
            model_id=self._rules.model_id,
            gallery_revision=self._rules.gallery.revision,
            probe_sha256=sha256(images.probe).hexdigest(),
            crop=None if crop is None else Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
        )

    def _keep_books(self) -> None:
        """Between two frames: what is due of observations, orders, crops over budget and reports."""
        now = self._clock.boot_ns()
        if self._ledger.trouble is not None:
            self._coverage.mark_blind(self._ledger.trouble.reason, self._ledger.trouble.since)
        lasted_ms = self._coverage.lasted_ms(self.doorway.open_since)
        is_due = self._ledger.trouble is not None or lasted_ms >= self._rules.settings.observation_ms
        if is_due and now >= self._next_try_ns:
            self._observe()
        if now >= self._next_shed_ns:
            self._next_shed_ns = now + _SHED_EVERY_NS
            self._ledger.shed()
        if now >= self._next_report_ns:
            self._next_report_ns = now + _REPORT_EVERY_NS
            self._outside(self._obey)
            self._report()

    def _outside(self, work: Callable[[], None]) -> None:
        """Orders, reports and stills are others' business: a folder that fails them is told, and keeps nobody from watching."""
        try:
            work()
        except OSError as error:
            reporter.state("run folder", "failing", reason=f"{error.strerror}: {error.filename}")
        else:
            reporter.state("run folder", "ok")

    def _obey(self) -> None:
        wanted = self._around.orders.wanted()
        if wanted is not None and self._ledger.begin_epoch(wanted):
            reporter.say("epoch begun", at_least=wanted)
            self._around.orders.done()

    def _observe(self) -> None:
        """Record what was watched so far. What could not be recorded stays in the next observation, with the time as blind.

        It reaches up to the first look at anybody who is still to be told of, so that whatever is recorded after it was seen after it.
        """
        if self._ledger.trouble is not None:
            self._coverage.mark_blind(self._ledger.trouble.reason, self._ledger.trouble.since)
        self._before = add(self._before, self.doorway.take_funnel())
        if self._coverage.is_empty:
            return
        until = self._coverage.reaches(self.doorway.open_since)
        now, funnel = self._clock.boot_ns(), self._before
        if not self._ledger.put_observation(lambda last: self._observation(until, last, funnel), now=now):
            self._next_try_ns = now + _TRY_AGAIN_NS
            return
        self._next_try_ns = 0
        self._coverage.begin_anew(until)
        self._total, self._before = add(self._total, funnel), Funnel()

    def _observation(self, until: BootNs, last_seq: Seq, funnel: Funnel) -> bytes:
        return self._coverage.observation(self._clock, until=until, last_seq=last_seq, funnel=funnel).model_dump_json().encode()

    def _be(self, state: str) -> None:
        if state != self._state:
            reporter.state("camera", state, expected=state in _EXPECTED)
            self._state = state
            self._next_report_ns = 0

    def _end(self, state: str) -> None:
        self._record(self.doorway.finish())
        self._observe()
        self._state = state
        self._outside(self._around.stills.clear)
        self._report()

    def _report(self) -> None:
        self._outside(lambda: self._around.report(self._said()))

    def _said(self) -> CaptureReport:
        facts = self._ledger.facts()
        return CaptureReport(
            at=self._clock.reading(),
            camera=self._state,
            last_frame_boot_ns=self._last_frame,
            model_id=self._rules.model_id,
            wanted_model_id=self._rules.wanted_model_id,
            gallery_revision=self._rules.gallery.revision,
            settings_revision=self._rules.settings.revision,
            settings_refused=self._rules.settings_refused,
            funnel=self._total,
            refused=facts.refused,
            crops_shed=facts.crops_shed,
            fsync_p99_ms=facts.fsync_p99_ms,
            disk_errors=facts.disk_errors,
            card=facts.card,
        )
