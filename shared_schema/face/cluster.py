"""Which unknown passes were the same stranger? Groups probes so that one group is one person.

The rule is average linkage: two groups become one while the mean similarity between their probes reaches the bar, the closest first.
A probe that lies close to everybody (a blurred or half-turned face) would glue people together, so each similarity is lowered by how
close its two probes come to *other* groups, compared with the other probes at hand; the other groups come from a first, stricter pass.

What was tried, on halves of the development people of LFW with at most 5 images each, each image a probe: pairwise precision at 80 % recall
and recall at 99 % precision, the bar chosen afterwards; then the same among the people of that half with one image only.

| rule | precision | recall | precision, seen once | recall, seen once |
|---|---|---|---|---|
| single linkage | 0.855 | 0.608 | 0.630 | 0.486 |
| density: three within the bar | 0.692 | 0.518 | 0.234 | 0.402 |
| mutual nearest five | 0.909 | 0.608 | 0.798 | 0.486 |
| complete linkage | 0.992 | 0.806 | 0.796 | 0 |
| Chinese whispers | 0.987 | 0.690 | 0.849 | 0.454 |
| linkage by the cosine of means | 0.783 | 0.588 | | |
| average linkage | 0.987 | 0.772 | 0.931 | 0.457 |
| average, less each probe's mean similarity | 0.954 | 0.582 | 0.816 | 0.155 |
| average, less nearness to other groups | 1.000 | 0.848 | 0.956 | 0.729 |

A bar that rises with the smallness of the groups helped among people seen once and cost recall everywhere else; so only large groups are
linked once more, by a lower bar: somebody seen hundreds of times is otherwise torn into several groups. What goes wrong still are people
whom the embedder hardly tells apart: in an unlucky half, two such couples take the precision at the bars below to 0.968.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Embeddings, FaceError
from shared_schema.face.vectors import check_embeddings

MAX_PROBES: Final = 10_000
"""Comparing so many at once takes 2 GB and a quarter of a minute; 5,000 take 3 seconds."""
_STRICT_ONE_IN: Final = 2_000
_LARGE_ONE_IN: Final = 500
_FEW_ONE_IN: Final = 500
"""Bars: one comparison of strangers in so many reaches them. Between large groups many comparisons agree, so a lower one is enough."""
_LARGE: Final = 3
_RANKS: Final = (2, 12)
"""The nearest other groups that tell how close a probe comes to strangers; the very nearest may be the same person."""
_SHARE: Final = 0.6
_FEW_GROUPS: Final = 50
"""With so few other groups, half of the share."""
_LEAST_QUALITY: Final = 1e-3
_NEVER: Final = -np.inf

_Square = NDArray[np.float32]
Labels = NDArray[np.intp]


class Calibration(Protocol):
    """What the similarities of an embedder mean; `shared_schema.face.calibration.Calibration` is the real one."""

    def min_similarity(self, *, strangers_named_one_in: int, gallery_size: int) -> float: ...


def cluster(
    embeddings: Embeddings,
    *,
    calibration: Calibration,
    qualities: Sequence[float] | None = None,
    cannot_link: Iterable[tuple[int, int]] = (),
) -> Labels:
    """The group of each probe, shape (n,): 0 for the largest group, then by size; the order of the probes changes nothing.

    `embeddings` are unit rows (n, dimension) of one model. `qualities` weigh the probes of a group (0 to 1 each; without them all weigh the
    same). `cannot_link` names pairs of rows that are certainly two people, such as two faces seen at once in one frame. FaceError: rows
    that are no embeddings, too many of them, or weights and pairs that do not belong to them.
    """
    rows = check_embeddings(embeddings, embeddings.shape[-1] if embeddings.ndim == 2 else 0)
    if len(rows) > MAX_PROBES:
        raise FaceError("too_many_probes", f"{len(rows)} probes are too many to be compared at once; give at most {MAX_PROBES}")
    weights = _weights(qualities, len(rows))
    if len(rows) == 0:
        return np.empty(0, np.intp)
    order = np.array(sorted(range(len(rows)), key=lambda at: (rows[at].tobytes(), float(weights[at]))), np.intp)
    probes = _Probes(rows[order] @ rows[order].T, weights[order], _places(cannot_link, order))
    labels = np.empty(len(rows), np.intp)
    labels[order] = _by_size(_grouped(probes, calibration))
    return labels


@dataclass(frozen=True, slots=True)
class _Probes:
    """Similarities of all probes to each other, what each weighs, and the pairs that are two people, shape (n, 2)."""

    similarities: _Square
    weights: NDArray[np.float64]
    apart: Labels

    def allowed(self, lowered_by: NDArray[np.float32] | None = None) -> _Square:
        """A copy in which those apart are never near, each row and column lowered by its number."""
        copy = self.similarities.copy()
        if lowered_by is not None:
            copy -= lowered_by[:, None]
            copy -= lowered_by[None, :]
        one, other = self.apart.T
        copy[one, other] = copy[other, one] = _NEVER
        return copy


def _grouped(probes: _Probes, calibration: Calibration) -> Labels:
    """Strict groups show who comes close to strangers; then the groups themselves."""

    def bar(one_in: int) -> float:
        return calibration.min_similarity(strangers_named_one_in=one_in, gallery_size=1)

    strict = _join_large(probes, link(probes.allowed(), probes.weights, bar(_STRICT_ONE_IN)), bar(_LARGE_ONE_IN))
    count = int(strict.max(initial=-1)) + 1
    share = np.float32(_SHARE / 2 * count / (count + _FEW_GROUPS))
    lowered = probes.allowed(share * nearness_to_others(probes, strict))
    groups = link(lowered, probes.weights, bar(max(count, _FEW_ONE_IN)))
    return _join_large(probes, groups, bar(_LARGE_ONE_IN))


def _join_large(probes: _Probes, groups: Labels, min_similarity: float) -> Labels:
    """Link the groups of several probes once more, by the mean similarities between their probes."""
    large = np.flatnonzero(np.bincount(groups) >= _LARGE)
    if len(large) < 2:
        return groups
    to_groups = _group_means(probes.allowed(), groups, probes.weights)[:, large]
    between = _group_means(to_groups.T, groups, probes.weights)[:, large]
    joined = link(np.maximum(between, between.T), np.asarray(np.bincount(groups, probes.weights)[large], np.float64), min_similarity)
    firsts = np.arange(groups.max() + 1)
    firsts[large] = large[np.unique(joined, return_index=True)[1]][joined]
    return np.asarray(np.unique(firsts[groups], return_inverse=True)[1], np.intp)


def link(similarities: _Square, weights: NDArray[np.float64], min_similarity: float) -> Labels:
    """Average linkage down to `min_similarity`, by chains of nearest neighbours; `similarities` is used up.

    Groups are numbered in the order of their first row.
    """
    tree = _Groups.of_single_rows(similarities, weights)
    chain: list[int] = []
    while chain or tree.open.any():
        if not chain:
            chain.append(int(tree.open.argmax()))
        last = chain[-1]
        nearest = int(tree.similarities[last].argmax())
        if not tree.similarities[last, nearest] >= min_similarity:
            tree.close(chain.pop())  # nothing comes closer later: a mean never exceeds its parts
        elif len(chain) > 1 and tree.similarities[last, chain[-2]] >= tree.similarities[last, nearest]:
            tree.join(chain.pop(), chain.pop())
        else:
            chain.append(nearest)
    return np.asarray(np.unique(tree.member, return_inverse=True)[1], np.intp)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups in the making: mean similarities between them, their weights, which may still grow, and the group of each row."""

    similarities: _Square
    weights: NDArray[np.float64]
    open: NDArray[np.bool_]
    member: Labels

    @classmethod
    def of_single_rows(cls, similarities: _Square, weights: NDArray[np.float64]) -> Self:
        np.fill_diagonal(similarities, _NEVER)
        return cls(similarities, weights.copy(), np.ones(len(similarities), bool), np.arange(len(similarities)))

    def join(self, one: int, other: int) -> None:
        """Both become one, under the lower number."""
        kept, gone = min(one, other), max(one, other)
        heavy, light = self.weights[kept], self.weights[gone]
        mean = (heavy * self.similarities[kept] + light * self.similarities[gone]) / (heavy + light)
        self.similarities[kept] = self.similarities[:, kept] = mean
        self.similarities[kept, kept] = _NEVER
        self.weights[kept] = heavy + light
        self.member[self.member == gone] = kept
        self.close(gone)

    def close(self, group: int) -> None:
        """It grows no more, and nothing is near it."""
        self.open[group] = False
        self.similarities[group, :] = self.similarities[:, group] = _NEVER


def nearness_to_others(probes: _Probes, groups: Labels) -> NDArray[np.float32]:
    """How much closer each probe comes to the nearest other groups than the probes do on the whole, shape (n,).

    A group counts once however many probes it has, and the very nearest are passed over: they may be the same person.
    """
    to_groups = _group_means(probes.similarities, groups, probes.weights)
    to_groups[np.arange(len(groups)), groups] = _NEVER
    first, last = (min(rank, to_groups.shape[1] - 1) for rank in _RANKS)
    if first >= last:
        return np.zeros(len(groups), np.float32)
    nearest = -np.partition(-to_groups, (first, last - 1), axis=1)[:, first:last].mean(axis=1)
    return np.asarray(nearest - nearest.mean(), np.float32)


def _group_means(similarities: _Square, groups: Labels, weights: NDArray[np.float64]) -> _Square:
    """Mean similarity of each row to the columns of each group, shape (rows, groups)."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
    weighted = similarities[:, order] * weights[order].astype(np.float32)
    return np.asarray(np.add.reduceat(weighted, starts, axis=1) / np.bincount(groups, weights).astype(np.float32), np.float32)


def _weights(qualities: Sequence[float] | None, count: int) -> NDArray[np.float64]:
    if qualities is None:
        return np.ones(count)
    given = np.asarray(qualities, np.float64)
    if given.shape != (count,) or not np.isfinite(given).all():
        raise FaceError("wrong_shape", f"qualities have shape {given.shape}, expected one number for each of the {count} probes")
    return np.asarray(np.clip(given, _LEAST_QUALITY, 1))


def _places(cannot_link: Iterable[tuple[int, int]], order: Labels) -> Labels:
    """Pairs of rows, shape (n, 2), as they stand after sorting."""
    pairs = np.array(list(cannot_link), np.intp).reshape(-1, 2)
    if pairs.size and (pairs.min() < 0 or pairs.max() >= len(order) or (pairs[:, 0] == pairs[:, 1]).any()):
        raise FaceError("wrong_pair", f"cannot_link names two different rows of the {len(order)} probes")
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return np.asarray(place[pairs], np.intp)


def _by_size(groups: Labels) -> Labels:
    """The same groups, numbered from the largest to the smallest; of equals the earlier first."""
    rank = np.empty(groups.max(initial=-1) + 1, np.intp)
    rank[np.argsort(-np.bincount(groups, minlength=len(rank)), kind="stable")] = np.arange(len(rank))
    return np.asarray(rank[groups], np.intp)
