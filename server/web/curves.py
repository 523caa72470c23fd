"""ROC and DET curves as points of an SVG picture, made here: no script, no inline style."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_schema.evaluate.plots import curve

WIDE: Final = 320
HIGH: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 18, 10, 34
_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid and what stands beside it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One curve. `points` is the value of a polyline in a view box of `WIDE` × `HIGH`."""

    title: str
    x_title: str
    y_title: str
    points: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    wide: int = WIDE
    high: int = HIGH
    left: int = _LEFT
    right: int = WIDE - _RIGHT
    top: int = _TOP
    bottom: int = HIGH - _BOTTOM


def pictures(own: NDArray[np.float64], strangers: NDArray[np.float64]) -> tuple[Picture, ...]:
    """ROC and DET of what own samples and strangers reach; none without both."""
    if len(own) == 0 or len(strangers) == 0:
        return ()
    false, true = curve(own, strangers)
    kept = np.unique(np.linspace(0, len(false) - 1, min(_POINTS, len(false))).round().astype(int))
    floor = _decade(0.5 / len(strangers))
    across = _logarithmic(np.maximum(false[kept], floor), floor, _LEFT, WIDE - _RIGHT)
    least = _decade(0.5 / len(own))
    missed = _logarithmic(np.maximum(1 - true[kept], least), least, HIGH - _BOTTOM, _TOP)
    named = HIGH - _BOTTOM - true[kept] * (HIGH - _BOTTOM - _TOP)
    x_title = "strangers above the bar"
    roc = Picture("ROC", x_title, "own samples above it", _polyline(across, named), _decades(floor, _LEFT, WIDE - _RIGHT), _shares())
    det = Picture(
        "DET", x_title, "own samples below it", _polyline(across, missed), _decades(floor, _LEFT, WIDE - _RIGHT),
        _decades(least, HIGH - _BOTTOM, _TOP),
    )  # fmt: skip
    return roc, det


def _decade(value: float) -> float:
    return float(10.0 ** math.floor(math.log10(min(value, 0.1))))


def _logarithmic(values: NDArray[np.float64], floor: float, low: float, high: float) -> NDArray[np.float64]:
    """From `floor` at `low` to 1 at `high`."""
    return np.asarray(high + (low - high) * np.log10(values) / math.log10(floor), np.float64)


def _polyline(across: NDArray[np.float64], up: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))


def _decades(floor: float, low: float, high: float) -> tuple[Tick, ...]:
    steps = round(-math.log10(floor))
    return tuple(Tick(high + (low - high) * step / steps, f"{100 * 10.0**-step:g} %") for step in range(steps + 1))


def _shares() -> tuple[Tick, ...]:
    return tuple(Tick(HIGH - _BOTTOM - share * (HIGH - _BOTTOM - _TOP), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1))
