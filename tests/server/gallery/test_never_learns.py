"""A recognition never becomes a sample: doors that learn from themselves drift until they name strangers."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import server
from server.gallery.models import Template
from server.gallery.selectors import gallery_revision
from server.people.models import Sample, SampleEmbedding
from server.sightings.models import Sighting
from tests.factories import JPEG, FakeNode
from tests.server.gallery.made_up_samples import enrolled, looks

ROOT = Path(server.__file__).parents[1]
SOURCES = ("server", "shared_schema", "edge_client", "deploy")
MAKERS = {"Sample", "SampleEmbedding", "Template"}
WRITERS = {"create", "get_or_create", "update_or_create", "bulk_create"}


@cache
def calls() -> frozenset[tuple[str, str]]:
    """File and name of everything that is called: `sample_add`, `Sample`, `Sample.objects.create`."""
    paths = (path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)
    return frozenset(call for path in paths for call in calls_of(path))


def calls_of(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield str(path.relative_to(ROOT)), ast.unparse(node.func)


def where(*names: str) -> set[str]:
    return {path for path, name in calls() if name.split(".")[-1] in names}


def test_samples_are_made_at_one_place_from_what_people_send() -> None:
    assert where("sample_add") == {"server/gallery/apis.py", "server/web/enrol.py"}
    assert where("sample_write", "sample_save", "NewSample") == {"server/gallery/services.py"}
    assert where("embedding_store") <= {"server/people/samples.py", "server/gallery/reembed.py"}


def test_nothing_else_writes_samples_embeddings_or_templates() -> None:
    makers = {
        path
        for path, name in calls()
        if name in MAKERS or (name.split(".")[0] in MAKERS and name.split(".")[-1] in WRITERS)
    }  # fmt: skip
    assert makers == {"server/people/samples.py", "server/gallery/templates.py"}


def test_sightings_know_nothing_of_how_samples_are_made() -> None:
    for path in (ROOT / "server" / "sightings").rglob("*.py"):
        names = {alias.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
                 for alias in node.names}  # fmt: skip
        assert not names & {"sample_add", "template_rebuild", "sample_rule", "NewSample", "Upload"}, path


@pytest.mark.django_db
def test_sightings_with_crops_leave_samples_templates_and_revision_as_they_were() -> None:
    person = enrolled("Ada", looks(0, 3))
    template, revision = bytes(Template.objects.get().ciphertext), gallery_revision()
    node = FakeNode.hung()
    for _ in range(3):
        node.send(node.sighting(crop=JPEG, person=person))
        node.put_crop(JPEG)
    assert Sighting.objects.filter(person=person).count() == 3
    assert (Sample.objects.count(), SampleEmbedding.objects.count()) == (3, 3)
    assert bytes(Template.objects.get().ciphertext) == template
    assert gallery_revision() == revision
