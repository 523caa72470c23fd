"""Regions that nobody looks at: a window on the street, a desk, a neighbour's door."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr
from shared_schema.node import Mask

_BLANK: Final = (96, 96, 96)


def blank(frame: Bgr, masks: Sequence[Mask]) -> Bgr:
    """The BGR frame with every masked region in one grey, so that neither motion, faces nor evidence images come from there.

    The frame itself, when there are no masks; otherwise a copy.
    """
    if not masks:
        return frame
    seen = frame.copy()
    for mask in masks:
        cv2.fillPoly(seen, [corners_px(mask, frame.shape[1], frame.shape[0])], _BLANK)
    return seen


def corners_px(mask: Mask, width: int, height: int) -> NDArray[np.int32]:
    """The corners in whole pixels of a frame of that size, (n, 2)."""
    return np.asarray(np.round(np.asarray(mask, np.float64) * (width, height)), np.int32)
