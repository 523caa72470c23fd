"""How far eyes are open, from MediaPipe's eye landmarks close up on each eye. The face mesh draws lids open even where they are closed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.align import align
from shared_schema.face.manifest import ModelFile, ModelSet
from shared_schema.face.normalise import normalised
from shared_schema.face.runtime import Network
from shared_schema.face.types import MESH_POINTS, Bgr, FaceError, MeshPoints, Points

RIGHT_CORNERS: Final = (33, 133)
LEFT_CORNERS: Final = (362, 263)
"""Points of the mesh: the two corners of the person's right and left eye, from the right to the left of the person."""

_SIDE: Final = 2.3
"""Side of the square that the network sees, in widths of the eye."""
_CONTOUR: Final = 71
"""Points of lids and brow; those of the iris come apart."""
_CORNERS: Final = (0, 8)
_LOWER: Final = slice(1, 8)
_UPPER: Final = slice(9, 16)


class EyeLandmarks:
    """Runs the eye model. Not thread-safe: one per thread."""

    def __init__(self, file: ModelFile, content: bytes, *, threads: int = 1) -> None:
        """Raises FaceError when the model is not what its manifest describes."""
        self._file = file
        self._network = Network(content, name=file.file, threads=threads)
        sizes = [int(np.prod(shape)) for shape in self._network.output_shapes]
        if self._network.input_shape != (1, file.input_px, file.input_px, 3) or _CONTOUR * 3 not in sizes:
            raise FaceError("bad_manifest", f"{file.file} does not have the sizes that its manifest describes")
        self._contour = sizes.index(_CONTOUR * 3)

    @classmethod
    def load(cls, models: ModelSet) -> "EyeLandmarks":
        """From a model set. FaceError: no_landmarks when the set has none, no_models, wrong_hash, bad_manifest."""
        file = models.manifest.eyes
        if file is None:
            raise FaceError("no_landmarks", f"the model set in {models.folder} has no eye landmarks; add [eyes] to its manifest")
        return cls(file, models.read_extra(file))

    def openness(self, frame: Bgr, mesh: MeshPoints) -> tuple[float, float]:
        """Of the person's right and left eye: the gap between the lids in widths of the eye, about 0.25 open and below 0.1 closed.

        `mesh`: the face's points (468, 3) in pixels of the BGR frame. FaceError: wrong_shape, implausible_landmarks.
        """
        if mesh.shape != (MESH_POINTS, 3):
            raise FaceError("wrong_shape", f"a mesh has shape {mesh.shape}, expected ({MESH_POINTS}, 3)")
        return self._open(frame, mesh[list(RIGHT_CORNERS), :2], mirrored=False), self._open(
            frame, mesh[list(LEFT_CORNERS), :2], mirrored=True
        )

    def _open(self, frame: Bgr, corners: Points, *, mirrored: bool) -> float:
        picture = align(frame, *_square_and_picture(corners, self._file.input_px), self._file.input_px)
        if mirrored:  # the network knows right eyes only
            picture = np.ascontiguousarray(picture[:, ::-1])
        return _gap(self._network(normalised(picture, self._file))[self._contour].reshape(_CONTOUR, 3)[:, :2])


def _gap(contour: NDArray[np.float32]) -> float:
    first, second = contour[_CORNERS[0]], contour[_CORNERS[1]]
    width = float(np.hypot(*(second - first)))
    gap = contour[_LOWER].mean(0) - contour[_UPPER].mean(0)
    return float(np.hypot(*gap)) / max(width, 1e-6)


def _square_and_picture(corners: Points, size: int) -> tuple[Points, Points]:
    """Four points round an eye in the frame, and where they lie in the picture that the network sees."""
    across = (corners[1] - corners[0]).astype(np.float64) * _SIDE / 2
    down = np.array([-across[1], across[0]])
    middle = corners.astype(np.float64).mean(0)
    square = [middle + x * across + y * down for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1))]
    low, high = -0.5, size - 0.5
    return np.array(square, np.float32), np.array([(low, low), (high, low), (low, high), (high, high)], np.float32)
