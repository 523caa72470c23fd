"""Are two pictures of a face pictures of one flat thing? What is flat, however it moves, maps onto itself by a homography; a head does not.

What is compared is not brightness but fine structure, which a lamp changes least.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr

SIZE_PX: Final = 64
"""Pictures are compared at this size."""

_FINE_PX: Final = 1.0
"""Detail smaller than this is noise."""
_COARSE_PX: Final = 3.0
"""Brightness is taken relative to what lies so near: what remains is structure."""
_FLOOR: Final = 3.0
"""Grey levels of contrast below which structure counts for less."""
_SMOOTHING_PX: Final = 3
_STOP: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-4)

Structure = NDArray[np.float32]
"""A grey picture without its brightness and contrast, SIZE_PX × SIZE_PX."""


def structure(picture: Bgr) -> Structure:
    """Of a square BGR picture of a face."""
    small = cv2.resize(picture, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), _FINE_PX)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), _COARSE_PX)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _COARSE_PX))
    return np.asarray(detail / (contrast + _FLOOR), np.float32)


def likeness(first: Structure, second: Structure, onto: NDArray[np.float64] | None = None) -> float:
    """Correlation of the two within the face, −1 to 1, the second laid over the first as a plane would lie.

    `onto` (3, 3) is a first guess of where points of the first lie in the second. 0 where no such map brings them nearer.
    """
    guess = np.asarray(np.eye(3) if onto is None else onto, np.float32)
    try:
        found, _ = cv2.findTransformECC(first, second, guess, cv2.MOTION_HOMOGRAPHY, _STOP, _face(), _SMOOTHING_PX)
    except cv2.error:
        return 0.0
    return float(found) if np.isfinite(found) else 0.0


def _face() -> NDArray[np.uint8]:
    """The part of a picture that shows the face and not what is around it."""
    mask = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    middle, half = (SIZE_PX // 2, SIZE_PX // 2), (round(0.40 * SIZE_PX), round(0.44 * SIZE_PX))
    return np.asarray(cv2.ellipse(mask, middle, half, 0, 0, 360, (255,), cv2.FILLED), np.uint8)
