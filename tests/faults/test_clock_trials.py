"""I7: every time carries an interval that contains the truth."""

import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from server.nodes.clocks import Contact
from server.sightings.times import Captured, moment, nanoseconds
from tests.faults.clock_world import Fact, World, derived

SHORT, FULL = 300, 10_000


def contains(captured: Captured, true_ns: int) -> bool:
    return captured.earliest <= moment(true_ns) <= captured.latest and nanoseconds(captured.earliest) <= true_ns


def misses(world: World, contacts: list[Contact]) -> list[tuple[Fact, Captured]]:
    found = derived(world.facts, contacts, world.contested)
    pairs = [(fact, found[fact.said[0], fact.said[1], fact.said[2].boot_id]) for fact in world.facts]
    return [(fact, when) for fact, when in pairs if not contains(when, fact.true_ns)]


def shuffled(world: World) -> dict[tuple[int, int, UUID], Captured]:
    """The same facts, some of them twice, in another order."""
    facts, contacts = list(world.facts), list(world.contacts)
    chance = random.Random(world.seed + 1)  # noqa: S311
    facts += chance.choices(facts, k=3) if facts else []
    contacts += chance.choices(contacts, k=3) if contacts else []
    chance.shuffle(facts)
    chance.shuffle(contacts)
    return derived(facts, contacts, world.contested)


def tried(trials: int) -> Counter[str]:
    told: Counter[str] = Counter()
    for seed in range(trials):
        world = World(seed)
        wrong = misses(world, world.contacts)
        assert not wrong, (seed, wrong[0])
        in_order = derived(world.facts, world.contacts, world.contested)
        assert shuffled(world) == in_order, seed
        told["records"] += len(world.facts)
        told["known"] += sum(when.known for when in in_order.values())
        told["wider than a day"] += sum(when.latest - when.earliest > timedelta(days=1) for when in in_order.values())
        told["by wall clock missed"] += sum(abs(fact.said[2].wall_ns - fact.true_ns) > 10**9 * 60 for fact in world.facts)
        told["without half trip missed"] += len(misses(world, world.without_half_trip))
    return told


def test_the_truth_lies_within_every_interval_whatever_clocks_and_links_do() -> None:
    told = tried(SHORT)
    assert told["known"] > told["records"] // 3


def test_control_the_nodes_wall_clock_and_a_midpoint_without_its_half_trip_miss_the_truth() -> None:
    told = tried(SHORT // 3)
    assert told["by wall clock missed"] > 0
    assert told["without half trip missed"] > 0


@pytest.mark.faults
def test_the_truth_lies_within_every_interval_in_ten_thousand_histories() -> None:
    told = tried(FULL)
    print(FULL, "histories", dict(told))  # noqa: T201
    assert min(told.values()) > 0
