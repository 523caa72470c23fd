"""Several looks at one face become one probe."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from shared_schema.doorway.types import Look
from shared_schema.face.types import Embedding
from shared_schema.face.vectors import unit

MAX_LOOKS: Final = 12
"""A pass keeps so many looks, the best ones."""
_LEAST_WEIGHT: Final = 1e-3
"""Even the poorest look has some weight, so that looks of no quality at all still have a mean."""


def best_looks(looks: Sequence[Look]) -> tuple[Look, ...]:
    """At most `MAX_LOOKS` looks of the highest quality, the best first; of equals the earlier one."""
    return tuple(sorted(looks, key=lambda look: (-look.quality.value, look.at))[:MAX_LOOKS])


def fuse(looks: Sequence[Look]) -> Embedding:
    """The quality-weighted mean of at least one look, of unit length."""
    weights = np.array([max(look.quality.value, _LEAST_WEIGHT) for look in looks], np.float64)
    rows = np.stack([look.embedding for look in looks]).astype(np.float64)
    return np.asarray(unit(weights @ rows))
