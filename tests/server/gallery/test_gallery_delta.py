"""What a node fetches when it has an earlier gallery already."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from server.core import cipher
from server.gallery.models import GalleryChange, GalleryDigest, GalleryRevision, Template
from server.gallery.pipeline import embedder
from server.people.models import Person
from server.people.services import person_delete
from shared_schema.gallery import GalleryDelta, GallerySnapshot
from tests.factories import FakeNode
from tests.factories_people import make_person

pytestmark = pytest.mark.django_db
URL = "/api/v1/node/gallery"


def drawn(seed: int) -> Random:
    return Random(seed)  # noqa: S311  (the same numbers every time are what is wanted)


def template(person: Person, random: Random, *, model_id: str = "") -> None:
    sealed = cipher.current().encrypt(random.randbytes(512), purpose=cipher.TEMPLATE)
    Template.objects.update_or_create(
        person=person, model_id=model_id or embedder().model_id, defaults={"dimension": 128, "ciphertext": sealed, "samples": 1}
    )


def enrolled(name: str = "", *, seed: int = 1) -> Person:
    person = make_person(name or f"Person {seed}")
    template(person, drawn(seed))
    return person


def fetch(node: FakeNode, **query: float) -> Any:
    response = node.client.get(URL, query)
    assert response.status_code == 200, response.content
    return response


def whole(node: FakeNode) -> GallerySnapshot:
    return GallerySnapshot.model_validate_json(fetch(node).content)


def delta(node: FakeNode, since: int) -> GalleryDelta:
    return GalleryDelta.model_validate_json(fetch(node, since=since).content)


def is_whole(response: Any) -> bool:
    return "base_revision" not in response.json()


def test_who_is_new_comes_and_nobody_else() -> None:
    node = FakeNode.hung()
    enrolled("Grace")
    before = whole(node)
    new = enrolled("Eileen", seed=2)
    found = delta(node, before.revision)
    assert [entry.person for entry in found.people] == [new.uuid]
    assert found.gone == ()
    assert found.applied_to(before) == whole(node)


def test_nothing_new_is_an_empty_delta_with_the_etag_of_the_whole() -> None:
    node = FakeNode.hung()
    enrolled()
    answer = fetch(node)
    before = GallerySnapshot.model_validate_json(answer.content)
    same = fetch(node, since=before.revision)
    found = GalleryDelta.model_validate_json(same.content)
    assert (found.people, found.gone) == ((), ())
    assert same["ETag"] == answer["ETag"]
    assert node.client.get(URL, {"since": before.revision}, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def merged(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(merged_into=make_person("The other"))


def withdrawn(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(consent_at=None)


def erased(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(erased_at=timezone.now())


def deactivated(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(active_until=timezone.now().date() - timedelta(days=3))


def deleted(person: Person) -> None:
    person_delete(person=person)


def without_template(person: Person) -> None:
    person.templates.all().delete()


@pytest.mark.parametrize("leave", [merged, withdrawn, erased, deactivated, deleted, without_template])
def test_who_left_is_told_to_be_gone(leave: Callable[[Person], None]) -> None:
    node, person = FakeNode.hung(), enrolled("Grace")
    enrolled("Eileen", seed=2)
    before = whole(node)
    leave(person)
    found = delta(node, before.revision)
    assert found.gone == (person.uuid,)
    assert found.people == ()
    assert found.applied_to(before) == whole(node)


def test_whose_day_has_come_or_gone_is_in_the_delta() -> None:
    node, leaving, coming = FakeNode.hung(), enrolled("Grace"), enrolled("Eileen", seed=2)
    today = timezone.now().date()
    Person.objects.filter(pk=leaving.pk).update(active_until=today)
    Person.objects.filter(pk=coming.pk).update(active_from=today + timedelta(days=1))
    before = whole(node)
    assert [entry.person for entry in before.people] == [leaving.uuid]
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        found = delta(node, before.revision)
    assert found.gone == (leaving.uuid,)
    assert [entry.person for entry in found.people] == [coming.uuid]


def test_templates_of_another_model_are_no_change_of_this_one() -> None:
    node, person = FakeNode.hung(), enrolled()
    before = whole(node)
    template(person, drawn(9), model_id="another")
    found = delta(node, before.revision)
    assert (found.people, found.gone) == ((), ())
    assert found.revision > before.revision


@pytest.mark.parametrize("since", [0, 999_999_999, 10**17])
def test_a_revision_nobody_knows_is_answered_with_the_whole(since: int) -> None:
    enrolled()
    assert is_whole(fetch(FakeNode.hung(), since=since))


def test_a_revision_before_the_log_begins_is_answered_with_the_whole() -> None:
    node = FakeNode.hung()
    enrolled()
    before = whole(node)
    enrolled(seed=2)
    GalleryRevision.objects.update(log_from=before.revision + 1)
    assert is_whole(fetch(node, since=before.revision))
    GalleryRevision.objects.update(log_from=before.revision)
    assert not is_whole(fetch(node, since=before.revision))


@pytest.mark.parametrize("since", ["", "x", "-1", "1.5", "9" * 30, "١"])
def test_what_is_no_revision_is_a_problem(since: str) -> None:
    response = FakeNode.hung().client.get(URL, {"since": since})
    assert (response.status_code, response.json()["code"]) == (400, "bad_revision")


def test_the_log_is_pruned_and_says_from_where_it_knows() -> None:
    node, early = FakeNode.hung(), enrolled()
    before = whole(node)
    GalleryRevision.objects.update(revision=30_999)
    enrolled(seed=2)
    assert GalleryRevision.objects.get().log_from == 11_000
    assert not GalleryChange.objects.filter(person=early.uuid).exists()
    assert is_whole(fetch(node, since=before.revision))
    assert not is_whole(fetch(node, since=31_000))


def test_a_person_is_logged_once_however_often_they_change() -> None:
    person = enrolled()
    for seed in range(5):
        template(person, drawn(seed))
    assert GalleryChange.objects.filter(person=person.uuid, model_id=embedder().model_id).count() == 1


def test_a_template_of_somebody_who_cannot_be_told_makes_all_that_was_known_worthless() -> None:
    node, person = FakeNode.hung(), enrolled()
    before = whole(node)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_person WHERE id = %s", [person.pk])
        cursor.execute("DELETE FROM gallery_template WHERE person_id = %s", [person.pk])
    answer = fetch(node, since=before.revision)
    assert is_whole(answer)
    assert answer.json()["people"] == []


def test_a_change_that_is_rolled_back_is_not_logged() -> None:
    person = enrolled()
    kept = list(GalleryChange.objects.values_list("person", "revision"))
    with transaction.atomic():
        template(person, drawn(7))
        transaction.set_rollback(True)
    assert list(GalleryChange.objects.values_list("person", "revision")) == kept


def test_only_those_who_changed_are_read_when_the_digest_is_known() -> None:
    node = FakeNode.hung()
    for seed in range(5):
        enrolled(seed=seed)
    before = whole(node)
    enrolled(seed=9)
    whole(node)
    with CaptureQueriesContext(connection) as queries:
        assert len(delta(node, before.revision).people) == 1
    (read,) = [query["sql"] for query in queries if "ciphertext" in query["sql"]]
    assert "IN (" in read


def test_a_digest_of_another_moment_makes_a_node_fetch_the_whole() -> None:
    node = FakeNode.hung()
    enrolled()
    before = whole(node)
    enrolled(seed=2)
    newest = whole(node)
    GalleryDigest.objects.update(digest="0" * 64)
    assert delta(node, before.revision).applied_to(before) is None
    assert whole(node).digest() == newest.digest()
    assert delta(node, before.revision).applied_to(before) == newest, "and the whole mends it"


def test_a_delta_on_another_base_is_found_out() -> None:
    """The control: what is not the gallery of that revision never becomes the present one unnoticed."""
    node = FakeNode.hung()
    enrolled("Grace")
    enrolled("Eileen", seed=2)
    before = whole(node)
    enrolled(seed=3)
    wrong = before.model_copy(update={"people": before.people[:1]})
    assert delta(node, before.revision).applied_to(wrong) is None
