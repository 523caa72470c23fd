"""Finds faces: BlazeFace networks over the whole frame and over overlapping squares of it, then once more close up on every face.

Three looks, because a network sees a small square picture: the *near* network takes the whole frame and finds large faces, the *far*
network takes squares as high as the frame and finds small ones, and the near network looks again at each face alone for its landmarks.
Where the places of faces are known from the frame before, the near network looks around these alone instead of the first two looks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.landmarks import FaceMesh
from shared_schema.face.manifest import DetectorFile
from shared_schema.face.normalise import normalised
from shared_schema.face.runtime import Network
from shared_schema.face.types import Bgr, Box, Face, FaceError, Points
from shared_schema.face.views import Place, View, close_up_view, fitted, overview, search_view, squares

SAME_FACE_OVERLAP = 0.3
"""Intersection over union from which two finds are one face."""

_MIRRORED = (1, 0, 2, 3, 5, 4)
"""Which landmark a landmark is in the mirror."""


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

    def at(self, place: Place) -> "Finds":
        """Finds in a picture as finds in the frame that it lies in."""
        return Finds(place.corners(self.corners), place.landmarks(self.landmarks), self.certainty)


class BlazeFace:
    """One BlazeFace network: looks at a view of a frame and gives raw finds."""

    def __init__(self, file: DetectorFile, network: Network) -> None:
        self._file = file
        self._network = network
        self._anchors = anchors_of(file)
        expected = ((1, len(self._anchors), 16), (1, len(self._anchors), 1))
        if network.input_shape != (1, file.input_px, file.input_px, 3) or network.output_shapes != expected:
            raise FaceError("bad_manifest", f"{file.file} does not have the sizes that its manifest describes")

    @property
    def input_px(self) -> int:
        return self._file.input_px

    def look(self, frame: Bgr, view: View, *, shrunk: float = 1.0) -> Finds:
        """Look at a view of a frame that was shrunk by a factor before; the finds are in pixels of the whole frame."""
        picture, place = fitted(frame, view, self._file.input_px)
        return self._find(picture).at(Place(place.scale / shrunk, place.shift))

    def look_twice(self, frame: Bgr, view: View) -> tuple[Finds, Finds]:
        """Look at a view and at its mirror image; the errors of the two differ, so that their mean is better than either."""
        picture, place = fitted(frame, view, self._file.input_px)
        mirrored = self._find(np.ascontiguousarray(picture[:, ::-1]))
        return self._find(picture).at(place), _mirrored(mirrored, self._file.input_px).at(place)

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
    """The looks over one frame. With a mesh the close-up only has to find the face again."""

    def __init__(self, near: BlazeFace, far: BlazeFace, mesh: FaceMesh | None = None) -> None:
        self._near = near
        self._far = far
        self._mesh = mesh

    def detect(self, frame: Bgr, near: Sequence[Box] | None = None) -> tuple[Face, ...]:
        """Every face of a BGR frame, the most certain first; with `near`, those around these places."""
        finds = self._everywhere(frame) if near is None else self._around(frame, near)
        faces = (self._close_up(frame, face.box) for face in merge(list(finds)))
        distinct = _distinct([face for face in faces if face is not None])
        if self._mesh is None:
            return distinct
        looks = ((face, self._mesh.look(frame, face)) for face in distinct)
        return tuple(face if mesh is None else replace(face, mesh=mesh.points) for face, mesh in looks)

    def _everywhere(self, frame: Bgr) -> Iterator[Finds]:
        """Coarse finds of the whole frame. It is shrunk once, for all looks."""
        coarse, shrunk = overview(frame, self._far.input_px)
        high, wide = coarse.shape[:2]
        yield self._near.look(coarse, View(0, 0, wide, high), shrunk=shrunk)
        for view in squares(wide, high):
            yield self._far.look(coarse, view, shrunk=shrunk)

    def _around(self, frame: Bgr, places: Sequence[Box]) -> Iterator[Finds]:
        """Coarse finds around places where faces were a moment ago."""
        high, wide = frame.shape[:2]
        for box in places:
            yield self._near.look(frame, search_view(box, wide, high))

    def _close_up(self, frame: Bgr, box: Box) -> Face | None:
        """Look at one face alone, for exact landmarks. A find that the close-up does not confirm was none."""
        view = close_up_view(box)
        finds_of = self._near.look_twice(frame, view) if self._mesh is None else (self._near.look(frame, view),)
        looks = (_nearest(box, merge([finds])) for finds in finds_of)
        return _mean([look for look in looks if look is not None])


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
    if not finds:
        return ()
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
