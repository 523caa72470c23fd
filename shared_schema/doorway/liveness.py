"""Is it a face or a picture of one? What a pass shows by itself, nothing being asked of whoever comes (presentation attack detection).

A held picture moves, tilts, comes nearer, but stays flat: laid over one another by the plane's own map (a homography), two of its
looks are nearly the same picture. A living face turns in depth, speaks, blinks. So looks some time apart are laid over one another, and
what is compared is not how bright they are but their fine structure, which a lamp changes least.

What it cannot do: a video played to the camera moves like a living face and is not seen, nor is a mask. Who holds quite still, looking
the same way, is like a picture; that is why a flag sends a pass to people and never drops it. Looks nearer in time than `SPAN_NS` are
alike in a living face as much as in a picture and are not compared; that makes the value nearly independent of the frame rate.

Tried and left: how alike the embeddings are (tilt and light change those of a picture as much as a second of life changes those of a
face, many times the errors at the same bar), laying over by similarity or affine maps (a tilted picture is then unlike itself), the
least and the median likeness of the pairs in place of the mean (no better). Measure with `lintel-face evaluate pad`.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.doorway.fuse import SPAN_NS
from shared_schema.doorway.types import Look
from shared_schema.face.types import Bgr

_MOST_LOOKS: Final = 5
"""So many looks, spread over the pass, are compared each with each: at most ten pairs, about 2 ms each."""
_SIZE_PX: Final = 64
_FINE_PX: Final = 1.0
"""Detail smaller than this is noise."""
_COARSE_PX: Final = 3.0
"""Brightness is taken relative to what lies so near: what remains is structure."""
_FLOOR: Final = 3.0
"""Grey levels of contrast below which structure counts for less."""
_SMOOTHING_PX: Final = 3
_STOP: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-4)

_Picture = NDArray[np.float32]


def pad_value(looks: Sequence[Look]) -> float | None:
    """How much the looks of one pass are like a held picture: the mean likeness of looks `SPAN_NS` apart, −1 to 1, the higher the more.

    None where they cannot say: no two looks with a chip lie so far apart. The looks may come in any order. The value depends on the
    embedder's template, which cuts the chips, so the bar stands in the calibration of the model.
    """
    spread = _spread(looks)
    if len(spread) < 2:
        return None
    structures = [_structure(chip) for chip in spread]
    return float(np.mean([_likeness(first, second) for first, second in combinations(structures, 2)]))


def _spread(looks: Sequence[Look]) -> list[Bgr]:
    """The chips of looks at least `SPAN_NS` apart; of many, some from first to last."""
    apart: list[Look] = []
    for look in sorted(looks, key=lambda look: look.at):
        if look.chip is not None and (not apart or look.at - apart[-1].at >= SPAN_NS):
            apart.append(look)
    chosen = np.unique(np.linspace(0, len(apart) - 1, min(len(apart), _MOST_LOOKS)).round().astype(int)) if apart else []
    return [chip for index in chosen if (chip := apart[index].chip) is not None]


def _structure(chip: Bgr) -> _Picture:
    """The chip in grey with local brightness and contrast taken off."""
    small = cv2.resize(chip, (_SIZE_PX, _SIZE_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), _FINE_PX)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), _COARSE_PX)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _COARSE_PX))
    return np.asarray(detail / (contrast + _FLOOR), np.float32)


def _likeness(first: _Picture, second: _Picture) -> float:
    """Correlation of the two within the face, −1 to 1, the second laid over the first as a plane would lie. Flat grey is like nothing."""
    onto = np.eye(3, dtype=np.float32)
    try:
        likeness, _ = cv2.findTransformECC(first, second, onto, cv2.MOTION_HOMOGRAPHY, _STOP, _face(), _SMOOTHING_PX)
    except cv2.error:  # they are so unlike that no map brings them nearer
        return 0.0
    return float(likeness) if np.isfinite(likeness) else 0.0


def _face() -> NDArray[np.uint8]:
    """The part of a chip that shows the face and not what is around it."""
    mask = np.zeros((_SIZE_PX, _SIZE_PX), np.uint8)
    middle, half = (_SIZE_PX // 2, _SIZE_PX // 2), (round(0.40 * _SIZE_PX), round(0.44 * _SIZE_PX))
    return np.asarray(cv2.ellipse(mask, middle, half, 0, 0, 360, (255,), cv2.FILLED), np.uint8)
