"""A clip without its pixels: who stands where in which frame, what spoils the picture, and which walks are therefore usable."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared_schema.evaluate.lfw import Image
from shared_schema.face.types import Box

STEP_MS: Final = 200
"""Between two frames: the interval of `NodeSettings`."""
FIRST_PX: Final = 30
LAST_PX: Final = 200
"""Widths of the face at the far end of the walk and in front of the camera."""
NEAR_PX: Final = 60
"""From this width on a frame counts as usable, and the time to the decision runs."""
MIN_USABLE_FRAMES: Final = 5
MAX_BLUR: Final = 0.1
"""How far the face of a usable frame may move while the shutter is open, in widths of the face."""
MAX_COVERED: Final = 0.1
"""Share of the face's square that may be covered in a usable frame."""


class Together(StrEnum):
    """How the people of a clip come."""

    ALONE = "alone"
    BESIDE = "side_by_side"
    CROSSING = "crossing"


@dataclass(frozen=True, slots=True)
class Portrait:
    """An image that somebody walks with, and where the face lies in it."""

    image: Image
    face: Box


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody and the images their walk is made of: at least one."""

    name: str
    enrolled: bool
    portraits: tuple[Portrait, ...]


@dataclass(frozen=True, slots=True)
class Cover:
    """Something in front of the face: `share` of its square, from the `side` left, right or below; `grey` is its brightness."""

    share: float
    side: int
    grey: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A walker in one frame: middle and width of the face, tilt in degrees, how far it moves while the shutter is open (all in pixels)."""

    x: float
    y: float
    face_px: float
    portrait: int
    tilt: float
    gain: float
    blur: tuple[float, float]
    cover: Cover | None = None

    def covered_by(self, other: "Moment") -> float:
        """The share of this face's square that the head of somebody nearer covers."""
        if other.face_px <= self.face_px:
            return 0.0
        half, wide, high = self.face_px / 2, other.face_px * 0.8, other.face_px * 1.0
        across = min(self.x + half, other.x + wide) - max(self.x - half, other.x - wide)
        down = min(self.y + half, other.y + 4 * high) - max(self.y - half, other.y - high)
        return max(0.0, across) * max(0.0, down) / self.face_px**2


@dataclass(frozen=True, slots=True)
class Light:
    """Exposure of one frame: 255·(v/255)^gamma·gain, per channel (BGR)."""

    gains: tuple[float, float, float]
    gamma: float


Walk = tuple[Moment | None, ...]
"""One entry per frame; None while the walker is not in view."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole clip. `walks` has one entry per walker, each as long as `lights`.

    `softness` of the lens and `noise` are deviations, in pixels and in grey levels; `jpeg` is a quality.
    """

    seed: int
    size: tuple[int, int]
    together: Together
    walkers: tuple[Walker, ...]
    walks: tuple[Walk, ...]
    lights: tuple[Light, ...]
    softness: float
    noise: float
    jpeg: int

    @property
    def frames(self) -> int:
        return len(self.lights)

    def usable_frames(self, walker: int) -> tuple[int, ...]:
        """The frames in which the face is large enough, whole, uncovered and not blurred: known from how the clip is made."""
        return tuple(number for number in range(self.frames) if self._is_usable(walker, number))

    def is_usable(self, walker: int) -> bool:
        return len(self.usable_frames(walker)) >= MIN_USABLE_FRAMES

    def near_from(self, walker: int) -> int:
        """The first frame in which the face is `NEAR_PX` wide."""
        moments = enumerate(self.walks[walker])
        return next((number for number, moment in moments if moment and moment.face_px >= NEAR_PX), self.frames)

    def _is_usable(self, walker: int, number: int) -> bool:
        moment = self.walks[walker][number]
        if moment is None or moment.face_px < NEAR_PX or not _inside(moment, self.size):
            return False
        if math.hypot(*moment.blur) > MAX_BLUR * moment.face_px or (moment.cover is not None and moment.cover.share > MAX_COVERED):
            return False
        others = (walk[number] for at, walk in enumerate(self.walks) if at != walker)
        return all(other is None or moment.covered_by(other) <= MAX_COVERED for other in others)


def _inside(moment: Moment, size: tuple[int, int]) -> bool:
    half = moment.face_px / 2
    return half <= moment.x <= size[0] - half and half <= moment.y <= size[1] - half
