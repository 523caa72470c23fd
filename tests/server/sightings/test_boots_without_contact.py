"""Boots that were never in contact: their times follow from the boots around them, in whatever order all this becomes known."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from server.recompute.models import Mark
from server.recompute.services import work_off
from server.sightings.boot_models import BootSpan
from server.sightings.models import Record, RecordConflict, Sighting
from shared_schema.clock import ClockReading
from tests.factories import FakeNode, a_person, heartbeat, wall_ns

pytestmark = pytest.mark.django_db
SECOND = 10**9


def reading(boot: UUID, boot_s: int) -> ClockReading:
    """The wall clock of a board without a battery."""
    return ClockReading(boot_id=boot, boot_ns=boot_s * SECOND, wall_ns=boot_s * SECOND, synchronised=False)


def beat(node: FakeNode, boot: UUID, began: datetime, *, at_s: int) -> None:
    """A heartbeat that tells of an exchange 10 ms long, in a boot that began then."""
    server_ns = wall_ns(began) + (at_s - 1) * SECOND
    previous = {
        "boot_id": str(boot),
        "sent_boot_ns": (at_s - 1) * SECOND - 5_000_000,
        "received_boot_ns": (at_s - 1) * SECOND + 5_000_000,
        "server_ns": server_ns,
    }
    answer = node.client.post("/api/v1/node/heartbeat", heartbeat(node, at=reading(boot, at_s), previous=previous), format="json")
    assert answer.status_code == 200


def three_boots() -> tuple[FakeNode, datetime, dict[str, Callable[[], Any]]]:
    """Boots at 0, 20 and 40 minutes, ten minutes each; nobody heard of the second before it was over."""
    node, person = FakeNode.hung(), a_person()
    noon = timezone.now().replace(microsecond=0) - timedelta(hours=5)
    first, second, third = uuid4(), uuid4(), uuid4()
    items = [node.sighting(person=person, changes={"at": reading(boot, at_s)}) for boot in (first, second, third) for at_s in (200, 600)]
    facts: dict[str, Callable[[], Any]] = {
        "first boot's contact": lambda: beat(node, first, noon, at_s=300),
        "third boot's contact": lambda: beat(node, third, noon + timedelta(minutes=40), at_s=100),
        **{f"record {number}": lambda item=item: node.send(item) for number, item in enumerate(items)},  # type: ignore[misc]
        "record 2 again": lambda: node.send(items[2]),
    }
    return node, noon, facts


def told() -> list[Any]:
    return list(Sighting.objects.order_by("record__seq").values_list("earliest_at", "latest_at", "captured_at", "uncertainty_ms"))


def test_the_interval_reaches_from_the_boot_before_to_the_boot_after() -> None:
    _, noon, facts = three_boots()
    for fact in facts.values():
        fact()
    work_off()
    earliest, latest, _, _ = told()[2]
    assert abs(earliest - (noon + timedelta(seconds=600 + 200))) < timedelta(seconds=3)
    assert abs(latest - (noon + timedelta(seconds=2400 - 400))) < timedelta(seconds=3)
    assert earliest <= noon + timedelta(seconds=1200 + 200) <= latest
    assert [seen.time_known for seen in Sighting.objects.all()] == [True] * 6


@pytest.mark.parametrize("seed", range(6))
def test_the_order_in_which_it_becomes_known_makes_no_difference(seed: int) -> None:
    _, noon, facts = three_boots()
    order = list(facts.values())
    random.Random(seed).shuffle(order)  # noqa: S311
    for fact in order:
        fact()
        work_off()
    in_one_go = told()
    assert not Mark.objects.exists()
    true = [noon + timedelta(minutes=20 * (number // 2), seconds=600 if number % 2 else 200) for number in range(6)]
    assert all(low <= at <= high for (low, high, _, _), at in zip(in_one_go, true, strict=True))
    assert all(high - low < timedelta(minutes=25) for low, high, _, _ in in_one_go)
    Sighting.objects.update(earliest_at=noon, latest_at=noon, captured_at=noon, uncertainty_ms=None, time_known=False)
    mark_everything()
    assert told() == in_one_go


def mark_everything() -> None:
    Mark.objects.bulk_create(Mark(kind="times", key=f"{node}:*:*") for node in BootSpan.objects.values_list("node", flat=True).distinct())
    work_off()


def test_once_two_copies_of_the_node_are_found_the_order_of_their_records_tells_no_time() -> None:
    node, _, facts = three_boots()
    for fact in facts.values():
        fact()
    work_off()
    narrow = told()[2]
    node.send(node.sighting(changes={"at": reading(uuid4(), 50)}, seq=3))
    work_off()
    assert RecordConflict.objects.count() == 1
    earliest, latest, _, uncertainty = told()[2]
    assert earliest < narrow[0] - timedelta(days=365)
    assert latest >= narrow[1]
    assert uncertainty is None


def test_what_a_node_says_of_its_clock_moves_no_other_nodes_times() -> None:
    _, _, facts = three_boots()
    for fact in facts.values():
        fact()
    work_off()
    before = told()
    hostile = FakeNode.hung()
    hostile.boot_id = BootSpan.objects.order_by("first_seq")[1].boot_id
    beat(hostile, hostile.boot_id, timezone.now() - timedelta(days=300), at_s=100)
    work_off()
    assert told() == before
    assert Record.objects.exclude(node=hostile.node).count() == 6


def test_a_boot_in_contact_marks_no_other_boots() -> None:
    node = FakeNode.hung()
    now, boot = timezone.now() - timedelta(hours=1), uuid4()
    beat(node, boot, now, at_s=100)
    node.send(node.sighting(changes={"at": reading(boot, 200)}))
    work_off()
    node.send(node.sighting(changes={"at": reading(boot, 300)}), node.sighting(changes={"at": reading(boot, 400)}))
    assert not Mark.objects.filter(kind="times").exists()
