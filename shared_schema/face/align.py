"""Turns a face upright and to size: a least-squares similarity of a few points onto the embedder's template."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.resize import resized
from shared_schema.face.types import Bgr, Face, FaceError, Points

FITTED: Final = (0, 1, 2, 3)
"""The landmarks that are fitted: right eye, left eye, nose tip, mouth. The ears wander with the pose."""
CORNERS: Final = (33, 133, 362, 263, 2)
"""Points of the mesh: right eye's outer and inner corner, left eye's inner and outer corner, base of the nose."""
FACE_SHAPE: Final[Points] = np.array([[46.11, 47.88], [102.14, 47.91], [74.02, 78.66], [74.18, 107.17]], np.float32)
"""Where the `FITTED` landmarks of a frontal face lie to each other: medians over the development part of LFW."""
SHAPE_PX: Final = 150
"""Side of the chip that `FACE_SHAPE` lies in."""

_HALVINGS: Final = 4
"""A length that this divides can be halved twice."""

Matrix = NDArray[np.float64]
"""A 2×3 affine map of (x, y, 1)."""


def similarity_onto(source: Points, target: Points) -> Matrix:
    """Rotation, uniform scale and shift that bring `source` (n, 2) nearest to `target` (n, 2) in least squares, never a mirror image."""
    if source.shape != target.shape or source.ndim != 2 or len(source) < 2:
        raise FaceError("wrong_shape", f"cannot fit {source.shape} points onto {target.shape}")
    middle_from, middle_to = source.mean(0, dtype=np.float64), target.mean(0, dtype=np.float64)
    centred, wanted = source - middle_from, target - middle_to
    spread = float((centred**2).sum())
    if not np.isfinite(spread) or spread < 1e-6:
        raise FaceError("implausible_landmarks", "the landmarks of a face lie on one point; use another image")
    cosine = float((centred * wanted).sum()) / spread
    sine = float((centred[:, 0] * wanted[:, 1] - centred[:, 1] * wanted[:, 0]).sum()) / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, middle_to - turn @ middle_from])


def fitted_points(face: Face, count: int) -> Points:
    """The points of a face that a template of four (`FITTED`) or five (`CORNERS`) points is fitted with, in pixels of the frame."""
    if count == len(FITTED):
        return face.landmarks[list(FITTED)]
    if face.mesh is None:
        raise FaceError("no_landmarks", "this embedder is fed by points of a face mesh; add the landmark model to its model set")
    return face.mesh[list(CORNERS), :2]


def align(frame: Bgr, points: Points, template: Points, size_px: int) -> Bgr:
    """Cut the chip, size_px × size_px in BGR, in which `points` of the frame lie on `template`, as nearly as turning and scaling can do."""
    return warped(frame, similarity_onto(points, template), size_px)


def warped(frame: Bgr, onto: Matrix, size_px: int) -> Bgr:
    """A part of the frame, size_px × size_px. It shrinks by area, grows by bilinear interpolation, and repeats the frame's edge."""
    scale = float(np.hypot(onto[0, 0], onto[1, 0]))
    if scale < 1:
        frame, onto = _shrunk(frame, onto, scale, size_px)
    part = cv2.warpAffine(frame, onto, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(part, np.uint8)


def _shrunk(frame: Bgr, onto: Matrix, scale: float, size_px: int) -> tuple[Bgr, Matrix]:
    """Cut out what the chip covers, shrink it by area, and correct the map for both."""
    left, top, right, bottom = _covered(onto, frame.shape[1], frame.shape[0], size_px)
    part = frame[top:bottom, left:right]
    wide, high = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    small = resized(part, (wide, high))
    grow = np.array([part.shape[1] / wide, part.shape[0] / high])
    turn = onto[:, :2] * grow
    # The centre of pixel x of the small image lies at (x + ½)·grow − ½ of the part.
    shift = onto[:, :2] @ (np.array([left, top]) + grow / 2 - 0.5) + onto[:, 2]
    return small, np.column_stack([turn, shift])


def _covered(onto: Matrix, width: int, height: int, size_px: int) -> tuple[int, int, int, int]:
    """The part of the frame under the chip, at least one pixel, with a small margin for interpolation, of which whole halvings are left."""
    corners = np.array([[0, 0], [size_px, 0], [0, size_px], [size_px, size_px]], np.float64)
    back = np.linalg.inv(onto[:, :2])
    spots = (corners - onto[:, 2]) @ back.T
    margin = 2 + 2 / float(np.hypot(onto[0, 0], onto[1, 0]))
    low, high = spots.min(0) - margin, spots.max(0) + margin
    left, top = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(low, (width, height), strict=True))
    right, bottom = (int(np.clip(np.ceil(value), 1, limit)) for value, limit in zip(high, (width, height), strict=True))
    return left, top, max(right - (right - left) % _HALVINGS, left + 1), max(bottom - (bottom - top) % _HALVINGS, top + 1)
