"""Did anything move? A gate so cheap that an empty corridor costs next to nothing."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr

_SIZE: Final = (80, 60)
"""Width and height of the small grey picture that is compared."""
_SAMPLED: Final = (320, 240)
"""From a larger frame so many pixels are taken first, evenly: each small one is the mean of sixteen, and a large frame costs no more."""
_STEP: Final = 14.0
"""Grey levels by which a pixel must differ from the background, after a change of light is taken off."""
_SHARE: Final = 0.004
"""Share of the pixels that must differ: 19 of 4,800, a face at the far end of a corridor."""
_HOLD_FRAMES: Final = 10
"""The gate stays open for so many frames after the last motion: who stops for a moment is still there."""
_LEARN_STILL: Final = 0.2
_LEARN_MOVING: Final = 0.03
"""How fast the background follows, per frame. Whatever stays where it came becomes background."""


class MotionGate:
    """Compares every frame with a background that it learns. The first frame always passes: nothing is known yet."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._hold = 0

    def is_open(self, frame: Bgr) -> bool:
        """Whether this BGR frame is worth looking for faces in."""
        small = _small(frame)
        moved = self._background is None or _moved(small, self._background)
        self._learn(small, moved=moved)
        if moved:
            self._hold = _HOLD_FRAMES
            return True
        self._hold = max(0, self._hold - 1)
        return self._hold > 0

    def _learn(self, small: NDArray[np.float32], *, moved: bool) -> None:
        if self._background is None:
            self._background = small
            return
        rate = _LEARN_MOVING if moved else _LEARN_STILL
        self._background += rate * (small - self._background)


def _small(frame: Bgr) -> NDArray[np.float32]:
    if frame.shape[1] > _SAMPLED[0] and frame.shape[0] > _SAMPLED[1]:
        frame = np.asarray(cv2.resize(frame, _SAMPLED, interpolation=cv2.INTER_NEAREST), np.uint8)
    shrunk = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY), np.float32)


def _moved(small: NDArray[np.float32], background: NDArray[np.float32]) -> bool:
    """A lamp switched on changes every pixel alike: the median change is light, what differs from it is motion."""
    change = small - background
    change -= np.median(change)
    return float(np.mean(np.abs(change) > _STEP)) >= _SHARE
