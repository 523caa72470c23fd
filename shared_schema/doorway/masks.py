"""Regions that nobody looks at: a window on the street, a desk, a neighbour's door."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr, Box
from shared_schema.node import Mask

_BLANK: Final = (96, 96, 96)
_RASTER: Final = (320, 180)
"""Cells in which the masked share of a face is counted."""


class Masks:
    """Polygons in shares of the frame."""

    def __init__(self, polygons: Sequence[Mask] = ()) -> None:
        self.polygons = tuple(polygons)
        self._raster = np.zeros(_RASTER[::-1], np.uint8)
        for polygon in self.polygons:
            cv2.fillPoly(self._raster, [corners_px(polygon, *_RASTER)], (1,))

    def blank(self, frame: Bgr) -> Bgr:
        """The BGR frame with every masked region in one grey, so that neither motion, faces nor evidence images come from there.

        The frame itself, when there are no masks; otherwise a copy.
        """
        if not self.polygons:
            return frame
        seen = frame.copy()
        for polygon in self.polygons:
            cv2.fillPoly(seen, [corners_px(polygon, frame.shape[1], frame.shape[0])], _BLANK)
        return seen

    def share_of(self, box: Box, width: int, height: int) -> float:
        """How much of a box in a frame of that size is masked, from 0 to 1; what lies outside the frame is not."""
        if not self.polygons:
            return 0.0
        across, down = _RASTER[0] / width, _RASTER[1] / height
        left, right = (int(np.clip(round(edge * across), 0, _RASTER[0])) for edge in (box.left, box.right))
        top, bottom = (int(np.clip(round(edge * down), 0, _RASTER[1])) for edge in (box.top, box.bottom))
        cells = self._raster[top:bottom, left:right]
        return float(cells.mean()) if cells.size else 0.0


def corners_px(mask: Mask, width: int, height: int) -> NDArray[np.int32]:
    """The corners in whole pixels of a frame of that size, (n, 2)."""
    return np.asarray(np.round(np.asarray(mask, np.float64) * (width, height)), np.int32)
