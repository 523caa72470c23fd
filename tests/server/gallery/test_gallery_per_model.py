from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from server.core.errors import Conflict, NotFound
from server.gallery.models import Template
from server.gallery.pipeline import embedder
from server.gallery.reembed import model_forget, person_reembed
from server.people.models import Person, SampleEmbedding
from shared_schema.gallery import GallerySnapshot
from tests.factories import FakeNode
from tests.factories_people import collins, hopper, jpeg
from tests.server.gallery.other_model import enrolled, fetch, other_set, use, work_through

__all__ = ["other_set"]
pytestmark = pytest.mark.django_db
URL = "/api/v1/node/gallery"


@pytest.fixture
def grace() -> Person:
    return enrolled("Grace Hopper", jpeg(hopper()))


def test_nodes_of_the_model_before_get_its_templates_all_the_while(grace: Person, settings: Settings, other_set: Path) -> None:
    old, node = embedder().model_id, FakeNode.hung()
    first = GallerySnapshot.model_validate_json(fetch(node, old).content)
    use(settings, other_set)
    for step in (None, person_reembed, person_reembed):
        if step is not None:
            step(now=timezone.now())
        answer = fetch(node, old)
        assert GallerySnapshot.model_validate_json(answer.content).people == first.people
        assert answer.headers["ETag"].endswith(f'-{old}"')


def test_a_node_never_gets_templates_of_a_model_it_does_not_run(grace: Person, settings: Settings, other_set: Path) -> None:
    old, node = embedder().model_id, FakeNode.hung()
    use(settings, other_set)
    work_through()
    node.node.model_id = old
    node.node.save()
    told = GallerySnapshot.model_validate_json(node.client.get(URL).content)
    assert (told.model_id, told.dimension) == (old, 128)
    strange = fetch(node, "somebody-elses")
    assert (strange.status_code, strange.json()["code"]) == (409, "unknown_model")


def test_the_same_tag_is_not_good_for_another_model(grace: Person, settings: Settings, other_set: Path) -> None:
    old, node = embedder().model_id, FakeNode.hung()
    use(settings, other_set)
    work_through()
    tag = fetch(node, old).headers["ETag"]
    same = node.client.get(URL, {"model": old}, headers={"If-None-Match": tag})
    assert same.status_code == 304
    other = node.client.get(URL, {"model": embedder().model_id}, headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_a_model_is_forgotten_only_when_nobody_uses_it(grace: Person, settings: Settings, other_set: Path) -> None:
    old, node = embedder().model_id, FakeNode.hung()
    with pytest.raises(Conflict, match=r"\[models\]"):
        model_forget(old)
    use(settings, other_set)
    work_through()
    node.node.model_id = old
    node.node.save()
    with pytest.raises(Conflict, match=node.node.name):
        model_forget(old)
    node.node.revoked_at = timezone.now()
    node.node.save()
    assert model_forget(old) == 1
    assert set(Template.objects.values_list("model_id", flat=True)) == {embedder().model_id}
    assert set(SampleEmbedding.objects.values_list("model_id", flat=True)) == {embedder().model_id}
    with pytest.raises(NotFound):
        model_forget(old)


def test_going_back_to_the_model_before_serves_it_at_once_and_fills_in_what_it_lacks(
    grace: Person, settings: Settings, other_set: Path
) -> None:
    old = embedder().model_id
    fetch(FakeNode.hung(), old)
    use(settings, other_set)
    work_through()
    eileen = enrolled("Eileen Collins", jpeg(collins()))
    use(settings, None)
    assert fetch(FakeNode.hung(), old).status_code == 200
    assert work_through() == 1
    assert set(Template.objects.filter(model_id=old).values_list("person", flat=True)) == {grace.pk, eileen.pk}
