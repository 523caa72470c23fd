"""Plans the clip of one or two walkers from a seed.

A face grows as a face does that comes nearer at an even pace: its width is the inverse of a distance that shrinks by the same step in
every frame. Whether a walk is *usable* follows from this plan alone, never from what the product makes of the frames.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_schema.evaluate.doorwalk.clip import FIRST_PX, LAST_PX, NEAR_PX, STEP_MS, Clip, Cover, Light, Moment, Together, Walk, Walker

SIZES: Final = ((640, 480), (1280, 720))
"""Width and height of the clips. Two people at once need the wider one."""
TOGETHER_SHARE: Final = 0.2
"""Share of the walkers who come two at a time."""

_EMPTY_BEFORE: Final = 3
_EMPTY_AFTER: Final = 4
_SECONDS: Final = (3.2, 5.6)
"""Shortest and longest time in which the face grows from first to last."""
_COVERED_WALKS: Final = 0.35
_DOOR_CLIPS: Final = 0.4
"""Share of walks with something in front of the face for 1–3 frames, and of clips in which the light changes as a door opens."""
_TURNS: Final = 0.12
"""Share of frames in which the head moves fast."""

Random = np.random.Generator


def seed_of(seed: int, *names: str) -> int:
    """A number of its own for every walk, whatever else is drawn."""
    return int.from_bytes(hashlib.blake2b("\n".join((str(seed), *names)).encode(), digest_size=8).digest())


def plan_clip(walkers: Sequence[Walker], seed: int) -> Clip:
    """Plan the clip of one or two walkers."""
    own = seed_of(seed, *(walker.name for walker in walkers))
    random = np.random.default_rng(own)
    together = Together.ALONE if len(walkers) == 1 else (Together.BESIDE, Together.CROSSING)[int(random.integers(2))]
    size = SIZES[int(random.integers(len(SIZES)))] if together is Together.ALONE else SIZES[-1]
    steps = round(random.uniform(*_SECONDS) * 1000 / STEP_MS)
    scene = _Scene(size, random.uniform(0.44, 0.56) * size[0], random.uniform(0.3, 0.42) * size[1], random.uniform(0.025, 0.17))
    delays = _delays(together, random)
    frames = _EMPTY_BEFORE + steps + max(delays) + 2 + _EMPTY_AFTER
    walks = []
    for number, walker in enumerate(walkers):
        moments = _walk(scene, _lane(together, number, random), (steps, len(walker.portraits)), random)
        before: Walk = (None,) * (_EMPTY_BEFORE + delays[number])
        walks.append((*before, *moments, *((None,) * (frames - len(before) - len(moments)))))
    lights = _lights(frames, random)
    softness, noise, jpeg = random.uniform(0.4, 1.1), random.uniform(1.5, 7), int(random.integers(55, 93))
    return Clip(own, size, together, tuple(walkers), tuple(walks), lights, softness, noise, jpeg)


@dataclass(frozen=True, slots=True)
class _Scene:
    """Size of the frame, the point people come from, and the share of a frame's time for which the shutter is open."""

    size: tuple[int, int]
    x: float
    y: float
    shutter: float


def _delays(together: Together, random: Random) -> tuple[int, ...]:
    """How many frames later each one comes."""
    match together:
        case Together.ALONE:
            return (0,)
        case Together.BESIDE:
            return (0, int(random.integers(0, 2)))
        case Together.CROSSING:
            return (0, int(random.integers(2, 5)))


def _lane(together: Together, number: int, random: Random) -> tuple[float, float]:
    """How far beside the middle a walk begins and ends, in widths of the face."""
    side = 1 if number else -1
    match together:
        case Together.ALONE:
            return random.uniform(-2.5, 2.5), random.uniform(-0.6, 0.6)
        case Together.BESIDE:
            begin = side * random.uniform(1.5, 2.1)
            return begin, begin + random.uniform(-0.1, 0.1)
        case Together.CROSSING:
            return side * random.uniform(2.0, 2.8), -side * random.uniform(1.0, 1.7)


def _walk(scene: _Scene, lane: tuple[float, float], counts: tuple[int, int], random: Random) -> list[Moment]:
    """`counts`: frames from far to near, and portraits at hand. Two more frames follow in which the walker leaves the view."""
    steps, portraits = counts
    way = np.linspace(0, 1, steps)
    widths = 1 / (1 / FIRST_PX - (1 / FIRST_PX - 1 / LAST_PX) * way)
    phase = random.uniform(0, 2 * math.pi) + way * steps * STEP_MS / 1000 * 2 * math.pi * random.uniform(0.8, 1.0)
    beside = lane[0] + (lane[1] - lane[0]) * way + 0.12 * np.sin(phase)
    drop = (random.uniform(0.5, 0.6) * scene.size[1] - scene.y) / LAST_PX + 0.08 * np.sin(2 * phase)
    x, y = scene.x + beside * widths, scene.y + drop * widths
    worn = _worn(widths, portraits, random)
    tilts = _tilts(steps, random)
    covers = _covers(widths, random)
    moments = []
    for at in range(steps):
        before = max(0, at - 1)
        shift = np.array([x[at] - x[before], y[at] - y[before]]) * scene.shutter + _jerk(random) * widths[at]
        blur = (float(shift[0]), float(shift[1]))
        width = float(widths[at] * random.uniform(0.98, 1.02))
        moments.append(Moment(float(x[at]), float(y[at]), width, worn[at], tilts[at], random.uniform(0.95, 1.05), blur, covers.get(at)))
    return [*moments, *_leaving(moments[-1], scene, lane[1])]


def _worn(widths: NDArray[np.float64], portraits: int, random: Random) -> list[int]:
    """Which portrait each frame shows: at least three while the face is near, where there are so many; the first one from afar."""
    count = min(portraits, int(random.integers(3, 6)))
    near = np.flatnonzero(widths >= NEAR_PX)
    worn = np.zeros(len(widths), int)
    for number, run in enumerate(np.array_split(near, count)):
        worn[run] = number
    return [int(number) for number in worn]


def _tilts(steps: int, random: Random) -> list[float]:
    """Degrees, never more than 5; a head's tilt changes slowly."""
    tilts, tilt = [], random.uniform(-3, 3)
    for _ in range(steps):
        tilt = float(np.clip(0.7 * tilt + random.normal(0, 1.5), -5, 5))
        tilts.append(tilt)
    return tilts


def _jerk(random: Random) -> NDArray[np.float64]:
    """How far a head moves of itself while the shutter is open, in widths."""
    shift = random.normal(0, 0.015, 2)
    if random.random() < _TURNS:
        angle, far = random.uniform(0, 2 * math.pi), random.uniform(0.05, 0.2)
        shift += far * np.array([math.cos(angle), 0.5 * math.sin(angle)])
    return np.asarray(shift)


def _covers(widths: NDArray[np.float64], random: Random) -> dict[int, Cover]:
    """A hand, a cup, a door's edge: in front of the face for one to three frames of some walks."""
    if random.random() >= _COVERED_WALKS:
        return {}
    seen = np.flatnonzero(widths >= 0.7 * NEAR_PX)
    begin, length = int(random.choice(seen)), int(random.integers(1, 4))
    side, grey = int(random.integers(3)), int(random.integers(20, 200))
    return {at: Cover(random.uniform(0.25, 0.6), side, grey) for at in range(begin, begin + length)}


def _leaving(last: Moment, scene: _Scene, lane: float) -> list[Moment]:
    """Past the camera: half out of the view, then almost gone."""
    wide, high = scene.size
    side = 1 if lane > 0 else -1
    edge = wide if side > 0 else 0
    gone = []
    for share in (0.6, 1.1):
        px = last.face_px * (1 + 0.3 * share)
        x = last.x + (edge + side * 0.4 * px - last.x) * share
        blur = ((x - last.x) * scene.shutter / 2, 0.0)
        gone.append(Moment(x, min(last.y * (1 + 0.1 * share), high * 0.7), px, last.portrait, last.tilt, last.gain, blur))
    return gone


def _lights(frames: int, random: Random) -> tuple[Light, ...]:
    """The exposure of every frame: even, or thrown off by a door's light and found again by the camera within a second."""
    gain, gamma = random.uniform(0.65, 1.25), random.uniform(0.8, 1.25)
    cast = random.uniform(0.93, 1.07, 3)
    opens = int(random.integers(_EMPTY_BEFORE, frames)) if random.random() < _DOOR_CLIPS else frames
    jump = float(random.choice([random.uniform(1.35, 1.8), random.uniform(0.45, 0.7)]))
    lights = []
    for number in range(frames):
        off = jump ** math.exp(-(number - opens) / 2.5) if number >= opens else 1.0
        blue, green, red = (float(value) for value in gain * off * cast)
        lights.append(Light((blue, green, red), gamma))
    return tuple(lights)
