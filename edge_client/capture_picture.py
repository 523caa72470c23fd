"""Does the camera show a scene at all? Finds a lens that is covered, a picture that stands still, and darkness.

Measured once a second on a small copy. Ordinary scenes are far from both bars: the step between neighbouring cells of 80×45 that one in
a hundred exceeds is at least 56 grey levels in every frame of a filmed stage and in 303 portraits; a tenth of that stage's light leaves
6 to 11, something flat before a noisy sensor 1 to 5, a blur of a sixteenth of the picture's width at most 8. From one second to the next
88 % or more of the pixels of that film change, and 4 % or more from one frame to the next; of a picture that stands still, none.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr
from shared_schema.ids import BootNs

COVERED: Final = "covered"
DARK: Final = "dark"
FROZEN: Final = "frozen"

_EVERY_NS: Final = 1_000_000_000
_BLANK_AFTER_NS: Final = 10_000_000_000
"""Nobody stands so long with their back against the lens."""
_FROZEN_AFTER_NS: Final = 60_000_000_000
"""A network camera that has nothing new to tell repeats its picture from one key frame to the next, some for half a minute."""
_MIN_STEP: Final = 11.0
"""Grey levels between neighbouring cells that the steepest hundredth must reach."""
_CLEAR_STEP: Final = 14.0
"""A picture that was blank is a scene again from here on."""
_DARK: Final = 16.0
"""Mean grey level below which a blank picture is called dark: night, or something black before the lens; nobody can tell from inside."""
_CELLS: Final = (80, 45)
_SAMPLE_PX: Final = 8
"""Every so many pixels one is compared with its value a second ago."""
_SAME_SHARE: Final = 0.995
"""A sensor's noise changes many pixels from frame to frame; a clock that is painted into a frozen picture changes few."""


@dataclass(frozen=True, slots=True)
class Blank:
    """What is wrong with the picture, and since when."""

    reason: str
    since: BootNs


class PictureCheck:
    """Looks at the frames of one camera in the order of their time."""

    def __init__(self) -> None:
        self._next_ns = 0
        self._sample: NDArray[np.uint8] | None = None
        self._still_since: BootNs | None = None
        self._blank_since: BootNs | None = None
        self._is_dark = False
        self.found: Blank | None = None

    def look(self, frame: Bgr, at: BootNs) -> Blank | None:
        """What is wrong with the picture now; None while it shows a scene, or for less than the time it takes to be sure."""
        if at >= self._next_ns:
            self._next_ns = at + _EVERY_NS
            self._look_for_change(frame, at)
            self._look_for_detail(frame, at)
            self.found = self._judge(at)
        return self.found

    def _look_for_change(self, frame: Bgr, at: BootNs) -> None:
        sample = frame[::_SAMPLE_PX, ::_SAMPLE_PX].copy()
        before, self._sample = self._sample, sample
        is_same = before is not None and before.shape == sample.shape and float((before == sample).all(axis=2).mean()) >= _SAME_SHARE
        if not is_same:
            self._still_since = at

    def _look_for_detail(self, frame: Bgr, at: BootNs) -> None:
        light, step = detail(frame)
        needed = _MIN_STEP if self._blank_since is None else _CLEAR_STEP
        if step >= needed:
            self._blank_since = None
        elif self._blank_since is None:
            self._blank_since = at
        self._is_dark = light < _DARK

    def _judge(self, at: BootNs) -> Blank | None:
        if self._blank_since is not None and at - self._blank_since >= _BLANK_AFTER_NS:
            return Blank(DARK if self._is_dark else COVERED, self._blank_since)
        if self._still_since is not None and at - self._still_since >= _FROZEN_AFTER_NS:
            return Blank(FROZEN, self._still_since)
        return None


def detail(frame: Bgr) -> tuple[float, float]:
    """Mean grey level of a BGR frame, and the step between neighbouring cells of it that one in a hundred exceeds."""
    small = cv2.resize(frame, _CELLS, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
    steps = np.maximum(np.abs(np.diff(grey, axis=1))[:-1], np.abs(np.diff(grey, axis=0))[:, :-1])
    return float(grey.mean()), float(np.percentile(steps, 99))
