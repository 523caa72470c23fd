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


def _merit(look: Look) -> tuple[float, int]:
    return -look.quality.value, look.at


def apart(looks: Sequence[Look]) -> int:
    """How many of the looks are evidence of their own: the most that lie `APART_NS` or more from each other."""
    count, last = 0, None
    for at in sorted(look.at for look in looks):
        if last is None or at - last >= APART_NS:
            count, last = count + 1, at
    return count


def fuse(looks: Sequence[Look]) -> Embedding:
    """The quality-weighted mean of at least one look, of unit length."""
    weights = np.array([max(look.quality.value, _LEAST_WEIGHT) for look in looks], np.float64)
    rows = np.stack([look.embedding for look in looks]).astype(np.float64)
    return np.asarray(unit(weights @ rows))
