from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_schema.face.cluster import Labels, cluster
from shared_schema.face.manifest import ModelSet
from shared_schema.face.types import Embeddings, FaceError
from shared_schema.face.vectors import unit

CALIBRATION = ModelSet.load().embedder.calibration


def passes(people: int, each: int, *, spread: float = 0.15, seed: int = 0) -> tuple[Embeddings, NDArray[np.intp]]:
    """Probes as an embedder makes them: everybody is like everybody to some degree, and one's own are closer."""
    random = np.random.default_rng(seed)
    everybody = random.normal(size=64)
    centres = unit(everybody / np.linalg.norm(everybody) * 2 + unit(random.normal(size=(people, 64))))
    truth = np.repeat(np.arange(people), each)
    return unit(centres[truth] + spread * unit(random.normal(size=(len(truth), 64)))), truth


def same(first: Labels, second: Labels) -> bool:
    """Whether two labellings make the same groups."""
    return bool(((first[:, None] == first) == (second[:, None] == second)).all())


def grouped(rows: Embeddings, **given: object) -> Labels:
    return cluster(rows, calibration=CALIBRATION, **given)  # type: ignore[arg-type]


def test_probes_of_one_person_are_one_group() -> None:
    rows, truth = passes(12, 5)
    assert same(grouped(rows), truth)


def test_people_without_likeness_to_each_other_stay_alone() -> None:
    rows, _ = passes(80, 1)
    assert len(set(grouped(rows).tolist())) == 80


def test_groups_are_numbered_by_size() -> None:
    rows, truth = passes(5, 6)
    kept = np.concatenate([np.flatnonzero(truth == person)[: 6 - person] for person in range(5)])
    assert np.bincount(grouped(rows[kept])).tolist() == [6, 5, 4, 3, 2]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(60)), st.integers(0, 5), st.sampled_from([0.15, 0.35, 0.5]))
def test_the_order_of_the_probes_changes_nothing(order: list[int], seed: int, spread: float) -> None:
    rows, _ = passes(20, 3, spread=spread, seed=seed)
    weights = np.linspace(0.1, 1, 60)
    apart = [(0, 1), (5, 40)]
    place = {row: at for at, row in enumerate(order)}
    moved = [(place[one], place[other]) for one, other in apart]
    plain = grouped(rows, qualities=weights, cannot_link=apart)
    assert grouped(rows[order], qualities=weights[order], cannot_link=moved).tolist() == plain[order].tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)).filter(lambda pair: pair[0] != pair[1]), max_size=40), st.integers(0, 3))
def test_two_faces_seen_at_once_are_never_one_person(apart: list[tuple[int, int]], seed: int) -> None:
    rows, _ = passes(3, 10, seed=seed)
    labels = grouped(rows, cannot_link=apart)
    assert all(labels[one] != labels[other] for one, other in apart)


def test_a_chain_of_lookalikes_does_not_join_its_ends() -> None:
    """Each link of the chain is close enough for single linkage; its ends are strangers."""
    angles = np.linspace(0, 1.2, 30)
    rows = unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert min(float(one @ other) for one, other in pairwise(rows)) > 0.99
    labels = grouped(rows)
    assert labels[0] != labels[-1]


def test_a_probe_that_is_like_everybody_glues_nobody_together() -> None:
    rows, truth = passes(60, 3, seed=1)
    hub = unit(rows.mean(axis=0, keepdims=True) + 0.2 * rows[:1])
    labels = grouped(np.concatenate([rows, hub]))
    assert same(labels[:-1], truth)


def test_only_the_proportion_of_weights_matters() -> None:
    rows, _ = passes(6, 4, spread=0.3)
    assert grouped(rows, qualities=[0.5] * 24).tolist() == grouped(rows).tolist()


def test_a_poor_probe_weighs_less_in_the_mean_of_its_group() -> None:
    """A third probe that is near the good one alone joins the two only where the poor one has little weight."""

    def at(degrees: float) -> list[float]:
        return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]

    rows = unit(np.array([at(0), at(16), at(-18)]))
    assert len(set(grouped(rows, qualities=[1, 1, 1]).tolist())) == 2
    assert len(set(grouped(rows, qualities=[1, 0.05, 1]).tolist())) == 1


def test_equal_probes_are_one_group_whatever_else_there_is() -> None:
    rows, _ = passes(10, 1)
    labels = grouped(np.concatenate([rows, rows]))
    assert same(labels[:10], labels[10:])
    assert labels[:10].tolist() == labels[10:].tolist()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_probes_are_grouped_too(count: int) -> None:
    rows, _ = passes(3, 1)
    assert sorted(grouped(rows[:count]).tolist()) == list(range(count))


@pytest.mark.parametrize("pairs", [[(0, 0)], [(0, 9)], [(-1, 0)]])
def test_pairs_that_are_none_are_refused(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(FaceError, match="two different rows"):
        grouped(passes(3, 1)[0], cannot_link=pairs)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 1.0, float("nan")]])
def test_weights_that_do_not_belong_to_the_probes_are_refused(weights: list[float]) -> None:
    with pytest.raises(FaceError, match="one number for each"):
        grouped(passes(3, 1)[0], qualities=weights)


@pytest.mark.parametrize("rows", [np.full((2, 4), np.nan), np.ones((2, 4)), np.ones(4)])
def test_what_are_no_embeddings_is_refused(rows: Embeddings) -> None:
    with pytest.raises(FaceError):
        grouped(rows)


def test_too_many_probes_are_refused_before_they_take_the_memory() -> None:
    rows = np.zeros((10_001, 2), np.float32)
    rows[:, 0] = 1
    with pytest.raises(FaceError, match="at most 10000"):
        grouped(rows)
