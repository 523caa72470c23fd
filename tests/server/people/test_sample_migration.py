from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BEFORE, AFTER = [("people", "0001_initial")], [("people", "0002_sample_rulings_and_looks")]
SENTENCE = "unlike the other samples of this person"


def migrated(targets: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps.get_model("people", "Sample")


@pytest.fixture(autouse=True)
def _back_to_the_newest() -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_sentences_become_codes_and_sentences_again() -> None:
    samples = migrated(BEFORE)
    person = samples._meta.get_field("person").related_model.objects.create(name="Ada")
    for state, reason in (("active", ""), ("set_aside", SENTENCE), ("set_aside", "blurred")):
        keys = {"sha256": uuid4().hex * 2, "object_key": uuid4().hex, "crop_key": uuid4().hex}
        samples.objects.create(person_id=person.pk, state=state, reason=reason, size_bytes=1, quality=0.5, face_px=99, **keys)
    after = migrated(AFTER)
    assert list(after.objects.order_by("id").values_list("reason", "ruling", "yaw")) == [
        ("", "automatic", None), ("unlike", "automatic", None), ("by_hand", "automatic", None),
    ]  # fmt: skip
    before = migrated(BEFORE)
    assert list(before.objects.order_by("id").values_list("reason", flat=True)) == ["", SENTENCE, SENTENCE]
    before.objects.all().delete()
