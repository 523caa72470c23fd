"""Order, repetition and batching make no difference to what is stored."""

import random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.sightings import models
from tests.factories import JPEG, FakeNode, a_person

pytestmark = pytest.mark.django_db


def rows() -> Any:
    return (
        sorted(models.Record.objects.values_list("epoch", "seq", "kind", "sha256")),
        sorted(models.Sighting.objects.values_list("uuid", "captured_at", "outcome", "person_id", "door_id")),
        sorted(models.Crop.objects.values_list("sighting__uuid", "state", "reason")),
        sorted(models.Observation.objects.values_list("record__uuid", "last_seq")),
        sorted(models.Gap.objects.values_list("record__uuid", "from_seq")),
        sorted(models.Probe.objects.values_list("sighting__uuid", "sha256")),
    )


def stored_after(node: FakeNode, batches: list[Any]) -> Any:
    """What these batches leave in the tables, which are then as before."""
    with transaction.atomic():
        for batch in batches:
            node.send(*batch)
        found = rows()
        transaction.set_rollback(True)
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 8), repeats=st.integers(0, 6))
def test_any_order_any_batches_any_repeats_store_the_same_rows(seed: int, size: int, repeats: int) -> None:
    node, person = FakeNode.hung(), a_person()
    items = [
        node.sighting(person=person),
        node.sighting(crop=JPEG),
        node.crop_shed(JPEG, about=2),
        node.observation(),
        node.gap(),
        node.sighting(person=person, crop=JPEG),
    ]
    shuffled = random.Random(seed)  # noqa: S311
    sent = items + shuffled.choices(items, k=repeats)
    shuffled.shuffle(sent)
    batches = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert stored_after(node, batches) == stored_after(node, [items])
