"""Synthesises held pictures: a printed portrait that a hand moves before a camera. No recording of such an attack is at hand.

The print is a sheet in space, seen by a pinhole camera: it drifts and trembles, tilts, comes nearer, bends, shines and changes in
brightness; the camera smears what moves, adds noise and compresses. Everything follows from the seed and the moment, so one motion can
be filmed at any rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Bgr, Box

_Floats = NDArray[np.float32]

_WIDE: Final = 640
_HIGH: Final = 480
_FOCAL: Final = 620.0
_STEP: Final = 8
"""Rays are cast for one pixel in so many each way, and what they meet is interpolated."""
_EXPOSURE_S: Final = 0.02
_SMEARED: Final = 3
"""The picture is the mean of so many moments within the exposure."""
_PRINT_PX: Final = 240
"""Pixels of the print per width of the face."""
_SHEET: Final = 2.2
"""Width of the printed part of a portrait, in widths of the face."""
_MARGIN: Final = 0.08
"""White border of the print, in widths of the face."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How a print is held. Lengths in widths of the face, angles in degrees, all swings to either side.

    `nearer` is how many times larger it ends; `bend` is the arc in radians that one width of the face takes; `light` and `glare` are shares
    of the brightness.
    """

    name: str
    drift: float = 0.0
    tremor: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    nearer: float = 1.0
    bend: float = 0.0
    light: float = 0.0
    glare: float = 0.0


HANDLINGS: Final = (
    Handling("fixed"),
    Handling("held still", drift=0.02, tremor=0.004, tilt=2, roll=1),
    Handling("moved", drift=0.35, tremor=0.01, tilt=5, roll=5),
    Handling("tilted", drift=0.1, tremor=0.008, tilt=18, roll=6),
    Handling("brought nearer", drift=0.1, tremor=0.01, tilt=5, roll=3, nearer=2.0),
    Handling("in changing light", drift=0.1, tremor=0.008, tilt=6, roll=3, light=0.35, glare=0.5),
    Handling("bent", drift=0.1, tremor=0.008, tilt=8, roll=3, bend=0.5),
)


class HeldPicture:
    """Films one print. `face` is where the face lies in `portrait` (BGR)."""

    def __init__(self, portrait: Bgr, face: Box, handling: Handling, *, seed: int) -> None:
        self._handling = handling
        rng = np.random.default_rng(seed)
        self._distance = float(rng.uniform(3.2, 5.5))
        self._phases = rng.uniform(0, 2 * np.pi, (7, 2))
        self._rates = rng.uniform(0.25, 0.6, (7, 2))
        self._noise = rng.standard_normal((_HIGH, _WIDE, 3), np.float32) * rng.uniform(1.5, 4)
        self._jpeg = int(rng.integers(70, 92))
        self._seed = int(rng.integers(1 << 31))
        self._room = _room(rng)
        self._sheet = _print_of(portrait, face)

    def frames(self, seconds: float, fps: float) -> Iterator[tuple[float, Bgr]]:
        """(second, 640×480 BGR frame), from 0."""
        for index in range(int(seconds * fps) + 1):
            yield index / fps, self.frame(index / fps, index / fps / seconds)

    def frame(self, at: float, progress: float) -> Bgr:
        """The picture at a moment in seconds; `progress` from 0 to 1 is how far the sheet has come nearer."""
        nearer = 1 + (self._handling.nearer - 1) * progress
        seen = np.zeros((_HIGH, _WIDE, 4), np.float32)
        for part in np.linspace(0, 1, _SMEARED):
            cv2.accumulate(self._render(at + part * _EXPOSURE_S, nearer), seen)
        seen /= _SMEARED
        lit = (seen[..., :3] + self._room * (1 - seen[..., 3:] / 255)) * (1 + self._handling.light * self._wave(4, at)[0])
        shift = np.random.default_rng((self._seed, round(at * 1e6))).integers(0, (_HIGH, _WIDE))
        noisy = np.clip(lit + np.roll(self._noise, shift, axis=(0, 1)), 0, 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, self._jpeg])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

    def _render(self, at: float, nearer: float) -> NDArray[np.uint8]:
        """The sheet alone, BGR and how much of a pixel it covers, 0 to 255."""
        distance = self._distance / nearer
        px_per_unit = _FOCAL / distance
        high, wide = self._sheet.shape[:2]
        size = tuple(max(8, round(side * px_per_unit)) for side in (wide / _PRINT_PX, high / _PRINT_PX))
        sheet = np.asarray(cv2.resize(self._sheet, size, interpolation=cv2.INTER_AREA), np.float32) + self._glare(size, at)
        paper = np.full((size[1], size[0], 4), 255, np.uint8)
        paper[..., :3] = np.clip(sheet, 0, 255)
        where = cv2.resize(self._spots(at, distance) * px_per_unit, (_WIDE, _HIGH), interpolation=cv2.INTER_LINEAR)
        columns, rows = (np.asarray(where[..., axis] + size[axis] / 2 - 0.5, np.float32) for axis in (0, 1))
        return np.asarray(cv2.remap(paper, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.uint8)

    def _spots(self, at: float, distance: float) -> _Floats:
        """Which place of the sheet (rows, columns, 2), in widths of the face from its middle, the ray of a pixel meets."""
        columns = (np.arange(0, _WIDE, _STEP) + _STEP / 2 - _WIDE / 2) / _FOCAL
        rows = (np.arange(0, _HIGH, _STEP) + _STEP / 2 - _HIGH / 2) / _FOCAL
        rays = np.stack([*np.meshgrid(columns, rows), np.ones((len(rows), len(columns)))], axis=-1)
        turn = self._turn(at)
        rays, eye = rays @ turn, -self._middle(at, distance) @ turn
        return np.asarray(_met(rays, eye, self._handling.bend), np.float32)

    def _middle(self, at: float, distance: float) -> NDArray[np.float64]:
        drift = self._handling.drift * self._wave(0, at) + self._handling.tremor * self._wave(1, at, 18.0)
        return np.array([drift[0], drift[1], distance])

    def _turn(self, at: float) -> NDArray[np.float64]:
        """The sheet's axes as columns: what a vector of the sheet is to the camera."""
        pitch, yaw = np.radians(self._handling.tilt * self._wave(2, at))
        roll = np.radians(self._handling.roll * self._wave(3, at)[0])
        turn, _ = cv2.Rodrigues(np.array([0.0, 0.0, roll]))
        return np.asarray(cv2.Rodrigues(np.array([0.0, yaw, 0.0]))[0] @ cv2.Rodrigues(np.array([pitch, 0.0, 0.0]))[0] @ turn)

    def _glare(self, size: tuple[int, ...], at: float) -> _Floats | float:
        """A bright spot that wanders over a sheet of that width and height."""
        if not self._handling.glare:
            return 0.0
        columns, rows = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
        across, down = 0.6 * self._wave(5, at)
        spot = np.exp(-((columns - across) ** 2 + (rows - down) ** 2) / 0.08)
        return np.asarray(255 * self._handling.glare * spot[..., np.newaxis], np.float32)

    def _wave(self, which: int, at: float, faster: float = 1.0) -> NDArray[np.float64]:
        """Two smooth swings between −1 and 1."""
        return np.asarray(np.sin(2 * np.pi * self._rates[which] * faster * at + self._phases[which]))


def _print_of(portrait: Bgr, face: Box) -> Bgr:
    """The face with what surrounds it, as far as the portrait reaches, on white paper; `_PRINT_PX` per width of the face."""
    high, wide = portrait.shape[:2]
    half = _SHEET * face.width / 2
    across, down = face.left + face.width / 2, face.top + face.height / 2
    reach = min(half, across, wide - across), min(half, down, high - down)
    left, right, top, bottom = (round(edge) for edge in (across - reach[0], across + reach[0], down - reach[1], down + reach[1]))
    part = portrait[max(top, 0) : bottom, max(left, 0) : right]
    scale = _PRINT_PX / face.width
    size = max(8, round(part.shape[1] * scale)), max(8, round(part.shape[0] * scale))
    printed = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    edge = round(_MARGIN * _PRINT_PX)
    return np.asarray(cv2.copyMakeBorder(printed, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(235, 235, 235)), np.uint8)


def _room(rng: np.random.Generator) -> _Floats:
    """What lies behind: soft blotches of colour."""
    blotches = rng.uniform(30, 170, (6, 8, 3)).astype(np.float32)
    return np.asarray(cv2.resize(blotches, (_WIDE, _HIGH), interpolation=cv2.INTER_CUBIC), np.float32)


def _met(rays: NDArray[np.float64], eye: NDArray[np.float64], bend: float) -> NDArray[np.float64]:
    """Where rays from `eye` meet a sheet in its own axes: the plane z = 0, or a cylinder about a vertical axis behind it."""
    if not bend:
        along = -eye[2] / rays[..., 2]
        return np.stack([eye[0] + along * rays[..., 0], eye[1] + along * rays[..., 1]], axis=-1)
    radius = 1 / bend
    # |(x, z) − (0, radius)| = radius; the nearer of the two meetings is the side that the camera sees.
    a = rays[..., 0] ** 2 + rays[..., 2] ** 2
    b = eye[0] * rays[..., 0] + (eye[2] - radius) * rays[..., 2]
    c = eye[0] ** 2 + (eye[2] - radius) ** 2 - radius**2
    inside = b**2 - a * c
    along = (-b - np.sqrt(np.maximum(inside, 0))) / a
    x, z = eye[0] + along * rays[..., 0], eye[2] + along * rays[..., 2]
    arc = np.where(inside > 0, radius * np.arctan2(x, radius - z), 1e6)
    return np.stack([arc, eye[1] + along * rays[..., 1]], axis=-1)
