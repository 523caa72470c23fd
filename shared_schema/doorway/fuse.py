"""Several looks at one face become one probe."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from shared_schema.doorway.types import Look
from shared_schema.face.types import Embedding
from shared_schema.face.vectors import unit

MAX_LOOKS: Final = 12
"""A pass keeps so many looks, the best ones."""
APART_NS: Final = 150_000_000
"""Looks nearer in time than this are one piece of evidence: a face that stands still gives the same picture again and again."""
SPAN_NS: Final = 300_000_000
"""A living face differs from itself after so long; two of the kept looks lie so far apart as soon as any two did."""
NEAR_PX: Final = 120
"""A face so wide is as good as a wider one; the worth of a smaller one falls with its area.

Measured on 96 usable walks of enrolled people up to a camera, 5 frames a second: later than a second after the face is 60 px wide are
named 16 walks by quality alone, 7 with this; and none of 500 strangers comes nearer to the bar than 0.008.
"""
_LEAST_WEIGHT: Final = 1e-3
"""Even the poorest look has some weight, so that looks of no quality at all still have a mean."""


def best_looks(looks: Sequence[Look], most: int = MAX_LOOKS) -> tuple[Look, ...]:
    """At most `most` (≥ 2) looks, the best first, of equals the earlier one; one for each moment of `APART_NS`.

    The earliest and the best look `SPAN_NS` after it are kept however poor they are.
    """
    moments: dict[int, Look] = {}
    for look in sorted(looks, key=_merit):
        moments.setdefault(look.at // APART_NS, look)
    kept = list(moments.values())
    if len(kept) <= most:
        return tuple(kept)
    first = min(kept, key=lambda look: look.at)
    later = next((look for look in kept if look.at - first.at >= SPAN_NS), first)
    places = {look.at for look in (first, later)}
    places |= {look.at for look in [look for look in kept if look.at not in places][: most - len(places)]}
    return tuple(look for look in kept if look.at in places)


def worth(look: Look) -> float:
    """How much a look says: its quality, less for a face that is far away."""
    return look.quality.value * min(1.0, look.quality.face_px / NEAR_PX) ** 2


def _merit(look: Look) -> tuple[float, int]:
    return -worth(look), look.at


def apart(looks: Sequence[Look]) -> int:
    """How many of the looks are evidence of their own: the most that lie `APART_NS` or more from each other."""
    count, last = 0, None
    for at in sorted(look.at for look in looks):
        if last is None or at - last >= APART_NS:
            count, last = count + 1, at
    return count


def fuse(looks: Sequence[Look]) -> Embedding:
    """The mean of at least one look, weighted by their worth, of unit length."""
    weights = np.array([max(worth(look), _LEAST_WEIGHT) for look in looks], np.float64)
    rows = np.stack([look.embedding for look in looks]).astype(np.float64)
    return np.asarray(unit(weights @ rows))
