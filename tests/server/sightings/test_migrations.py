from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)
NODES = ("nodes", "0003_keys_and_boots")
BEFORE, AFTER = [NODES, ("sightings", "0002_records_are_immutable")], [NODES, ("sightings", "0004_sightings_count_for_their_match")]
AT = datetime(2026, 1, 1, tzinfo=UTC)


def migrated(target: list[tuple[str, str]]) -> Apps:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return MigrationExecutor(connection).loader.project_state(target).apps


@pytest.fixture
def before() -> Iterator[Apps]:
    yield migrated(BEFORE)
    migrated(MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_sightings_made_before_count_for_whom_the_node_matched(before: Apps) -> None:
    node = before.get_model("nodes", "Node").objects.create(name="n", public_key=b"k", token_sha256="t")
    person = before.get_model("people", "Person").objects.create(name="Grace")
    clocks = {"boot_id": uuid4(), "boot_ns": 1, "wall_ns": 1, "synchronised": True, "captured_at": AT, "time_known": True}
    said = {"quality": 1, "frames": 3, "agreeing_frames": 3, "model_id": "m", "gallery_revision": 1, "received_at": AT}
    for seq, named in enumerate((person, None)):
        record = before.get_model("sightings", "Record").objects.create(
            uuid=uuid4(), node=node, epoch=1, seq=seq, kind="sighting", protocol=1, payload=b"", sha256="", signature=b"", received_at=AT
        )
        outcome = "unknown" if named is None else "match"
        before.get_model("sightings", "Sighting").objects.create(
            record=record, uuid=record.uuid, node=node, outcome=outcome, person=named, **clocks, **said
        )
    sightings = migrated(AFTER).get_model("sightings", "Sighting").objects
    assert dict(sightings.values_list("outcome", "counts_for")) == {"match": person.pk, "unknown": None}
