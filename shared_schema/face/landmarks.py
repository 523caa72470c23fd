"""A face mesh: 468 points of one face.

Its points are steadier than a detector's few landmarks, so the embedder's chips are cut by them. Measured on the 2,400 pairs of LFW's
development part with mirrored chips: BlazeFace's eyes, nose and mouth, the mean of two close-ups, onto their own medians: accuracy
99.17 %, TAR 99.0 % at FAR 1 % and 96.8 % at 0.1 %; corners of the eyes and base of the nose of this mesh onto the template that the
embedder was trained with: 99.08 %, 99.1 % and 97.4 %; the same, the mirrored chip showing 5 % more around and 4 pixels more below:
99.21 %, 99.3 % and 97.8 %. Of the mirror image of the same chip it does not help to look at the mesh twice (98.8 %, 99.1 %, 97.8 %).

The network is MediaPipe's face mesh; its points keep their numbers from face to face. Depth is guessed from a single picture, so a
photograph has as much of it as a head: what proves depth is how points move between pictures (`shared_schema.face.challenge`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shared_schema.face.align import align, similarity_onto
from shared_schema.face.manifest import LandmarkFile, ModelSet
from shared_schema.face.normalise import normalised
from shared_schema.face.runtime import Network
from shared_schema.face.types import MESH_POINTS, Bgr, Face, FaceError, MeshPoints, Points, check_frame

_ROI_WIDTHS: Final = 1.5
"""Side of the square that the network sees, in widths of the face's box."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """`points` (468, 3) float32: x and y in pixels of the frame, depth in the same unit, nearer is less; `certainty` 0 to 1."""

    points: MeshPoints
    certainty: float

    def __post_init__(self) -> None:
        if self.points.shape != (MESH_POINTS, 3):
            raise FaceError("wrong_shape", f"a mesh has shape {self.points.shape}, expected ({MESH_POINTS}, 3)")


class FaceMesh:
    """Runs the landmark model. Not thread-safe: one per thread."""

    def __init__(self, file: LandmarkFile, content: bytes, *, threads: int = 1) -> None:
        """Raises FaceError when the model is not what its manifest describes."""
        self._file = file
        self._network = Network(content, name=file.file, threads=threads)
        shapes = [int(np.prod(shape)) for shape in self._network.output_shapes]
        if self._network.input_shape != (1, file.input_px, file.input_px, 3) or sorted(shapes) != [1, MESH_POINTS * 3]:
            raise FaceError("bad_manifest", f"{file.file} does not have the sizes that its manifest describes")
        self._mesh, self._flag = (0, 1) if shapes[0] > 1 else (1, 0)

    @classmethod
    def load(cls, models: ModelSet, *, threads: int = 1) -> "FaceMesh":
        """From a model set. FaceError: no_landmarks when the set has none, bad_manifest."""
        file = models.manifest.landmarks
        if file is None:
            raise FaceError("no_landmarks", f"the model set in {models.folder} has no face mesh; add [landmarks] to its manifest")
        return cls(file, models.contents[file.file], threads=threads)

    def look(self, frame: Bgr, face: Face) -> Mesh | None:
        """The mesh of a face that was detected in a BGR frame; None when the network sees no face there."""
        check_frame(frame)
        size = self._file.input_px
        square, picture = _square(face), _corners(size)
        outputs = self._network(normalised(align(frame, square, picture, size), self._file))
        certainty = float(1 / (1 + np.exp(-np.clip(outputs[self._flag].item(), -80, 80))))
        if not certainty >= self._file.min_certainty:
            return None
        raw = outputs[self._mesh].reshape(MESH_POINTS, 3)
        back = similarity_onto(picture, square)
        flat = (raw[:, :2] - 0.5) @ back[:, :2].T + back[:, 2]
        return Mesh(np.column_stack([flat, raw[:, 2] * np.hypot(back[0, 0], back[1, 0])]).astype(np.float32), certainty)


def _square(face: Face) -> Points:
    """The corners of the square round a face, upright with its eyes: top-left, top-right, bottom-left, bottom-right."""
    right, left = face.landmarks[0].astype(np.float64), face.landmarks[1].astype(np.float64)
    across = (left - right) / max(float(np.hypot(*(left - right))), 1e-6)
    down = np.array([-across[1], across[0]])
    middle = np.array([face.box.left + face.box.width / 2, face.box.top + face.box.height / 2]) - 0.5
    half = max(face.box.width, face.box.height) * _ROI_WIDTHS / 2
    corners = [middle + half * (x * across + y * down) for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1))]
    return np.array(corners, np.float32)


def _corners(size: int) -> Points:
    low, high = -0.5, size - 0.5
    return np.array([(low, low), (high, low), (low, high), (high, high)], np.float32)
