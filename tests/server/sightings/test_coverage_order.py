"""Whatever the order, the batches and the repetitions in which a node's records arrive, the same is covered and the same is missing."""

from dataclasses import dataclass
from importlib import import_module
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from server.recompute.services import work_off
from server.sightings.coverage_again import looks_again
from server.sightings.coverage_models import MissingRange
from server.sightings.models import Observation
from server.sites.models import Door
from tests.factories import FakeNode, a_door
from tests.server.sightings.watching import in_contact, looks, m, minute_of, minutes_covered, reboot, watching

pytestmark = pytest.mark.django_db


@dataclass
class History:
    """What a node tells: two boots and two epochs, one number never sent, one lost and said to be, a blind interval."""

    node: FakeNode
    door: Door
    items: list[dict[str, Any]]


def a_history(*, clock_known: bool = True) -> History:
    node = watching(door := a_door()) if clock_known else FakeNode.hung(door := a_door())
    items = [*looks(node, [0, 4]), node.sighting(at=m(6)), *looks(node, [4, 8])]
    items.append(node.observation(looked=(m(8), m(12)), blind=[(m(9), m(10))]))
    next(node.seqs)
    items += [*looks(node, [12, 16, 20]), node.sighting(at=m(21))]
    if clock_known:
        reboot(node)
    items += looks(node, [23, 27, 31])
    node.epoch = 2
    items += [node.gap(lost=(1, 11, 13), seq=1), node.observation(looked=(m(33), m(37)), seq=2)]
    items += [node.observation(looked=(m(37), m(41)), seq=4), node.observation(looked=(m(41), m(45)), seq=5)]
    return History(node, door, items)


def missing(history: History) -> list[tuple[float, ...]]:
    rows = MissingRange.objects.filter(node=history.node.node)
    return [(row.epoch, row.from_seq, row.to_seq, minute_of(row.earliest_at), minute_of(row.latest_at)) for row in rows]


def test_in_order_the_holes_are_where_they_belong() -> None:
    history = a_history()
    history.node.send(*history.items)
    assert missing(history) == [(1, 5, 5, 12, 16.4), (1, 11, 13, 31, 37.4), (2, 3, 3, 37, 41.4)]
    assert minutes_covered(history.door) == [(0, 9), (10, 12), (16.4, 20), (23, 31), (41.4, 45)]


@pytest.mark.parametrize("seed", range(8))
def test_in_any_order_they_are_the_same(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (not for secrets)
    history, ordered = a_history(), a_history()
    ordered.node.send(*ordered.items)
    left = history.items + random.sample(history.items, 4)
    random.shuffle(left)
    while left:
        size = random.randint(1, 6)
        history.node.send(*left[:size])
        left = left[size:]
    assert missing(history) == missing(ordered)
    assert minutes_covered(history.door) == minutes_covered(ordered.door)


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_becomes_known_in_between_makes_no_difference(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    history, ordered = a_history(clock_known=False), a_history(clock_known=False)
    in_contact(ordered.node)
    ordered.node.send(*ordered.items)
    random.shuffle(history.items)
    history.node.send(*history.items[:6])
    in_contact(history.node)
    history.node.send(*history.items[6:])
    work_off()
    assert missing(history) == missing(ordered)
    assert minutes_covered(history.door) == minutes_covered(ordered.door) != []


def test_what_comes_last_leaves_nothing_of_the_holes() -> None:
    history = a_history()
    whole = [item for item in history.items if item["envelope"]["kind"] != "gap"]
    history.node.send(*[item for number, item in enumerate(whole) if number % 2])
    holes = len(missing(history))
    history.node.send(*[item for number, item in enumerate(whole) if not number % 2])
    assert holes > len(missing(history))
    assert [row[:3] for row in missing(history)] == [(1, 5, 5), (2, 1, 1), (2, 3, 3)]


def numbers() -> set[tuple[int, int, int, int]]:
    return set(MissingRange.objects.values_list("node", "epoch", "from_seq", "to_seq"))


def test_an_installation_that_kept_no_ranges_finds_the_same_ones_and_derives_their_times() -> None:
    history, contested = a_history(), a_history()
    history.node.send(*history.items)
    contested.node.send(*contested.items[:6])
    contested.node.epoch = 1
    contested.node.send(contested.node.observation(looked=(m(50), m(51)), seq=4), contested.node.gap(lost=(1, 20, 30), seq=9))
    kept, times = numbers(), (missing(history), missing(contested))
    MissingRange.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("server.sightings.migrations.0008_observations_in_their_order").MISSING)
    assert numbers() == kept
    assert len(kept) == 4
    Observation.objects.update(begins_at=None, ends_at=None, uncertainty_ms=None)
    for told in (history, contested):
        looks_again(told.node.node, Q())
    assert (missing(history), missing(contested)) == times
