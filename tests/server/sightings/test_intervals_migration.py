"""Sightings of an installation that knew no intervals get theirs, and are derived again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from server.recompute.models import Mark
from server.sightings.models import Sighting
from tests.factories import NOON, FakeNode

BEFORE, AFTER = ("sightings", "0004_sightings_count_for_their_match"), ("sightings", "0005_intervals")


def a_sighting(apps: Apps, node: FakeNode, seq: int, uncertainty_ms: int | None) -> None:
    uuid = uuid4()
    record = apps.get_model("sightings", "Record").objects.create(
        uuid=uuid, node_id=node.node.pk, epoch=1, seq=seq, kind="sighting", protocol=1, payload=b"{}", sha256="0" * 64,
        signature=b"", received_at=NOON,
    )  # fmt: skip
    apps.get_model("sightings", "Sighting").objects.create(
        record=record, uuid=uuid, node_id=node.node.pk, received_at=NOON, boot_id=uuid4(), boot_ns=1, wall_ns=1, synchronised=False,
        captured_at=NOON, uncertainty_ms=uncertainty_ms, time_known=uncertainty_ms is not None, outcome="unknown", quality=0.5, frames=3,
        agreeing_frames=0, model_id="m", gallery_revision=0,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_known_times_keep_their_width_and_bounded_ones_reach_back_to_the_claim() -> None:
    node = FakeNode.hung()
    executor = MigrationExecutor(connection)
    everything = executor.loader.graph.leaf_nodes()
    try:
        executor.migrate([BEFORE])
        old = executor.loader.project_state([BEFORE]).apps
        a_sighting(old, node, 1, 2_000)
        a_sighting(old, node, 2, None)
        a_sighting(old, node, 3, 2**62)
    finally:
        MigrationExecutor(connection).migrate(everything)
    known, bounded, senseless = Sighting.objects.order_by("record__seq")
    assert (known.earliest_at, known.latest_at) == (NOON - timedelta(seconds=2), NOON + timedelta(seconds=2))
    assert (bounded.earliest_at, bounded.latest_at) == (node.node.created_at, NOON)
    assert senseless.earliest_at < NOON < senseless.latest_at
    assert Mark.objects.filter(kind="times", key=f"{node.node.pk}:*:*").exists()
