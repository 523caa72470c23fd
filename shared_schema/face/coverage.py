"""Which views of a person the samples hold, and which one is missing. It advises; it refuses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from shared_schema.face.types import Face

RECOMMENDED: Final = (3, 5)
"""Samples that make a good template: with fewer much is missed, more add little."""
SIDE_YAW: Final = 0.15
"""Nose tip's distance from the middle of the eyes, in distances between the eyes, from which a face counts as turned: about 12 degrees."""
LIGHT_RATIO: Final = 1.25
"""Two samples are in different light when the brighter one's grey level is at least so many times the other's."""
GOOD_FACE_PX: Final = 100
GOOD_SHARPNESS: Final = 60.0
"""A sample at least so large and so sharp shows what doors can see at their best."""

NOT_TOLD: Final = ("glasses", "beard and hair", "how long ago the picture was taken")
"""What makes samples differ and cannot be read from six points of a face; whoever enrols looks for it."""


@dataclass(frozen=True, slots=True)
class View:
    """How a sample shows the face. `yaw` as `signed_yaw` gives it; `brightness` is a grey level, 0 to 255."""

    yaw: float
    brightness: float
    sharpness: float
    face_px: int


class Aspect(StrEnum):
    """What a good set of samples has."""

    ENOUGH = "enough"
    FRONTAL = "frontal"
    LEFT = "left"
    RIGHT = "right"
    LIGHT = "light"
    CLEAR = "clear"


ADVICE: Final = {
    Aspect.ENOUGH: "add more samples: three to five different ones make recognition much more reliable",
    Aspect.FRONTAL: "add one looking straight at the camera",
    Aspect.LEFT: "add one looking slightly to the left, from the person's own view",
    Aspect.RIGHT: "add one looking slightly to the right, from the person's own view",
    Aspect.LIGHT: "add one in other light, best at the door itself",
    Aspect.CLEAR: "add one from closer and sharp: none of them shows the face clearly",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the samples show, and what is missing, the most useful first."""

    samples: int
    covered: tuple[Aspect, ...]
    missing: tuple[Aspect, ...]

    @property
    def advice(self) -> tuple[str, ...]:
        return tuple(ADVICE[aspect] for aspect in self.missing)


def signed_yaw(face: Face) -> float:
    """The nose tip's shift along the line of the eyes, in distances between them: above 0 the person looks to their own left.

    A mirrored picture, as front cameras like to save them, tells left for right.
    """
    right, left, nose = face.landmarks[:3].astype(np.float64)
    across = left - right
    squared = float(across @ across)
    return float((nose - (right + left) / 2) @ across) / squared if squared >= 1 else 0.0


def coverage(views: Sequence[View]) -> Coverage:
    """What these samples, all part of one template, show of the person."""
    has = {
        Aspect.ENOUGH: len(views) >= RECOMMENDED[0],
        Aspect.FRONTAL: any(abs(view.yaw) < SIDE_YAW for view in views),
        Aspect.LEFT: any(view.yaw >= SIDE_YAW for view in views),
        Aspect.RIGHT: any(view.yaw <= -SIDE_YAW for view in views),
        Aspect.LIGHT: _in_different_light(views),
        Aspect.CLEAR: any(view.face_px >= GOOD_FACE_PX and view.sharpness >= GOOD_SHARPNESS for view in views),
    }
    covered = tuple(aspect for aspect, there in has.items() if there)
    return Coverage(len(views), covered, tuple(aspect for aspect in has if aspect not in covered))


def _in_different_light(views: Sequence[View]) -> bool:
    levels = [view.brightness for view in views]
    return len(levels) >= 2 and max(levels) >= LIGHT_RATIO * max(min(levels), 1.0)
