"""The doorway: motion → detect → quality → track → align and embed → match → fuse → pass decided."""

from collections.abc import Sequence
from typing import Final

from shared_schema.doorway.decide import Doubt, Verdict, decide
from shared_schema.doorway.funnel import FunnelCounter
from shared_schema.doorway.link import are_one_person, followed_by, link, take_turns
from shared_schema.doorway.liveness import pad_value
from shared_schema.doorway.masks import Masks
from shared_schema.doorway.motion import MotionGate
from shared_schema.doorway.see import Eyes, full_at
from shared_schema.doorway.track import Seen, Track
from shared_schema.doorway.types import DoorPolicy, PassDecided, Pipeline
from shared_schema.doorway.visits import Visits
from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr, Face, FaceError, Quality
from shared_schema.ids import BootNs, PersonId
from shared_schema.node import Mask
from shared_schema.observation import Funnel
from shared_schema.sighting import Outcome

_LONGEST_OPEN_TIMEOUTS: Final = 10
"""Somebody who stays without being recognised is decided after so many pass timeouts: staff hear of them while they are there."""

_HIDDEN_NS: Final = 3_000_000_000
"""Who was not recognised when their face had gone is told of so much later, within the cooldown: until then they may come out from
behind somebody else."""
_PAD_PATIENCE_NS: Final = 1_000_000_000
"""A match waits so long after the first good look for the evidence against held pictures."""


class Doorway:
    """What happens at one door. Feed it frames in the order of their time; the same frames give the same passes.

    A pass that can be matched is told of at once; otherwise when its face has gone and does not come back, or when it has stayed very
    long. Who was told of as unsure or unknown and is recognised later, while still there or when coming back, is told of once more, as a
    match; nothing else is told twice: a face that stays does not start anew, and whoever was told of and is seen again within the
    cooldown, counted from when they were last in view, is the same visit. A pass in which every face was gated gives no sighting; the
    funnel counts it. Nor does an unknown face that a single frame showed (the funnel's `too_brief`): frames come so often that a person
    is in several, while what is taken for a face by mistake seldom is twice. Who is like somebody enrolled is told of even then, as
    unsure.

    Somebody unsure or unknown is told of one pass timeout and 3 s after their face has gone, 4.5 s with the settings as they come, or
    at once by `finish`; a match waits for nothing of that.
    """

    def __init__(self, pipeline: Pipeline, gallery: Gallery, policy: DoorPolicy) -> None:
        self._eyes = Eyes(pipeline)
        self._gallery = _usable(gallery, pipeline)
        self._policy = policy
        self._gate = MotionGate()
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._begun = 0
        self._visits = Visits()
        self._funnel = FunnelCounter()

    def use(self, *, gallery: Gallery | None = None, policy: DoorPolicy | None = None, masks: Sequence[Mask] | None = None) -> None:
        """Go on with another gallery or policy, by which open passes are decided, or other masks, behind which nothing is seen any more.

        Raises FaceError for another model's gallery.
        """
        if gallery is not None:
            self._gallery = _usable(gallery, self._eyes.pipeline)
        if policy is not None:
            self._policy = policy
        if masks is not None and tuple(masks) != self._eyes.masks.polygons:
            self._eyes.masks = Masks(masks)

    def step(self, frame: Bgr, at: BootNs) -> tuple[PassDecided, ...]:
        """Look at one BGR frame, not older than the one before, and return the passes that are decided now."""
        frame = self._eyes.masks.blank(frame)
        decided = self._retire(at)
        opened = self._gate.is_open(frame) or bool(self._tracks)
        self._funnel.frame(motion=opened)
        if opened:
            self._follow(self._see(frame, at), at)
            self._join(at)
            decided += self._decide_early(at)
        if not self._tracks and not self._lost:
            self._visits.forget(at, self._policy)
        return decided

    def survey(self, frame: Bgr) -> tuple[tuple[Face, Quality], ...]:
        """Every face of a BGR frame and how good a look at it is, for whoever mounts the camera; it changes nothing here."""
        return self._eyes.survey(self._eyes.masks.blank(frame), self._policy)

    @property
    def open_since(self) -> BootNs | None:
        """The earliest look at anybody who was not told of yet; None when there is nobody. Whoever is told of later was seen since then."""
        untold = [track for track in (*self._tracks, *self._lost) if track.told is None]
        return min((look.at for track in untold for look in track.looks), default=None)

    def finish(self) -> tuple[PassDecided, ...]:
        """The frames are at an end: close every open pass."""
        return self._close(self._tracks) + self._give_up(self._lost)

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
            unseen = [other for other in (*self._tracks, *self._lost) if other.until_at < at]
            earlier = next((other for other in unseen if are_one_person(other, track, self._policy)), None)
            if earlier is not None:
                self._lost = [other for other in self._lost if other is not earlier]
                earlier.join(track, full_at(self._policy))
                self._tracks = [*(other for other in self._tracks if other not in {earlier, track}), earlier]

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
        return first is not None and first.similarity >= self._policy.towards(track.probe).early_similarity

    def _retire(self, at: BootNs) -> tuple[PassDecided, ...]:
        """Passes whose face has gone: who can be named is, who cannot may yet come back."""
        gone = [track for track in self._tracks if at - track.until_at > self._policy.pass_timeout_ns]
        decided = self._close(gone)
        patience_ns = max(self._policy.pass_timeout_ns, min(self._policy.pass_timeout_ns + _HIDDEN_NS, self._policy.cooldown_ns))
        return decided + self._give_up([track for track in self._lost if at - track.until_at > patience_ns])

    def _close(self, gone: Sequence[Track]) -> tuple[PassDecided, ...]:
        """Name who can be named, and keep the others for a while. Of a head that turned, the track that is still there will tell."""
        decided: list[PassDecided] = []
        for track in gone:
            self._tracks = [other for other in self._tracks if other is not track]
            if track.told is None and track.looks:
                decided += self._name_or_keep(track)
            elif track.told is None:
                self._funnel.pass_closed(None)
        return tuple(decided)

    def _name_or_keep(self, track: Track) -> list[PassDecided]:
        verdict = self._judge(track)
        if verdict.outcome is Outcome.MATCH:
            return self._tell(track, verdict)
        other = next((other for other in (*self._tracks, *self._lost) if take_turns(track, other)), None)
        if other is None:
            self._lost.append(track)
        else:
            other.join(track, full_at(self._policy))
        return []

    def _give_up(self, lost: Sequence[Track]) -> tuple[PassDecided, ...]:
        """Tell of those who did not come back, if they were seen well enough to be anybody."""
        decided: list[PassDecided] = []
        for track in lost:
            self._lost = [other for other in self._lost if other is not track]
            verdict = self._judge(track)
            if verdict.outcome is Outcome.UNKNOWN and track.frames < self._policy.min_frames:
                self._funnel.pass_too_brief()
            else:
                decided += self._tell(track, verdict)
        return tuple(decided)

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
