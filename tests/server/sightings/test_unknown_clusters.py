"""Where a new pass goes, without a database."""

import numpy as np
import pytest

from server.gallery.pipeline import embedder
from server.sightings.unknown_clusters import Known, Newcomer, place
from shared_schema.face.types import Embedding
from tests.server.sightings.second_looks import face

CALIBRATION = embedder().calibration


def new(key: int, number: int, *, like_enrolled: bool = False, like: float = 1.0) -> Newcomer:
    return Newcomer(key, face(number, like=like), 0.8, like_enrolled)


def known(group: int, number: int, *, ignored: bool = False, like: float = 1.0) -> Known:
    return Known(group, face(number, like=like), 0.8, ignored)


def test_a_pass_joins_the_nearest_group_of_its_cluster_and_strangers_make_new_ones() -> None:
    placed = place([known(7, 1), known(8, 2)], [new(1, 1), new(2, 3), new(3, 3), new(4, 4)], calibration=CALIBRATION)
    assert (placed.joined, sorted(placed.new)) == ({1: 7}, [[2, 3], [4]])


def test_of_two_groups_alike_the_nearer_one_takes_it_and_neither_changes() -> None:
    placed = place([known(7, 1, like=0.999), known(8, 1)], [new(1, 1)], calibration=CALIBRATION)
    assert placed.joined == {1: 8}


@pytest.mark.parametrize("like_enrolled", [True, False])
def test_an_ignored_group_takes_only_who_is_like_nobody_enrolled(*, like_enrolled: bool) -> None:
    placed = place([known(7, 1, ignored=True)], [new(1, 1, like_enrolled=like_enrolled)], calibration=CALIBRATION)
    assert (placed.joined, placed.new) == (({}, [[1]]) if like_enrolled else ({1: 7}, []))


def test_somebody_like_an_enrolled_person_joins_an_open_group_beside_an_ignored_one() -> None:
    groups = [known(7, 1, ignored=True), known(8, 1, like=0.999)]
    assert place(groups, [new(1, 1, like_enrolled=True)], calibration=CALIBRATION).joined == {1: 8}
    assert place(groups, [new(1, 1)], calibration=CALIBRATION).joined == {1: 7}


def test_nobody_new_is_nowhere_and_the_order_changes_nothing() -> None:
    assert place([known(1, 1)], [], calibration=CALIBRATION).joined == {}
    rng = np.random.default_rng(5)
    probes: list[Embedding] = [row / np.linalg.norm(row) for row in rng.normal(size=(40, embedder().dimension)).astype(np.float32)]
    there = [Known(at % 5, probe, 0.5, ignored=False) for at, probe in enumerate(probes[:20])]
    come = [Newcomer(at, probe, 0.5, like_enrolled=False) for at, probe in enumerate([*probes[:10], *probes[20:]])]
    one, other = place(there, come, calibration=CALIBRATION), place(there[::-1], come[::-1], calibration=CALIBRATION)
    assert one.joined == other.joined != {}
    assert {frozenset(keys) for keys in one.new} == {frozenset(keys) for keys in other.new}
