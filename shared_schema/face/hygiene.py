"""Which samples of a person may be part of the template: the unlike and the superfluous are set aside, and can be taken back.

What staff say of a sample stands above every rule here: one that they keep is never set aside.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Embeddings, FaceError
from shared_schema.face.vectors import unit

MAX_ACTIVE: Final = 12
"""More samples than these make no better template; the most redundant are set aside."""
_CALIBRATED_OTHERS: Final = 4
"""`min_own_similarity` is measured against means of at most so many others."""


class Reason(StrEnum):
    """Why a sample is not part of the template."""

    UNLIKE = "unlike"
    REDUNDANT = "redundant"
    DAMAGED = "damaged"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows that are part of the template, why the others are not, and whether the only two contradict each other."""

    active: tuple[int, ...]
    set_aside: dict[int, Reason]
    disagree: bool


def sort_out(rows: Embeddings, values: Sequence[float], *, kept: Collection[int] = (), min_own_similarity: float) -> Sorted:
    """Sort a person's samples: unit rows (n, dimension) with the quality of each; `kept` are rows that staff want in the template."""
    if len(rows) != len(values):
        raise FaceError("wrong_shape", f"{len(rows)} samples need {len(rows)} qualities, got {len(values)}")
    odd = unlike(rows, min_own_similarity=min_own_similarity)
    aside = dict.fromkeys((row for row in odd if row not in kept), Reason.UNLIKE)
    left = [row for row in range(len(rows)) if row not in aside]
    aside |= dict.fromkeys(redundant(rows, values, left, kept=kept), Reason.REDUNDANT)
    active = tuple(row for row in left if row not in aside)
    return Sorted(active, aside, disagree(rows[list(active)], min_own_similarity=min_own_similarity))


def unlike(rows: Embeddings, *, min_own_similarity: float) -> tuple[int, ...]:
    """Rows too far from the mean of the others, the most unlike first. Of fewer than three nobody can say which is the odd one.

    One that is kept all the same is found here too: it must not make the others look odd.
    """
    found: list[int] = []
    left = list(range(len(rows)))
    while len(left) >= 3:
        similarities = others_similarities(rows[left])
        worst = int(similarities.argmin())
        if similarities[worst] >= least_similarity(len(left) - 1, min_own_similarity):
            break
        found.append(left.pop(worst))
    return tuple(found)


def others_similarities(rows: Embeddings) -> NDArray[np.float64]:
    """Similarity of each of at least two rows to the mean of all others."""
    wide = np.asarray(rows, np.float64)
    return np.asarray((wide * unit(wide.sum(0) - wide)).sum(1), np.float64)


def least_similarity(others: int, min_own_similarity: float) -> float:
    """What an honest sample reaches with the mean of so many others: the fewer they are, the less they resemble anybody's mean.

    If any two samples have the similarity p, one and the mean of k others have p·√(k / (1 + (k − 1)·p)). At or below 0 nothing is unlike.
    """
    if min_own_similarity <= 0:
        return min_own_similarity
    count, squared = _CALIBRATED_OTHERS, min_own_similarity**2
    inner = (count - 1) * squared
    pair = (inner + math.sqrt(inner**2 + 4 * count * squared)) / (2 * count)
    reached = min(max(others, 1), count)
    return pair * math.sqrt(reached / (1 + (reached - 1) * pair))


def disagree(rows: Embeddings, *, min_own_similarity: float) -> bool:
    """Whether these are two samples so unlike that one is likely somebody else; which one, only a third can tell."""
    return len(rows) == 2 and float(rows[0] @ rows[1]) < least_similarity(2, min_own_similarity)


def redundant(rows: Embeddings, values: Sequence[float], left: Sequence[int], *, kept: Collection[int] = ()) -> tuple[int, ...]:
    """Of the rows `left`, those beyond `MAX_ACTIVE`: again and again the worse look of the two that resemble each other most."""
    found: list[int] = []
    remaining = list(left)
    while len(remaining) > MAX_ACTIVE:
        pairs = _pairs_without_kept(rows, remaining, kept)
        if not np.isfinite(pairs).any():
            break
        first, second = (remaining[at] for at in divmod(int(pairs.argmax()), len(remaining)))
        superfluous = min((row for row in (first, second) if row not in kept), key=lambda row: values[row])
        remaining.remove(superfluous)
        found.append(superfluous)
    return tuple(found)


def _pairs_without_kept(rows: Embeddings, remaining: Sequence[int], kept: Collection[int]) -> NDArray[np.float32]:
    """Similarities (n, n) of the remaining rows; a row with itself, and two rows that are both kept, are no pair."""
    chosen = rows[list(remaining)]
    pairs = np.asarray(chosen @ chosen.T, np.float32)
    fixed = np.array([row in kept for row in remaining])
    pairs[np.ix_(fixed, fixed)] = -np.inf
    np.fill_diagonal(pairs, -np.inf)
    return pairs
