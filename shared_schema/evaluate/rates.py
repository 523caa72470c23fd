"""Error rates from similarities. A similarity is accepted when it is *above* the bar."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOT_ACQUIRED = -2.0
"""Stands for a comparison with an image that gave no embedding: never accepted."""


@dataclass(frozen=True, slots=True)
class FoldedAccuracy:
    """Mean and deviation over the folds, each judged by the bar that was best on the others; `bar` is the mean of these."""

    mean: float
    deviation: float
    bar: float


def bar_at_rate(impostors: Similarities, rate: float) -> float:
    """The lowest bar that at most `rate` of the impostors exceed."""
    ordered = np.sort(impostors)
    allowed = int(np.floor(rate * len(ordered) + 1e-9))
    return float(ordered[len(ordered) - 1 - allowed]) if allowed < len(ordered) else -np.inf


def true_accept_rate(genuine: Similarities, impostors: Similarities, rate: float) -> float:
    """Share of genuine comparisons above the bar at which at most `rate` of the impostors are."""
    return float((genuine > bar_at_rate(impostors, rate)).mean())


def best_bar(similarities: Similarities, same: Flags) -> float:
    """The bar with the most right answers; the middle between the two neighbouring similarities."""
    order = np.argsort(similarities, kind="stable")
    values, truth = similarities[order], same[order]
    # Right answers when everything after position i is accepted: different pairs up to i and same pairs behind it.
    right = np.concatenate([[truth.sum()], np.cumsum(~truth) + truth.sum() - np.cumsum(truth)])
    distinct = np.concatenate([[True], values[1:] > values[:-1], [True]])
    at = int(np.argmax(np.where(distinct, right, -1)))
    if at == 0:
        return float(values[0]) - 1e-6
    return float(values[-1]) if at == len(values) else float((values[at - 1] + values[at]) / 2)


def folded_accuracy(similarities: Similarities, same: Flags, folds: NDArray[np.int_]) -> FoldedAccuracy:
    """The protocol of LFW's restricted view; with a single fold, its own best bar."""
    accuracies: list[float] = []
    bars: list[float] = []
    for fold in np.unique(folds):
        tested = folds == fold
        learned = ~tested if (~tested).any() else tested
        bar = best_bar(similarities[learned], same[learned])
        bars.append(bar)
        accuracies.append(float(((similarities[tested] > bar) == same[tested]).mean()))
    return FoldedAccuracy(float(np.mean(accuracies)), float(np.std(accuracies)), float(np.mean(bars)))


def cosine(first: Sequence[NDArray[np.float32] | None], second: Sequence[NDArray[np.float32] | None]) -> Similarities:
    """Similarity of each couple; `NOT_ACQUIRED` where one is missing."""
    couples = zip(first, second, strict=True)
    return np.array([NOT_ACQUIRED if a is None or b is None else float(a @ b) for a, b in couples], np.float64)
