"""A server whose model set was changed: another embedder, calibrated."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from server.gallery.reembed import person_reembed
from server.gallery.services import Upload, sample_add
from server.people.models import Person
from shared_schema.face.install import install
from shared_schema.face.manifest import FILE
from shared_schema.face.manifest_text import replace_manifest, written
from tests.factories import FakeNode
from tests.factories_people import make_person
from tests.shared_schema.face.foreign import calibration_of, small_entry
from tests.shared_schema.face.inception import small_embedder

DIMENSION = 32


@pytest.fixture(scope="session")
def other_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model set with a small embedder of random weights."""
    folder = tmp_path_factory.mktemp("models")
    done = install(small_entry(folder), small_embedder(), folder / "set")
    manifest = done.folder / FILE
    table = written("embedder.calibration", calibration_of("a test").model_dump(mode="json"))
    replace_manifest(manifest, manifest.read_text(encoding="utf-8") + "\n" + table)
    return done.folder


def use(settings: Settings, folder: Path | None) -> None:
    """As after a restart with another `[models] folder`."""
    settings.LINTEL_MODELS = folder


def enrolled(name: str, image: bytes) -> Person:
    person = make_person(name)
    sample_add(person=person, upload=Upload(image, None, accept_likeness=True))
    return person


def work_through() -> int:
    """What the workers do until nobody is left; how many people that took."""
    people = 0
    while person_reembed(now=timezone.now()):
        people += 1
    return people


def fetch(node: FakeNode, model: str) -> Any:
    """A node asks for the gallery of a model."""
    return node.client.get("/api/v1/node/gallery", {"model": model})
