"""Shows a clip to a doorway and says whose each of its passes was, by where the face was, not by what the doorway believes."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from shared_schema.doorway import DoorPolicy, Doorway, PassDecided, Pipeline
from shared_schema.evaluate.doorwalk.clip import STEP_MS, Clip
from shared_schema.face.manifest import ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box, Face
from shared_schema.ids import BootNs
from shared_schema.observation import Funnel

STEP_NS: Final = STEP_MS * 1_000_000
_AT_HOME: Final = 0.8
"""A pass is somebody's when the face of its best frame lies no farther from theirs, in widths of the wider one."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """One pass of a clip: whose face it was (None: nobody's), in which frame it was decided, and what was decided."""

    walker: int | None
    frame: int
    decided: PassDecided


@dataclass(frozen=True, slots=True)
class Played:
    """What a doorway made of a clip. `seconds` is the time it took for all frames, without making them."""

    sightings: tuple[Sighted, ...]
    funnel: Funnel
    frames: int
    seconds: float


class Frames(Protocol):
    """The frames of a clip; `Film` makes them."""

    def frame(self, number: int) -> Bgr: ...


class Witness(Pipeline, Protocol):
    """A pipeline that can say where in its frame an evidence crop was taken."""

    def place_of(self, crop: Bgr) -> Box | None: ...

    def forget(self) -> None: ...


class WitnessPipeline(FacePipeline):
    """The product's pipeline, unchanged but for its memory of the crops of a clip."""

    def __init__(self, model_set: ModelSet) -> None:
        super().__init__(model_set)
        self._crops: list[tuple[Bgr, Box]] = []

    def crop(self, frame: Bgr, face: Face) -> Bgr:
        crop = super().crop(frame, face)
        self._crops.append((crop, face.box))
        return crop

    def place_of(self, crop: Bgr) -> Box | None:
        """Where the face of a crop was; None for a crop that is not of this clip."""
        return next((box for known, box in self._crops if known is crop or np.array_equal(known, crop)), None)

    def forget(self) -> None:
        """A new clip begins."""
        self._crops.clear()


def play(film: Frames, clip: Clip, pipeline: Witness, gallery: Gallery, policy: DoorPolicy) -> Played:
    """A doorway of its own sees every frame of the clip, one each `STEP_MS`, then its end."""
    pipeline.forget()
    doorway = Doorway(pipeline, gallery, policy)
    sightings: list[Sighted] = []
    seconds = 0.0
    for number in range(clip.frames):
        frame = film.frame(number)
        began = time.perf_counter()
        passes = doorway.step(frame, BootNs((number + 1) * STEP_NS))
        seconds += time.perf_counter() - began
        sightings += _sighted(passes, number, clip, pipeline)
    sightings += _sighted(doorway.finish(), clip.frames, clip, pipeline)
    return Played(tuple(sightings), doorway.take_funnel(), clip.frames, seconds)


def _sighted(passes: Iterable[PassDecided], number: int, clip: Clip, witness: Witness) -> list[Sighted]:
    return [Sighted(_whose(decided, clip, witness), number, decided) for decided in passes]


def _whose(decided: PassDecided, clip: Clip, witness: Witness) -> int | None:
    box = witness.place_of(decided.crop)
    return None if box is None else nearest(box, clip, decided.best_at // STEP_NS - 1)


def nearest(box: Box, clip: Clip, number: int) -> int | None:
    """The walker whose face lies at the box in that frame, None when there is none."""
    apart: dict[int, float] = {}
    for walker, walk in enumerate(clip.walks):
        moment = walk[number]
        if moment is not None:
            away = math.hypot(box.left + box.width / 2 - moment.x, box.top + box.height / 2 - moment.y)
            apart[walker] = away / max(box.width, moment.face_px) + 0.5 * abs(math.log(box.width / moment.face_px))
    best = min(apart, key=lambda walker: apart[walker], default=None)
    return best if best is not None and apart[best] <= _AT_HOME else None
