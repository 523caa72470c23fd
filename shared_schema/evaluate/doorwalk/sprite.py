"""Cuts a person out of a picture of their face: head and shoulders softly, with a body below that is drawn."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr, Box

MAX_FACE_PX: Final = 220
"""Larger pictures are shrunk: no face in a clip is wider."""

_WIDE: Final = 3.2
_ABOVE: Final = 1.5
_BELOW: Final = 9.0
"""Extent of the cut-out in widths of the face: its width, and how far it reaches above and below the middle of the face."""
_SHOULDERS: Final = 1.25
_NECK: Final = 0.75
_SOFT: Final = 0.1
_CLOTHES: Final = 0.95
"""Where the picture's own clothes are trusted to end at the latest if the picture ends before, in widths below the middle of the face."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A person: `colours` (rows, columns, 3) BGR, `alpha` (rows, columns) 0 to 1, and the middle and width of the face in it."""

    colours: Bgr
    alpha: NDArray[np.float32]
    x: float
    y: float
    face_px: float


def cut_out(image: Bgr, face: Box) -> Sprite:
    """`face` is where the face lies in the BGR image. What stands beside head and shoulders stays behind."""
    scale = min(1.0, MAX_FACE_PX / face.width)
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    px = face.width * scale
    middle = ((face.left + face.width / 2) * scale, (face.top + face.height / 2) * scale)
    size = (round(_WIDE * px), round((_ABOVE + _BELOW) * px))
    x, y = size[0] / 2, _ABOVE * px
    shift = np.array([[1, 0, x - middle[0]], [0, 1, y - middle[1]]])
    colours = np.asarray(cv2.warpAffine(image, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    _dress(colours, round(y - middle[1] + image.shape[0]), px, x)
    return Sprite(colours, _outline(size, (x, y), px), x, y, px)


def _dress(colours: Bgr, bottom: int, px: float, x: float) -> None:
    """Below the picture's last row go clothes of the colour that it ends with."""
    bottom = min(bottom, colours.shape[0] - 1)
    last = colours[max(0, bottom - max(2, round(px / 10))) : bottom, round(x - 0.7 * px) : round(x + 0.7 * px)]
    colour = np.median(last.reshape(-1, 3), axis=0) if last.size else np.array([90.0, 90.0, 90.0])
    rows = np.arange(colours.shape[0] - bottom, dtype=np.float32)
    shade = np.clip(1 - rows / (14 * px), 0.45, 1)[:, np.newaxis, np.newaxis]
    columns = np.arange(colours.shape[1], dtype=np.float32)
    folds = 1 + 0.08 * np.sin(columns * 2 * np.pi / (0.45 * px))[np.newaxis, :, np.newaxis]
    drawn = np.clip((0.5 * colour + 0.25 * colour.mean()) * shade * folds, 0, 255)
    blend = np.clip(rows / (0.5 * px), 0, 1)[:, np.newaxis, np.newaxis]
    colours[bottom:] = (colours[bottom:] * (1 - blend) + drawn * blend).astype(np.uint8)


def _outline(size: tuple[int, int], middle: tuple[float, float], px: float) -> NDArray[np.float32]:
    """An ellipse for the head and a tapering body, with soft edges."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    x, y = middle

    def spot(across: float, down: float) -> list[int]:
        return [round(x + across * px), round(y + down * px)]

    cv2.ellipse(mask, (round(x), round(y - 0.14 * px)), (round(0.7 * px), round(1.02 * px)), 0, 0, 360, (255,), -1)
    right = ((0.45, _NECK), (0.9, 1.05), (_SHOULDERS, 1.4), (_SHOULDERS + 0.1, 3.5), (1.1, 4.5), (0.85, 8.9))
    left = tuple((-across, down) for across, down in reversed(right))
    cv2.fillPoly(mask, [np.array([spot(*at) for at in (*right, *left)])], (255,))
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, _SOFT * px))
    return np.asarray(soft, np.float32) / 255
