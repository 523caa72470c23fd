"""Whole clips before a doorway whose pipeline is told what it sees."""

from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from shared_schema.evaluate.doorwalk.clip import Clip, Together, Walker
from shared_schema.evaluate.doorwalk.plan import plan_clip
from shared_schema.evaluate.doorwalk.play import play
from shared_schema.evaluate.doorwalk.tally import ClipResult, Fate, results_of
from shared_schema.face.types import Bgr, Box, Face
from tests.shared_schema.doorway.fakes import POLICY, FakePipeline, Scene, Sight, gallery
from tests.shared_schema.evaluate.doorwalk.walkers import names, walker

ANN, BEN = walker("Ann"), walker("Ben", enrolled=False, images=1)


class Scenery:
    """Frames in which everything moves and that carry their number."""

    def frame(self, number: int) -> Bgr:
        frame = np.full((120, 160, 3), 60 + 90 * (number % 2), np.uint8)
        frame[:60] = 100
        frame[0, 0] = (number % 256, number // 256, 0)
        return frame


class FakeWitness(FakePipeline):
    """Remembers its crops as the real one does."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        super().__init__(scenes)
        self._places: dict[int, Box] = {}
        self._kept_crops: list[Bgr] = []

    def crop(self, frame: Bgr, face: Face) -> Bgr:
        crop = super().crop(frame, face)
        self._kept_crops.append(crop)
        self._places[id(crop)] = face.box
        return crop

    def place_of(self, crop: Bgr) -> Box | None:
        return self._places.get(id(crop))

    def forget(self) -> None:
        self._places.clear()


def scenes_of(clip: Clip, faces: dict[str, str]) -> list[Scene]:
    """What the plan says, as far as the faces are large; `faces` tells whose face each walker shows."""
    scenes: list[Scene] = []
    for number in range(clip.frames):
        moments = [(one.name, walk[number]) for one, walk in zip(clip.walkers, clip.walks, strict=True)]
        seen = [(name, moment) for name, moment in moments if moment is not None and moment.face_px >= 40]
        scenes.append(tuple(Sight(faces[name], moment.x, moment.y, moment.face_px) for name, moment in seen if name in faces))
    return scenes


def outcome(clip: Clip, faces: dict[str, str], more: Callable[[int], Scene] = lambda _: ()) -> ClipResult:
    scenes = [(*scene, *more(number)) for number, scene in enumerate(scenes_of(clip, faces))]
    played = play(Scenery(), clip, FakeWitness(scenes), gallery("Ann", "Cleo"), POLICY)
    return results_of(clip, played, None, names("Ann", "Cleo"))


def pair_clip(together: Together) -> Clip:
    clips = (plan_clip((ANN, BEN), seed) for seed in count())
    return next(clip for clip in clips if clip.together is together)


def fates(result: ClipResult) -> list[Fate]:
    return [one.fate for one in result.results]


def alone(who: Walker) -> Clip:
    return plan_clip([who], 2)


def test_who_is_enrolled_is_named_right_once_and_soon() -> None:
    (one,) = outcome(alone(ANN), {"Ann": "Ann"}).results
    assert (one.fate, one.sightings) == (Fate.RIGHT, 1)
    assert one.seconds is not None
    assert one.seconds <= 1


def test_a_stranger_is_unknown_and_one_with_an_enrolled_face_is_named_wrong() -> None:
    assert fates(outcome(alone(BEN), {"Ben": "Ben"})) == [Fate.UNKNOWN]
    assert fates(outcome(alone(BEN), {"Ben": "Cleo"})) == [Fate.WRONG]


def test_who_is_never_found_is_missed_and_a_find_elsewhere_does_not_count_for_them() -> None:
    def elsewhere(number: int) -> Scene:
        return (Sight("Dora", 5.0, 5.0, 50.0),) if 10 <= number < 20 else ()

    assert fates(outcome(alone(ANN), {})) == [Fate.MISSED]
    result = outcome(alone(ANN), {}, elsewhere)
    assert fates(result) == [Fate.MISSED]
    assert result.nobodys == 1


def test_two_side_by_side_are_told_apart() -> None:
    clip = pair_clip(Together.BESIDE)
    assert fates(outcome(clip, {"Ann": "Ann", "Ben": "Ben"})) == [Fate.RIGHT, Fate.UNKNOWN]
    assert fates(outcome(clip, {"Ann": "Ann", "Ben": "Cleo"})) == [Fate.RIGHT, Fate.WRONG]


def test_two_who_cross_are_told_apart() -> None:
    assert fates(outcome(pair_clip(Together.CROSSING), {"Ann": "Ann", "Ben": "Ben"})) == [Fate.RIGHT, Fate.UNKNOWN]
