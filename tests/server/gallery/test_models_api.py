import json
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from server.core import objects
from server.core.permissions import Role
from server.gallery.pipeline import embedder
from server.gallery.services import Upload, sample_add
from server.people.models import Person
from tests.factories import FakeNode, as_role
from tests.factories_people import hopper, jpeg, make_person
from tests.server.gallery.other_model import other_set, use

__all__ = ["other_set"]
pytestmark = pytest.mark.django_db
URL = "/api/v1/gallery/models"


@pytest.fixture
def grace() -> Person:
    person = make_person("Grace Hopper")
    sample_add(person=person, upload=Upload(jpeg(hopper()), None))
    return person


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_progress_of_every_model_is_told(grace: Person, settings: Settings, other_set: Path) -> None:
    admin, old = as_role(Role.ADMIN), embedder().model_id
    (only,) = admin.get(URL).json()["models"]
    assert (only["model_id"], only["state"], only["in_use"], only["embedded"], only["people"]) == (old, "served", True, 1, 1)
    use(settings, other_set)
    building, before = admin.get(URL).json()["models"]
    assert (building["model_id"], building["state"], building["waiting"]) == (embedder().model_id, "building", 1)
    assert (before["model_id"], before["state"], before["in_use"]) == (old, "served", False)


def test_a_refusal_names_person_sample_and_reason(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    objects.current().delete(grace.samples.get().object_key)
    run("reembed")
    (refusal,) = as_role(Role.OPERATOR).get(URL).json()["models"][0]["refusals"]
    assert (UUID(refusal["person"]), refusal["code"]) == (grace.uuid, "object_missing")


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SELF, Role.AUDITOR, None])
def test_whoever_may_not_see_samples_is_told_nothing(role: Role | None) -> None:
    assert as_role(role).get(URL).status_code in {401, 403}


def test_a_node_is_told_nothing_and_nothing_can_be_sent() -> None:
    assert FakeNode.hung().client.get(URL).status_code == 401
    assert as_role(Role.ADMIN).post(URL, {"model_id": "x"}).status_code == 405
    assert as_role(Role.ADMIN).delete(URL).status_code == 405


@pytest.mark.parametrize(("model", "status"), [("", 200), ("'; DROP TABLE", 409), ("x" * 300, 400), ("a\x00b", 400), ("ü", 400)])
def test_a_node_that_asks_for_nonsense_is_refused_and_one_that_asks_for_nothing_gets_its_own(model: str, status: int) -> None:
    assert FakeNode.hung().client.get("/api/v1/node/gallery", {"model": model}).status_code == status


def test_the_command_embeds_everybody_and_says_how_it_went(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    said = json.loads(run("reembed", "--json"))
    assert (said["model_id"], said["state"], said["embedded"], said["samples"]) == (embedder().model_id, "served", 1, 1)
    assert "1 of 1 samples" in run("reembed")


def test_the_command_tells_who_was_refused_and_tries_again_when_asked(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    key = grace.samples.get().object_key
    image = objects.current().get(key)
    assert image is not None
    objects.current().delete(key)
    assert "Grace Hopper" in run("reembed")
    objects.current().put(key, image)
    assert json.loads(run("reembed", "--json"))["refused"] == 1
    assert json.loads(run("reembed", "--json", "--retry"))["refused"] == 0


def test_a_model_is_forgotten_by_command_and_a_wrong_one_is_not(grace: Person, settings: Settings, other_set: Path) -> None:
    old = embedder().model_id
    as_role(Role.ADMIN).get(URL)
    with pytest.raises(CommandError, match="uses"):
        run("forget_model", old)
    use(settings, other_set)
    run("reembed")
    assert "removed 1 templates" in run("forget_model", old)
    with pytest.raises(CommandError, match="Nothing"):
        run("forget_model", old)
    assert [model["model_id"] for model in as_role(Role.ADMIN).get(URL).json()["models"]] == [embedder().model_id]
