"""What part of a frame a detector looks at, and the way back from its small picture to the frame."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.resize import resized
from shared_schema.face.types import Bgr, Box, Points

CLOSE_UP_WIDTHS: Final = 2.0
"""Side of the square of the close-up, in widths of the face's box."""
SEARCH_WIDTHS: Final = 4.0
"""Side of the square in which a face is looked for that was in its middle a moment ago: it may have moved by its own width and grown.

Of 101 faces that had moved by one and a half widths and grown by a third all were found, in a square of three widths 41."""

_WIDE: Final = 1.2
"""A frame longer than this times its short side is looked at in squares."""
_MOST_SQUARES: Final = 8
"""A strip longer than so many squares is looked at in as many wider views."""
_LEAST_SIDE_PX: Final = 8


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the frame that a network looks at; it may reach over the edge."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture lies: picture = frame · scale + shift, both measured from the outer edge of the first pixel."""

    scale: float
    shift: NDArray[np.float32]

    def corners(self, of_picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Corners of boxes in the frame; they keep counting from the edge of the first pixel."""
        return np.asarray((of_picture - self.shift) / self.scale, np.float32)

    def landmarks(self, of_picture: Points) -> Points:
        """Landmarks in the frame; they count from the centre of the first pixel, as warping does."""
        return np.asarray((of_picture - self.shift) / self.scale - 0.5, np.float32)


def squares(width: int, height: int) -> tuple[View, ...]:
    """Overlapping squares along the long side; a frame that is nearly square is one view."""
    short, long = min(width, height), max(width, height)
    if long <= short * _WIDE:
        return (View(0, 0, width, height),)
    count = min(_MOST_SQUARES, int(np.ceil(long / short)))
    reach = max(short, int(np.ceil(long / count)))
    starts = [round(index * (long - reach) / (count - 1)) for index in range(count)]
    return tuple(View(at, 0, reach, short) if width >= height else View(0, at, short, reach) for at in starts)


def search_view(box: Box, width: int, height: int) -> View:
    """Where in a frame of that size a face is that was in `box` a moment ago; pushed back into the frame where it reaches over the edge."""
    side = max(_LEAST_SIDE_PX, _even(max(box.width, box.height) * SEARCH_WIDTHS))
    wide, high = min(side, width), min(side, height)
    left = min(max(round(box.left + box.width / 2 - wide / 2), 0), width - wide)
    top = min(max(round(box.top + box.height / 2 - high / 2), 0), height - high)
    return View(left, top, wide, high)


def close_up_view(box: Box) -> View:
    """The square around one face in which its landmarks are found."""
    side = max(_LEAST_SIDE_PX, _even(max(box.width, box.height) * CLOSE_UP_WIDTHS))
    return View(round(box.left + box.width / 2 - side / 2), round(box.top + box.height / 2 - side / 2), side, side)


def overview(frame: Bgr, square_px: int) -> tuple[Bgr, float]:
    """The frame shrunk once for all coarse looks, so far that its `squares` are `square_px` long, and by which factor."""
    high, wide = frame.shape[:2]
    square = squares(wide, high)[0]
    factor = max(square.width, square.height) / square_px
    if factor <= 1:
        return frame, 1.0
    return resized(frame, (max(1, round(wide / factor)), max(1, round(high / factor))), coarse=True), factor


def fitted(frame: Bgr, view: View, size_px: int) -> tuple[Bgr, Place]:
    """The view, shrunk or grown to fit a black square of `size_px`, and where it lies."""
    part = _cut(frame, view)
    scale = size_px / max(view.width, view.height)
    wide, high = max(1, round(view.width * scale)), max(1, round(view.height * scale))
    small = resized(part, (wide, high))
    if (wide, high) == (size_px, size_px):
        picture, inset = small, (0, 0)
    else:
        inset = ((size_px - wide) // 2, (size_px - high) // 2)
        picture = np.zeros((size_px, size_px, 3), np.uint8)
        picture[inset[1] : inset[1] + high, inset[0] : inset[0] + wide] = small
    shift = np.array([inset[0] - view.left * scale, inset[1] - view.top * scale], np.float32)
    return picture, Place(scale, shift)


def _cut(frame: Bgr, view: View) -> Bgr:
    """The view's pixels; beyond the frame its edge is repeated."""
    high, wide = frame.shape[:2]
    above, below = max(0, -view.top), max(0, view.top + view.height - high)
    before, behind = max(0, -view.left), max(0, view.left + view.width - wide)
    inside = frame[max(view.top, 0) : max(view.top + view.height, 0), max(view.left, 0) : max(view.left + view.width, 0)]
    if not (above or below or before or behind):
        return inside
    return np.asarray(cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_REPLICATE), np.uint8)


def _even(length: float) -> int:
    """Even lengths can be halved."""
    return 2 * round(length / 2)
