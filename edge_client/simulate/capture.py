"""What capture would leave of the passes: sightings, observations without holes, its report. The outbox is the real one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from edge_client.capture_report import CaptureReport
from edge_client.clock import Clock
from edge_client.outbox.store import Outbox, Recorded
from edge_client.simulate.passes import Passers, Seen
from edge_client.simulate.plan import Model
from shared_schema.doorway.funnel import add
from shared_schema.envelope import Kind
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings
from shared_schema.observation import Funnel, Observation
from shared_schema.sighting import Crop, Outcome, Sighting

_REPORT_EVERY_NS: Final = 10 * 10**9
_PASS_NS: Final = 2 * 10**9

WaitUntil = Callable[[BootNs], bool]
"""Waits for a moment of the boot clock. True: stop now."""
Note = Callable[[Kind, Recorded, Crop | None], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What the courier has brought from the server: the settings, and the gallery's revision (0: none yet)."""

    settings: NodeSettings = field(default_factory=NodeSettings)
    gallery_revision: int = 0


@dataclass
class SyntheticCapture:
    """Capture of one boot of one node, without a camera."""

    outbox: Outbox
    passers: Passers
    clock: Clock
    model: Model
    note: Note
    report: Callable[[CaptureReport], None]
    told: Callable[[], Told] = Told
    _observed: int = 0
    _funnel: Funnel = field(default_factory=Funnel)
    _total: Funnel = field(default_factory=Funnel)

    def watch(self, until: BootNs, wait_until: WaitUntil) -> None:
        """Record who passes until then; the last observation reaches to the end."""
        self._observed = int(self.clock.boot_ns())
        next_pass = self._observed + self.passers.gap_ns()
        next_report = self._observed
        while True:
            told = self.told()
            next_observation = self._observed + told.settings.observation_ms * 1_000_000
            due = min(next_pass, next_observation, next_report, until)
            if wait_until(BootNs(due)) or due >= until:
                break
            if due == next_report:
                next_report += _REPORT_EVERY_NS
                self._report(told)
            elif due == next_observation:
                self._observe(BootNs(due))
            else:
                next_pass += self.passers.gap_ns()
                self._look(BootNs(due), told)
        self._observe(self.clock.boot_ns())

    def _look(self, at: BootNs, told: Told) -> None:
        seen = self.passers.pass_at(at, cooldown_ms=told.settings.cooldown_ms)
        if seen is None:
            return
        crop = Crop(sha256=sha256(seen.crop).hexdigest(), size_bytes=len(seen.crop)) if told.settings.keep_crops else None
        sighting = self._sighting(seen, at, crop, told.gallery_revision)
        payload = sighting.model_dump_json().encode()
        recorded = self.outbox.put(Kind.SIGHTING, payload, probe=seen.probe, crop=seen.crop if crop else None)
        self._funnel = add(self._funnel, _counted(seen))
        self.note(Kind.SIGHTING, recorded, crop)

    def _sighting(self, seen: Seen, at: BootNs, crop: Crop | None, gallery_revision: int) -> Sighting:
        return Sighting(
            at=self.clock.reading_at(at),
            from_boot_ns=max(0, at - _PASS_NS),
            until_boot_ns=at,
            outcome=seen.outcome,
            candidate=seen.candidate,
            runner_up=seen.runner_up,
            evidence=seen.evidence,
            model_id=self.model.id,
            gallery_revision=gallery_revision,
            probe_sha256=sha256(seen.probe).hexdigest(),
            crop=crop,
        )

    def _observe(self, until: BootNs) -> None:
        if until <= self._observed:
            return
        funnel, self._funnel = self._funnel, Funnel()
        self._total = add(self._total, funnel)
        observation = Observation(
            at=self.clock.reading_at(until),
            from_boot_ns=self._observed,
            until_boot_ns=until,
            last_seq=self.outbox.last_seq,
            funnel=funnel,
        )
        self._observed = until
        self.note(Kind.OBSERVATION, self.outbox.put(Kind.OBSERVATION, observation.model_dump_json().encode()), None)

    def _report(self, told: Told) -> None:
        now = self.clock.reading()
        self.report(
            CaptureReport(
                at=now,
                camera="ok",
                last_frame_boot_ns=now.boot_ns,
                model_id=self.model.id,
                wanted_model_id=self.model.id,
                gallery_revision=told.gallery_revision,
                settings_revision=told.settings.revision,
                funnel=add(self._total, self._funnel),
            )
        )


def _counted(seen: Seen) -> Funnel:
    frames = seen.evidence.frames
    return Funnel(
        frames=frames,
        motion=frames,
        faces=frames,
        passes=1,
        matched=int(seen.outcome is Outcome.MATCH),
        unsure=int(seen.outcome is Outcome.UNSURE),
        unknown=int(seen.outcome is Outcome.UNKNOWN),
    )
