"""The values that pass from stage to stage. Images are H×W×3 uint8 in BGR order, as OpenCV makes them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
"""An image, H×W×3, blue-green-red."""
Embedding = NDArray[np.float32]
"""A vector of unit length, shape (dimension,)."""
Embeddings = NDArray[np.float32]
"""Row vectors of unit length, shape (n, dimension)."""
Points = NDArray[np.float32]
"""Positions in pixels, shape (n, 2), x to the right and y down."""

MeshPoints = NDArray[np.float32]
"""Points of a face's surface, shape (468, 3): x and y in pixels, depth in the same measure, less towards the camera."""
MESH_POINTS = 468


class FaceError(ValueError):
    """Something given to the face pipeline cannot be used. `code` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_frame(frame: Bgr) -> None:
    """Raise FaceError unless it is a BGR image."""
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or 0 in frame.shape:
        raise FaceError("wrong_shape", f"a frame is H×W×3 uint8 in BGR order, got {frame.dtype} {frame.shape}")


class Gate(StrEnum):
    """Why a face was set aside."""

    TOO_SMALL = "too_small"
    CLIPPED = "clipped"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    EXTREME_POSE = "extreme_pose"
    IMPLAUSIBLE = "implausible_landmarks"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the frame; it may reach over the frame's edge."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def overlap(self, other: Self) -> float:
        """Intersection over union, 0 to 1."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        if wide <= 0 or high <= 0:
            return 0.0
        shared = wide * high
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face. Landmarks: right eye, left eye, nose tip, mouth, right ear, left ear (the person's right).

    `mesh`: the points of its surface, where the model set has a landmark model and that one sees a face.
    """

    box: Box
    landmarks: Points
    certainty: float
    mesh: MeshPoints | None = None

    def __post_init__(self) -> None:
        if self.landmarks.shape != (6, 2):
            raise FaceError("wrong_shape", f"landmarks have shape {self.landmarks.shape}, expected (6, 2)")
        if self.mesh is not None and self.mesh.shape != (MESH_POINTS, 3):
            raise FaceError("wrong_shape", f"a mesh has shape {self.mesh.shape}, expected ({MESH_POINTS}, 3)")


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a look at a face is: `value` from 0 to 1, and the gate that refuses it, if any."""

    value: float
    gate: Gate | None
    face_px: int
    sharpness: float
    brightness: float
