"""Finds faces: BlazeFace networks over the whole frame and over overlapping squares of it, then once more close up on every face.

Three looks, because a network sees a small square picture: the *near* network takes the whole frame and finds large faces, the *far*
network takes squares as high as the frame and finds small ones, and the near network looks again at each face alone for its landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.manifest import DetectorFile
from shared_schema.face.normalise import normalised
from shared_schema.face.runtime import Network
from shared_schema.face.types import Bgr, Box, Face, FaceError, Points

SAME_FACE_OVERLAP = 0.3
"""Intersection over union from which two finds are one face."""

_WIDE = 1.2
"""A frame longer than this times its short side is looked at in squares."""
_CLOSE_UP = 2.0
"""Side of the square of the close-up, in widths of the face's box."""

_MIRRORED = (1, 0, 2, 3, 5, 4)
"""Which landmark a landmark is in the mirror."""


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the frame that a network looks at; it may reach over the edge."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Finds:
    """Raw finds in pixels of the frame: `corners` (n, 2, 2) top-left and bottom-right, `landmarks` (n, 6, 2), `certainty` (n,)."""

    corners: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    certainty: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.certainty)
        if self.corners.shape != (count, 2, 2) or self.landmarks.shape != (count, 6, 2):
            raise FaceError("wrong_shape", f"finds of shapes {self.corners.shape} and {self.landmarks.shape} for {count} faces")


class BlazeFace:
    """One BlazeFace network: looks at a view of a frame and gives raw finds."""

    def __init__(self, file: DetectorFile, network: Network) -> None:
        self._file = file
        self._network = network
        self._anchors = anchors_of(file)
        expected = ((1, len(self._anchors), 16), (1, len(self._anchors), 1))
        if network.input_shape != (1, file.input_px, file.input_px, 3) or network.output_shapes != expected:
            raise FaceError("bad_manifest", f"{file.file} does not have the sizes that its manifest describes")

    def look(self, frame: Bgr, view: View) -> Finds:
        picture, place = _fitted(frame, view, self._file.input_px)
        return place.in_frame(self._find(picture))

    def look_twice(self, frame: Bgr, view: View) -> tuple[Finds, Finds]:
        """Look at a view and at its mirror image; the errors of the two differ, so that their mean is better than either."""
        picture, place = _fitted(frame, view, self._file.input_px)
        mirrored = self._find(np.ascontiguousarray(picture[:, ::-1]))
        return place.in_frame(self._find(picture)), place.in_frame(_mirrored(mirrored, self._file.input_px))

    def _find(self, picture: Bgr) -> Finds:
        """Finds in pixels of the network's picture."""
        regressors, classifiers = self._network(normalised(picture, self._file))
        certainty = 1 / (1 + np.exp(-np.clip(classifiers[0, :, 0], -80, 80)))
        kept = certainty >= self._file.min_certainty
        points = regressors[0, kept].reshape(-1, 8, 2)
        kept[kept] = (points[:, 1] > 0).all(1)
        points = regressors[0, kept].reshape(-1, 8, 2)
        centres = self._anchors[kept] + points[:, 0]
        corners = np.stack([centres - points[:, 1] / 2, centres + points[:, 1] / 2], axis=1)
        landmarks = self._anchors[kept, np.newaxis] + points[:, 2:]
        return Finds(corners, landmarks, np.asarray(certainty[kept], np.float32))


class Detector:
    """The three looks over one frame."""

    def __init__(self, near: BlazeFace, far: BlazeFace) -> None:
        self._near = near
        self._far = far

    def detect(self, frame: Bgr) -> tuple[Face, ...]:
        """Every face of a BGR frame, the most certain first."""
        high, wide = frame.shape[:2]
        finds = [self._near.look(frame, View(0, 0, wide, high))]
        finds.extend(self._far.look(frame, view) for view in squares(wide, high))
        faces = (self._close_up(frame, face) for face in merge(finds))
        return _distinct([face for face in faces if face is not None])

    def _close_up(self, frame: Bgr, face: Face) -> Face | None:
        """Look at one face alone, for exact landmarks. A find that the close-up does not confirm was none."""
        box = face.box
        side = round(max(box.width, box.height) * _CLOSE_UP)
        left, top = round(box.left + box.width / 2 - side / 2), round(box.top + box.height / 2 - side / 2)
        looks = (_nearest(box, merge([finds])) for finds in self._near.look_twice(frame, View(left, top, side, side)))
        return _mean([look for look in looks if look is not None])


def squares(width: int, height: int) -> tuple[View, ...]:
    """Overlapping squares along the long side; a frame that is nearly square is one view."""
    short, long = min(width, height), max(width, height)
    if long <= short * _WIDE:
        return (View(0, 0, width, height),)
    count = int(np.ceil(long / short))
    starts = [round(index * (long - short) / (count - 1)) for index in range(count)]
    return tuple(View(at, 0, short, short) if width >= height else View(0, at, short, short) for at in starts)


def anchors_of(file: DetectorFile) -> NDArray[np.float32]:
    """Centres of the anchors in pixels of the network's picture, (n, 2), row by row and layer by layer."""
    layers: list[NDArray[np.float32]] = []
    for layer in file.anchors:
        cells = file.input_px // layer.stride_px
        middle = (np.arange(cells, dtype=np.float32) + 0.5) * (file.input_px / cells)
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, layer.per_cell, axis=0))
    return np.concatenate(layers)


def merge(finds: Sequence[Finds]) -> tuple[Face, ...]:
    """Weighted non-maximum suppression: finds that overlap the most certain one are averaged by certainty into one face."""
    corners = np.concatenate([find.corners for find in finds])
    landmarks = np.concatenate([find.landmarks for find in finds])
    certainty = np.concatenate([find.certainty for find in finds])
    left = np.argsort(-certainty, kind="stable")
    faces: list[Face] = []
    while len(left):
        same = overlaps(corners[left[0]], corners[left]) >= SAME_FACE_OVERLAP
        same[0] = True
        group = left[same]
        weights = certainty[group] / certainty[group].sum()
        box = np.tensordot(weights, corners[group], 1)
        faces.append(_face(box, np.tensordot(weights, landmarks[group], 1), float(certainty[left[0]])))
        left = left[~same]
    return tuple(faces)


def overlaps(one: NDArray[np.float32], many: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box (2, 2) with boxes (n, 2, 2)."""
    sides = np.minimum(one[1], many[:, 1]) - np.maximum(one[0], many[:, 0])
    shared = np.clip(sides, 0, None).prod(1)
    areas = (many[:, 1] - many[:, 0]).prod(1)
    return np.asarray(shared / ((one[1] - one[0]).prod() + areas - shared), np.float32)


def _face(box: NDArray[np.float32], landmarks: Points, certainty: float) -> Face:
    (left, top), (right, bottom) = box.tolist()
    return Face(Box(left, top, right - left, bottom - top), np.asarray(landmarks, np.float32), min(certainty, 1.0))


def _nearest(box: Box, faces: Sequence[Face]) -> Face | None:
    best = max(faces, key=lambda face: box.overlap(face.box), default=None)
    return best if best is not None and box.overlap(best.box) >= SAME_FACE_OVERLAP else None


def _mean(faces: Sequence[Face]) -> Face | None:
    if not faces:
        return None
    boxes = np.array([((face.box.left, face.box.top), (face.box.right, face.box.bottom)) for face in faces], np.float32)
    landmarks = np.mean([face.landmarks for face in faces], axis=0)
    return _face(boxes.mean(0), landmarks, float(np.mean([face.certainty for face in faces])))


def _mirrored(finds: Finds, size_px: int) -> Finds:
    """Finds of a mirror image as finds of the picture: left becomes right, also in the names of eyes and ears."""
    corners, landmarks = finds.corners.copy(), finds.landmarks[:, _MIRRORED].copy()
    corners[:, :, 0] = size_px - finds.corners[:, ::-1, 0]
    landmarks[:, :, 0] = size_px - landmarks[:, :, 0]
    return Finds(corners, landmarks, finds.certainty)


def _distinct(faces: Sequence[Face]) -> tuple[Face, ...]:
    """Close-ups of two finds may turn out to be one face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.certainty):
        if all(face.box.overlap(other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture lies: picture = frame · scale + shift, both measured from the outer edge of the first pixel."""

    scale: float
    shift: NDArray[np.float32]

    def in_frame(self, finds: Finds) -> Finds:
        """Boxes keep counting from the edge of the first pixel; landmarks count from its centre, as warping does."""
        corners, landmarks = (finds.corners - self.shift) / self.scale, (finds.landmarks - self.shift) / self.scale - 0.5
        return Finds(np.asarray(corners, np.float32), np.asarray(landmarks, np.float32), finds.certainty)


def _fitted(frame: Bgr, view: View, size_px: int) -> tuple[Bgr, _Place]:
    """The view, shrunk or grown to fit a black square of `size_px`, and where it lies."""
    part = _cut(frame, view)
    scale = size_px / max(view.width, view.height)
    wide, high = max(1, round(view.width * scale)), max(1, round(view.height * scale))
    small = cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if (wide, high) == (size_px, size_px):
        picture, inset = np.asarray(small, np.uint8), (0, 0)
    else:
        inset = ((size_px - wide) // 2, (size_px - high) // 2)
        picture = np.zeros((size_px, size_px, 3), np.uint8)
        picture[inset[1] : inset[1] + high, inset[0] : inset[0] + wide] = small
    shift = np.array([inset[0] - view.left * scale, inset[1] - view.top * scale], np.float32)
    return picture, _Place(scale, shift)


def _cut(frame: Bgr, view: View) -> Bgr:
    """The view's pixels; beyond the frame its edge is repeated."""
    high, wide = frame.shape[:2]
    above, below = max(0, -view.top), max(0, view.top + view.height - high)
    before, behind = max(0, -view.left), max(0, view.left + view.width - wide)
    inside = frame[max(view.top, 0) : max(view.top + view.height, 0), max(view.left, 0) : max(view.left + view.width, 0)]
    if not (above or below or before or behind):
        return inside
    return np.asarray(cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_REPLICATE), np.uint8)
