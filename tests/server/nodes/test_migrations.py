"""What was there before nodes had keys with a history and the gallery a log."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)
NODES = [("nodes", "0001_initial"), ("sites", "0001_initial")]
GALLERY = [("gallery", "0003_models_of_the_gallery"), ("people", "0002_sample_rulings_and_looks")]
AT = datetime(2026, 1, 1, tzinfo=UTC)


def migrated(target: list[tuple[str, str]]) -> Apps:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return MigrationExecutor(connection).loader.project_state(target).apps


def newest() -> list[tuple[str, str]]:
    return list(MigrationExecutor(connection).loader.graph.leaf_nodes())


@pytest.fixture
def to_the_newest() -> Iterator[None]:
    yield
    migrated(newest())


def test_nodes_keep_their_key_boot_and_claim(to_the_newest: None) -> None:
    before = migrated(NODES)
    seen = {"boot_id": uuid4(), "last_heartbeat_at": AT}
    node = before.get_model("nodes", "Node").objects.create(name="n", public_key=b"k" * 32, token_sha256="t", **seen)
    unheard = before.get_model("nodes", "Node").objects.create(name="m", public_key=b"m" * 32, token_sha256="u")
    door = before.get_model("sites", "Door").objects.create(
        site=before.get_model("sites", "Site").objects.create(name="here"), name="front"
    )
    claims = before.get_model("nodes", "ClaimToken").objects
    claims.create(token_sha256="c", door=door, name="n", expires_at=AT, node=node, claimed_at=AT)
    claims.create(token_sha256="d", door=door, name="x", expires_at=AT + timedelta(days=1))
    after = migrated(newest())
    keys = after.get_model("nodes", "NodeKey").objects.order_by("id")
    assert [(key.node_id, bytes(key.public_key), key.valid_until) for key in keys] == [
        (node.pk, b"k" * 32, None),
        (unheard.pk, b"m" * 32, None),
    ]
    boots = after.get_model("nodes", "NodeBoot").objects
    assert list(boots.values_list("node", "boot_id", "first_at")) == [(node.pk, seen["boot_id"], AT)]
    found = after.get_model("nodes", "ClaimToken").objects
    assert bytes(found.get(token_sha256="c").public_key) == b"k" * 32
    assert found.get(token_sha256="d").public_key is None


def test_the_log_of_the_gallery_begins_where_it_was(to_the_newest: None) -> None:
    before = migrated(GALLERY)
    before.get_model("people", "Person").objects.create(name="Grace", consent_at=AT)
    revisions = before.get_model("gallery", "GalleryRevision").objects
    revisions.update_or_create(pk=1, defaults={"revision": 41, "changed_at": AT})
    person = before.get_model("people", "Person").objects.get()
    assert revisions.get().revision == 41
    after = migrated(newest())
    row = after.get_model("gallery", "GalleryRevision").objects.get()
    assert (row.revision, row.log_from) == (41, 41)
    after.get_model("people", "Person").objects.filter(pk=person.pk).update(consent_at=None)
    assert after.get_model("gallery", "GalleryChange").objects.values_list("person", "revision").get() == (person.uuid, 42)
