"""What a still picture cannot do: blink, and turn its head. State machines, fed with what frames show; they hold neither clock nor chance.

Which challenges are asked, and in what order, is the caller's choice, anew each time; a known order could be recorded beforehand.

*Turn* does not trust the angle that a mesh seems to have, as a tilted photograph seems to have one too. A plane, however it is tilted,
moves its points by one homography: what the eyes, brows and mouth have done says where the tip of the nose of a picture must be. On a
living head it stands out of that plane and runs ahead of it: a turn of 25 degrees moves it by a fifth of the distance between the outer
corners of the eyes. And laid over its straight picture by a homography a turned head is unlike it, a tilted or bent photograph is not.
It has to be seen on its way, so that two photographs shown one after the other are no turn.

*Blink* compares the gap between the lids with what it was while the head was held the same way, as a tilted photograph's eyes are
narrower too. Both eyes must close and open again.

Measured by `lintel-face evaluate pad --challenges`: of 48 films of twelve prints swung by up to 45 degrees, bent, shaken and brought
nearer none passed any of three challenges. Living material is thin: one man's turn and a few blinks. A natural blink may be too short
or too shallow to be seen; who is asked to blink closes the eyes for longer.

What they do not stop: a recording that happens to show what is asked, a mask, a picture with holes for living eyes.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.align import align, similarity_onto
from shared_schema.face.flatness import SIZE_PX, likeness, structure
from shared_schema.face.types import MESH_POINTS, Bgr, FaceError, MeshPoints

TIMEOUT_NS: Final = 8_000_000_000
"""How long a challenge may take."""
MAX_GAP_NS: Final = 500_000_000
"""A face not seen for longer may have been exchanged: the challenge begins anew, within the same time."""

_PICTURE: Final = 1.15
"""Side of a face's picture, in lengths of its mesh."""

_CLOSED: Final = 0.6
"""Of the usual gap between the lids: below it an eye is closed."""
_OPEN: Final = 0.72
_USUAL_OF: Final = 0.7
"""The usual gap is this quantile of the gaps so far, blinks being short."""
_MIN_SEEN: Final = 4
"""Frames with the head held the same way that must come first."""
_SAME_WAY_DEG: Final = 8.0
_SAME_WAY_SHARE: Final = 0.12
"""How far the face may be wider or narrower, for its height."""
_LEAST_GAP: Final = 0.12
"""Eyes less open than this from the start cannot be seen to close."""
_LONGEST_BLINK_NS: Final = 2_000_000_000

_MAX_START_DEG: Final = 12.0
"""A turn begins with a head that looks this straight at the camera."""
_MIN_TURN_DEG: Final = 12.0
_MAX_NOD_DEG: Final = 20.0
"""Who turns the head does not nod; a picture swung about does both."""
_MIN_PARALLAX: Final = 0.17
"""How far the tip of the nose runs ahead, in distances between the outer corners of the eyes."""
_ON_ITS_WAY: Final = (0.25, 0.8)
"""Parts of `_MIN_PARALLAX` between which the nose must have been seen."""
_TURNED_FRAMES: Final = 2
_MAX_LIKENESS: Final = 0.6
"""More alike than this, the straight and the turned picture are pictures of one flat thing."""

# Points of the mesh.
_NOSE_TIP: Final = 1
_OUTER_CORNERS: Final = (33, 263)
_MOUTH_CORNERS: Final = (61, 291)
_FOREHEAD_AND_CHIN: Final = (10, 152)
_PLANE: Final = (33, 133, 362, 263, 61, 291, 70, 300, 105, 334)
"""Corners of the eyes and of the mouth, and brows: they lie nearly in a plane, well behind the tip of the nose."""


class State(StrEnum):
    WAITING = "waiting"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a frame shows of a face.

    `picture`: the face cut out, BGR, SIZE_PX × SIZE_PX, upright as the frame is; `mesh` (468, 3) in its pixels; `openness`: the gap
    between the lids of the right and the left eye, in widths of the eye.
    """

    picture: Bgr
    mesh: MeshPoints
    openness: tuple[float, float]

    def __post_init__(self) -> None:
        if self.mesh.shape != (MESH_POINTS, 3) or self.picture.shape != (SIZE_PX, SIZE_PX, 3):
            raise FaceError("wrong_shape", f"a face was seen with a mesh of {self.mesh.shape} and a picture of {self.picture.shape}")

    @classmethod
    def cut(cls, frame: Bgr, mesh: MeshPoints, openness: tuple[float, float]) -> "Seen":
        """From a BGR frame and a mesh in its pixels. FaceError implausible_landmarks for a mesh without extent."""
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        half = float((high - low).max()) * _PICTURE / 2
        square = (low + high) / 2 + half * np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)], np.float32)
        picture = np.array([(0, 0), (SIZE_PX, 0), (0, SIZE_PX), (SIZE_PX, SIZE_PX)], np.float32) - 0.5
        onto = similarity_onto(square, picture)
        scale = float(np.hypot(onto[0, 0], onto[1, 0]))
        points = np.column_stack([mesh[:, :2] @ onto[:, :2].T + onto[:, 2], mesh[:, 2] * scale])
        return cls(align(frame, square, picture, SIZE_PX), np.asarray(points, np.float32), openness)

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.mesh).all() and np.isfinite(self.openness).all())


class Challenge(ABC):
    """One thing asked of one face. Feed it every frame in the order of time; once passed or failed it stays so."""

    def __init__(self, *, timeout_ns: int = TIMEOUT_NS) -> None:
        self.state = State.WAITING
        self._timeout_ns = timeout_ns
        self._from_ns: int | None = None
        self._last_ns: int | None = None

    def feed(self, at_ns: int, seen: Seen | None) -> State:
        """The state after a frame; `seen` None where it shows no face, or more than one. FaceError bad_time when time runs backwards."""
        if self._last_ns is not None and at_ns < self._last_ns:
            raise FaceError("bad_time", "a challenge is fed with frames in the order of their time")
        self._from_ns = at_ns if self._from_ns is None else self._from_ns
        if self.state is not State.WAITING:
            return self.state
        if at_ns - self._from_ns > self._timeout_ns:
            self.state = State.FAILED
        elif seen is not None and seen.is_finite:
            self._look(at_ns, seen)
        return self.state

    def _look(self, at_ns: int, seen: Seen) -> None:
        if self._last_ns is not None and at_ns - self._last_ns > MAX_GAP_NS:
            self._restart()
        self._last_ns = at_ns
        if self._is_done(at_ns, seen):
            self.state = State.PASSED

    @abstractmethod
    def _restart(self) -> None:
        """Forget what was seen."""

    @abstractmethod
    def _is_done(self, at_ns: int, seen: Seen) -> bool:
        """Whether this frame, with those before it, shows what was asked."""


class Blink(Challenge):
    """Both eyes close and open again. Ten frames a second or more, as a blink is short."""

    def __init__(self, *, timeout_ns: int = TIMEOUT_NS) -> None:
        super().__init__(timeout_ns=timeout_ns)
        self._restart()

    def _restart(self) -> None:
        self._before: list[tuple[_Hold, float]] = []
        self._closed_ns: int | None = None

    def _is_done(self, at_ns: int, seen: Seen) -> bool:
        gap, hold = max(seen.openness), _Hold.of(seen.mesh)
        usual = self._usual(hold)
        self._before.append((hold, gap))
        if usual < _LEAST_GAP:
            self._closed_ns = None
            return False
        if gap < _CLOSED * usual:
            self._closed_ns = at_ns if self._closed_ns is None else self._closed_ns
            return False
        if self._closed_ns is None or gap < _OPEN * usual:
            return False
        closed_for, self._closed_ns = at_ns - self._closed_ns, None
        return closed_for <= _LONGEST_BLINK_NS

    def _usual(self, hold: "_Hold") -> float:
        """The gap with the head held this way; 0 where too little was seen of it."""
        gaps = [gap for before, gap in self._before if before.is_like(hold)]
        return float(np.quantile(gaps, _USUAL_OF)) if len(gaps) >= _MIN_SEEN else 0.0


@dataclass(frozen=True, slots=True)
class _Hold:
    """How a head, or a picture of one, is held towards the camera."""

    yaw: float
    pitch: float
    width: float

    @classmethod
    def of(cls, mesh: MeshPoints) -> "_Hold":
        right, left = mesh[_OUTER_CORNERS[0], :2], mesh[_OUTER_CORNERS[1], :2]
        down = mesh[list(_MOUTH_CORNERS), :2].mean(0) - (right + left) / 2
        return cls(*head_pose(mesh), float(np.hypot(*(left - right))) / max(float(np.hypot(*down)), 1e-6))

    def is_like(self, other: "_Hold") -> bool:
        turned = max(abs(self.yaw - other.yaw), abs(self.pitch - other.pitch))
        return turned <= _SAME_WAY_DEG and abs(self.width - other.width) <= _SAME_WAY_SHARE * other.width


class Turn(Challenge):
    """The head turns to the person's own left or right by about 25 degrees, from looking at the camera."""

    def __init__(self, direction: Literal["left", "right"], *, timeout_ns: int = TIMEOUT_NS) -> None:
        super().__init__(timeout_ns=timeout_ns)
        self._sense = 1.0 if direction == "left" else -1.0
        self._restart()

    def _restart(self) -> None:
        self._straight: Seen | None = None
        self._on_its_way = False
        self._turned_frames = 0

    def _is_done(self, at_ns: int, seen: Seen) -> bool:
        yaw, pitch = head_pose(seen.mesh)
        if self._straight is None:
            self._straight = seen if abs(yaw) <= _MAX_START_DEG else None
            return False
        yaw_before, pitch_before = head_pose(self._straight.mesh)
        ahead = self._sense * parallax(self._straight.mesh, seen.mesh) / _MIN_PARALLAX
        self._on_its_way |= _ON_ITS_WAY[0] <= ahead <= _ON_ITS_WAY[1]
        turned = ahead >= 1 and self._sense * (yaw - yaw_before) >= _MIN_TURN_DEG and abs(pitch - pitch_before) <= _MAX_NOD_DEG
        solid = turned and self._on_its_way and flatness(self._straight, seen) < _MAX_LIKENESS
        self._turned_frames = self._turned_frames + 1 if solid else 0
        return self._turned_frames >= _TURNED_FRAMES


def head_pose(mesh: MeshPoints) -> tuple[float, float]:
    """Yaw and pitch in degrees that the mesh seems to have; positive: to the person's own left, and up. A photograph has them too."""
    points = mesh.astype(np.float64)
    across = points[_OUTER_CORNERS[1]] - points[_OUTER_CORNERS[0]]
    down = points[_FOREHEAD_AND_CHIN[1]] - points[_FOREHEAD_AND_CHIN[0]]
    out = -np.cross(across, down)
    return float(np.degrees(np.arctan2(out[0], -out[2]))), float(np.degrees(np.arctan2(-out[1], np.hypot(out[0], out[2]))))


def parallax(before: MeshPoints, now: MeshPoints) -> float:
    """How far the tip of the nose has run ahead of the plane of the face; positive: to the person's own left.

    Along the line of the eyes, in distances between their outer corners. Near 0 for whatever a flat picture does.
    """
    onto = _plane_map(before, now)
    if onto is None:
        return 0.0
    expected = cv2.perspectiveTransform(before[np.newaxis, [_NOSE_TIP], :2].astype(np.float64), onto)[0, 0]
    eyes = (now[_OUTER_CORNERS[1], :2] - now[_OUTER_CORNERS[0], :2]).astype(np.float64)
    moved = float((now[_NOSE_TIP, :2] - expected) @ eyes) / max(float(eyes @ eyes), 1e-6)
    return moved if np.isfinite(moved) else 0.0


def flatness(before: Seen, now: Seen) -> float:
    """How much the two are pictures of one flat thing, −1 to 1: laid over one another as the plane of the face would lie."""
    return likeness(structure(before.picture), structure(now.picture), _plane_map(before.mesh, now.mesh))


def _plane_map(before: MeshPoints, now: MeshPoints) -> NDArray[np.float64] | None:
    """The homography (3, 3) that the points near the plane of the face have followed; None when they lie on a line."""
    plane = list(_PLANE)
    onto = np.asarray(cv2.findHomography(before[plane, :2].astype(np.float64), now[plane, :2].astype(np.float64), 0)[0])
    return onto.astype(np.float64) if onto.shape == (3, 3) else None
