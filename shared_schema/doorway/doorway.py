"""The doorway: motion → detect → quality → track → align and embed → match → fuse → pass decided."""

from collections.abc import Iterable
from typing import Final

from shared_schema.doorway.decide import Verdict, decide
from shared_schema.doorway.funnel import FunnelCounter
from shared_schema.doorway.motion import MotionGate
from shared_schema.doorway.track import Seen, Track, link
from shared_schema.doorway.types import DoorPolicy, Look, PassDecided, Pipeline
from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr, FaceError
from shared_schema.ids import BootNs, PersonId
from shared_schema.observation import Funnel
from shared_schema.sighting import Outcome

_LONGEST_OPEN_TIMEOUTS: Final = 10
"""Somebody who stays without being recognised is decided after so many pass timeouts: staff hear of them while they are there."""


class Doorway:
    """What happens at one door. Feed it frames in the order of their time; the same frames give the same passes.

    A pass that can be matched is decided at once; otherwise when its face has gone, or when it has stayed very long. Every track
    is decided once: a face that stays does not start anew. A person matched again within the cooldown, counted from when they
    were last in view, is the same sighting. A pass in which every face was gated gives no sighting; the funnel counts it. Nor does an
    unknown face that a single frame showed (the funnel's `too_brief`): frames come so often that a person is in several, while what
    is taken for a face by mistake seldom is twice. Who is like somebody enrolled is told of even then, as unsure.
    """

    def __init__(self, pipeline: Pipeline, gallery: Gallery, policy: DoorPolicy) -> None:
        self._pipeline = pipeline
        self._gallery = _usable(gallery, pipeline)
        self._policy = policy
        self._gate = MotionGate()
        self._tracks: list[Track] = []
        self._matched: dict[PersonId, BootNs] = {}
        self._funnel = FunnelCounter()

    def use(self, *, gallery: Gallery | None = None, policy: DoorPolicy | None = None) -> None:
        """Go on with another gallery or policy; open passes are decided by the new ones. Raises FaceError for another model's gallery."""
        if gallery is not None:
            self._gallery = _usable(gallery, self._pipeline)
        if policy is not None:
            self._policy = policy

    def step(self, frame: Bgr, at: BootNs) -> tuple[PassDecided, ...]:
        """Look at one BGR frame, not older than the one before, and return the passes that are decided now."""
        decided = self._close(track for track in self._tracks if at - track.until_at > self._policy.pass_timeout_ns)
        opened = self._gate.is_open(frame) or bool(self._tracks)
        self._funnel.frame(motion=opened)
        if opened:
            self._follow(self._see(frame, at), at)
            decided += self._decide_early(at)
        return decided

    def finish(self) -> tuple[PassDecided, ...]:
        """The frames are at an end: close every open pass."""
        return self._close(self._tracks)

    def take_funnel(self) -> Funnel:
        """What became of the frames since the last call."""
        return self._funnel.take()

    def _see(self, frame: Bgr, at: BootNs) -> list[Seen]:
        faces = self._pipeline.detect(frame)
        qualities = [self._pipeline.assess(frame, face, min_face_px=self._policy.min_face_px) for face in faces]
        good = tuple(face for face, quality in zip(faces, qualities, strict=True) if quality.gate is None)
        rows = iter(self._pipeline.embed(frame, good) if good else ())
        seen = []
        for face, quality in zip(faces, qualities, strict=True):
            self._funnel.face(quality.gate)
            look = None if quality.gate is not None else Look(next(rows), quality, self._pipeline.crop(frame, face), at)
            seen.append(Seen(face.box, look))
        return seen

    def _follow(self, seen: list[Seen], at: BootNs) -> None:
        linked = link(self._tracks, seen, self._policy)
        for index, face in enumerate(seen):
            track = linked.get(index)
            if track is None:
                self._tracks.append(Track(face, at))
                continue
            track.add(face, at)
            if track.person is not None:
                self._matched[track.person] = at

    def _decide_early(self, at: BootNs) -> tuple[PassDecided, ...]:
        decided = []
        for track in self._tracks:
            if track.decided or track.until_at != at or not track.looks:
                continue
            verdict = decide(track.looks, self._gallery, self._policy)
            stayed = at - track.from_at > _LONGEST_OPEN_TIMEOUTS * self._policy.pass_timeout_ns
            if verdict.outcome is Outcome.MATCH or stayed:
                decided += self._record(track, verdict)
        return tuple(decided)

    def _close(self, ended: Iterable[Track]) -> tuple[PassDecided, ...]:
        gone = list(ended)
        decided = []
        for track in gone:
            if not track.decided and track.looks:
                decided += self._conclude(track)
            elif not track.decided:
                self._funnel.pass_closed(None)
        self._tracks = [track for track in self._tracks if track not in gone]
        return tuple(decided)

    def _conclude(self, track: Track) -> list[PassDecided]:
        """What an ended track was."""
        verdict = decide(track.looks, self._gallery, self._policy)
        if verdict.outcome is Outcome.UNKNOWN and track.frames < self._policy.min_frames:
            self._funnel.pass_too_brief()
            return []
        return self._record(track, verdict)

    def _record(self, track: Track, verdict: Verdict) -> list[PassDecided]:
        """The pass, or nothing when its person was matched within the cooldown."""
        track.decided = True
        if self._is_repeated(track, verdict):
            self._funnel.pass_closed(None)
            return []
        self._funnel.pass_closed(verdict.outcome)
        best = track.looks[0]
        return [
            PassDecided(
                outcome=verdict.outcome,
                candidate=verdict.candidate,
                runner_up=verdict.runner_up,
                evidence=verdict.evidence,
                probe=verdict.probe,
                crop=best.crop,
                best_at=best.at,
                from_at=track.from_at,
                until_at=track.until_at,
                pad_value=verdict.pad_value,
            )
        ]

    def _is_repeated(self, track: Track, verdict: Verdict) -> bool:
        if verdict.outcome is not Outcome.MATCH or verdict.candidate is None:
            return False
        person = PersonId(verdict.candidate.person)
        last = self._matched.get(person)
        self._matched[person] = max(track.until_at, last or track.until_at)
        track.person = person
        return last is not None and track.from_at - last < self._policy.cooldown_ns


def _usable(gallery: Gallery, pipeline: Pipeline) -> Gallery:
    if gallery.model_id != pipeline.model_id:
        raise FaceError(
            "wrong_model",
            f"the gallery was made with model {gallery.model_id}, this door runs {pipeline.model_id}; install the same model on both sides",
        )
    return gallery
