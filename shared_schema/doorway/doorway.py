"""The doorway: motion → detect → quality → track → align and embed → match → fuse → pass decided."""

from typing import Final

from shared_schema.doorway.decide import Doubt, Verdict, decide
from shared_schema.doorway.funnel import FunnelCounter
from shared_schema.doorway.link import are_one_person, followed_by, link, take_turns
from shared_schema.doorway.liveness import pad_value
from shared_schema.doorway.motion import MotionGate
from shared_schema.doorway.see import Eyes, full_at
from shared_schema.doorway.track import Seen, Track
from shared_schema.doorway.types import DoorPolicy, PassDecided, Pipeline
from shared_schema.doorway.visits import Visits
from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr, FaceError
from shared_schema.ids import BootNs, PersonId
from shared_schema.observation import Funnel
from shared_schema.sighting import Outcome

_LONGEST_OPEN_TIMEOUTS: Final = 10
"""Somebody who stays without being recognised is decided after so many pass timeouts: staff hear of them while they are there."""

_PAD_PATIENCE_NS: Final = 1_000_000_000
"""A match waits so long after the first good look for the evidence against held pictures."""


class Doorway:
    """What happens at one door. Feed it frames in the order of their time; the same frames give the same passes.

    A pass that can be matched is told of at once; otherwise when its face has gone, or when it has stayed very long. Who was told of as
    unsure or unknown and is recognised later, while still there or when coming back, is told of once more, as a match; nothing else is
    told twice: a face that stays does not start anew, and whoever was told of and is seen again within the cooldown, counted from when
    they were last in view, is the same visit. A pass in which every face was gated gives no sighting; the funnel counts it. Nor does an
    unknown face that a single frame showed (the funnel's `too_brief`): frames come so often that a person is in several, while what
    is taken for a face by mistake seldom is twice. Who is like somebody enrolled is told of even then, as unsure.
    """

    def __init__(self, pipeline: Pipeline, gallery: Gallery, policy: DoorPolicy) -> None:
        self._eyes = Eyes(pipeline)
        self._gallery = _usable(gallery, pipeline)
        self._policy = policy
        self._gate = MotionGate()
        self._tracks: list[Track] = []
        self._begun = 0
        self._visits = Visits()
        self._funnel = FunnelCounter()

    def use(self, *, gallery: Gallery | None = None, policy: DoorPolicy | None = None) -> None:
        """Go on with another gallery or policy; open passes are decided by the new ones. Raises FaceError for another model's gallery."""
        if gallery is not None:
            self._gallery = _usable(gallery, self._eyes.pipeline)
        if policy is not None:
            self._policy = policy

    def step(self, frame: Bgr, at: BootNs) -> tuple[PassDecided, ...]:
        """Look at one BGR frame, not older than the one before, and return the passes that are decided now."""
        decided = self._close([track for track in self._tracks if at - track.until_at > self._policy.pass_timeout_ns])
        opened = self._gate.is_open(frame) or bool(self._tracks)
        self._funnel.frame(motion=opened)
        if opened:
            self._follow(self._see(frame, at), at)
            self._join(at)
            decided += self._decide_early(at)
        if not self._tracks:
            self._visits.forget(at, self._policy)
        return decided

    def finish(self) -> tuple[PassDecided, ...]:
        """The frames are at an end: close every open pass."""
        return self._close(self._tracks)

    def take_funnel(self) -> Funnel:
        """What became of the frames since the last call."""
        return self._funnel.take()

    def _see(self, frame: Bgr, at: BootNs) -> list[Seen]:
        found = self._eyes.see(frame, at, self._tracks, self._policy)
        for _, gate in found:
            self._funnel.face(gate)
        return [seen for seen, _ in found]

    def _follow(self, seen: list[Seen], at: BootNs) -> None:
        linked = link(self._tracks, seen, at, self._policy)
        for index, track in linked.items():
            track.add(seen[index], at, full_at(self._policy))
        begun = [self._begin(face, at) for index, face in enumerate(seen) if index not in linked]
        self._tracks += begun
        together = [*linked.values(), *begun]
        for track in together:
            self._visits.still_here(track)
            track.beside.update(part for other in together if other is not track for part in other.parts)

    def _begin(self, face: Seen, at: BootNs) -> Track:
        self._begun += 1
        track = Track(self._begun, face, at)
        track.follows = followed_by(track, self._tracks)
        return track

    def _join(self, at: BootNs) -> None:
        """A face that was lost and taken for a new one goes on as it was, once it is seen to be the same."""
        for track in [track for track in self._tracks if track.until_at == at]:
            lost = (other for other in self._tracks if other.until_at < at and are_one_person(other, track, self._policy))
            if (earlier := next(lost, None)) is not None:
                earlier.join(track, full_at(self._policy))
                self._tracks.remove(track)

    def _decide_early(self, at: BootNs) -> tuple[PassDecided, ...]:
        decided = []
        for track in [track for track in self._tracks if track.until_at == at and track.looks]:
            stayed = track.told is None and at - track.from_at > _LONGEST_OPEN_TIMEOUTS * self._policy.pass_timeout_ns
            if stayed or self._may_match(track, at):
                verdict = self._judge(track)
                if stayed or (verdict.outcome is Outcome.MATCH and not self._waits(track, verdict, at)):
                    decided += self._tell(track, verdict)
        return tuple(decided)

    def _waits(self, track: Track, verdict: Verdict, at: BootNs) -> bool:
        """Whether a match waits a little for looks so far apart that a held picture would show."""
        first = min(look.at for look in track.looks)
        return self._policy.pad and verdict.pad_value is None and at - first < _PAD_PATIENCE_NS

    def _may_match(self, track: Track, at: BootNs) -> bool:
        """Whether an open pass is worth judging: there is a new look at it, and somebody is near enough."""
        if track.told is Outcome.MATCH or track.is_flagged or track.probe is None or track.last_look is None or track.last_look.at != at:
            return False
        first, _ = self._gallery.search(track.probe)
        return first is not None and first.similarity >= self._policy.early_similarity

    def _close(self, gone: list[Track]) -> tuple[PassDecided, ...]:
        decided = []
        for track in list(gone):
            self._tracks.remove(track)
            if track.told is None and track.looks:
                decided += self._conclude(track)
            elif track.told is None:
                self._funnel.pass_closed(None)
        return tuple(decided)

    def _conclude(self, track: Track) -> list[PassDecided]:
        """What an ended track was. Of a head that turned, or turned back, the track that is still followed will tell."""
        verdict = self._judge(track)
        other = next((other for other in self._tracks if take_turns(track, other)), None)
        if other is not None and verdict.outcome is not Outcome.MATCH:
            other.join(track, full_at(self._policy))
            return []
        if verdict.outcome is Outcome.UNKNOWN and track.frames < self._policy.min_frames:
            self._funnel.pass_too_brief()
            return []
        return self._tell(track, verdict)

    def _judge(self, track: Track) -> Verdict:
        return decide(track.looks, self._gallery, self._policy, pad_value(track.looks) if self._policy.pad else None)

    def _tell(self, track: Track, verdict: Verdict) -> list[PassDecided]:
        """The pass, or nothing when it is part of a visit that was told of."""
        is_repeated = self._visits.is_repeated(track, verdict, self._policy)
        self._count(track, None if is_repeated else verdict)
        track.told = verdict.outcome
        track.is_flagged = Doubt.PAD in verdict.evidence.doubts
        if verdict.outcome is Outcome.MATCH and verdict.candidate is not None:
            track.person = PersonId(verdict.candidate.person)
        self._visits.remember(track, verdict)
        return [] if is_repeated else [_pass_of(track, verdict)]

    def _count(self, track: Track, verdict: Verdict | None) -> None:
        if track.told is None:
            self._funnel.pass_closed(verdict)
        elif verdict is not None:
            self._funnel.recognised_after_all()


def _pass_of(track: Track, verdict: Verdict) -> PassDecided:
    best = track.looks[0]
    return PassDecided(
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


def _usable(gallery: Gallery, pipeline: Pipeline) -> Gallery:
    if gallery.model_id != pipeline.model_id:
        raise FaceError(
            "wrong_model",
            f"the gallery was made with model {gallery.model_id}, this door runs {pipeline.model_id}; install the same model on both sides",
        )
    return gallery
