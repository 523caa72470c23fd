from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.gallery import services
from server.gallery.pipeline import embedder
from server.gallery.selectors import gallery_revision, snapshot
from server.gallery.services import Upload, gallery_sweep, sample_add
from server.people.models import Person
from server.people.services import person_delete, person_update
from shared_schema.face.match import Gallery
from shared_schema.gallery import GallerySnapshot
from tests.factories import FakeNode, a_site, as_role
from tests.factories_people import collins, hopper, jpeg, make_account, make_person, token_header

pytestmark = pytest.mark.django_db
URL = "/api/v1/node/gallery"


@pytest.fixture
def grace() -> Person:
    person = make_person("Grace Hopper")
    sample_add(person=person, upload=Upload(jpeg(hopper()), None))
    return person


def fetch(node: FakeNode, **headers: str) -> Any:
    return node.client.get(URL, headers=headers)


def named(now: datetime | None = None) -> set[object]:
    model = embedder()
    found = snapshot(model_id=model.model_id, dimension=model.dimension, now=now or timezone.now())
    return {entry.person for entry in found.people}


def test_a_node_gets_templates_it_can_match_against(grace: Person) -> None:
    answer = fetch(FakeNode.hung())
    found = GallerySnapshot.model_validate_json(answer.content)
    gallery = Gallery.from_snapshot(found, model_id=embedder().model_id)
    assert gallery.people == (grace.uuid,)
    assert found.revision == gallery_revision()
    assert answer.headers["ETag"] == f'"{found.revision}-{found.model_id}"'
    assert b"Grace" not in answer.content


def test_an_unchanged_gallery_is_not_sent_again_and_a_changed_one_is(grace: Person) -> None:
    node = FakeNode.hung()
    tag = fetch(node).headers["ETag"]
    same = fetch(node, **{"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    sample_add(person=make_person("Eileen Collins"), upload=Upload(jpeg(collins()), None))
    changed = fetch(node, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert len(GallerySnapshot.model_validate_json(changed.content).people) == 2


def test_only_nodes_read_the_gallery(grace: Person) -> None:
    assert APIClient().get(URL).status_code == 401
    assert APIClient(headers={"Authorization": "Bearer nonsense"}).get(URL).status_code == 401
    assert APIClient(headers=token_header(make_account("admin"))).get(URL).status_code == 401
    assert as_role(Role.ADMIN).get(URL).status_code in {401, 403}
    node = FakeNode.hung()
    node.node.revoked_at = timezone.now()
    node.node.save()
    assert fetch(node).status_code == 403


def test_an_empty_gallery_is_an_answer_too() -> None:
    found = GallerySnapshot.model_validate_json(fetch(FakeNode.hung()).content)
    assert found.people == ()
    assert found.revision >= 1


def change(person: Person, *, consent: bool | None = None, **values: object) -> None:
    person_update(person=person, values=values, consent=consent, now=timezone.now())


YESTERDAY, TOMORROW = timezone.localdate() - timedelta(days=2), timezone.localdate() + timedelta(days=2)


@pytest.mark.parametrize("values", [{"consent": False}, {"active_until": YESTERDAY}, {"active_from": TOMORROW}])
def test_whoever_may_not_be_named_leaves_the_gallery_and_the_revision_says_so(grace: Person, values: dict[str, Any]) -> None:
    before = gallery_revision()
    change(grace, **values)
    assert named() == set()
    assert gallery_revision() > before


def test_a_change_that_concerns_no_door_raises_nothing(grace: Person) -> None:
    before = gallery_revision()
    change(grace, position="Rear admiral", phone="1")
    assert gallery_revision() == before


def test_even_a_bulk_update_raises_the_revision(grace: Person) -> None:
    before = gallery_revision()
    Person.objects.filter(pk=grace.pk).update(consent_at=None)
    assert gallery_revision() == before + 1


def test_a_deleted_person_leaves_the_gallery(grace: Person) -> None:
    before = gallery_revision()
    person_delete(person=grace)
    assert named() == set()
    assert gallery_revision() > before


def test_a_change_that_is_rolled_back_raises_nothing(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    before = gallery_revision()

    def fails(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "template_rebuild", fails)
    with pytest.raises(RuntimeError):
        sample_add(person=grace, upload=Upload(jpeg(hopper()[:, ::-1]), None))
    assert gallery_revision() == before
    assert grace.samples.count() == 1


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_day_that_ends_a_persons_time_raises_the_revision_once(grace: Person) -> None:
    change(grace, active_until=date(2026, 3, 1))
    gallery_sweep(now=NOON)
    before = gallery_revision()
    assert named(NOON) == {grace.uuid}
    assert gallery_sweep(now=NOON + timedelta(hours=1)) is False
    assert gallery_sweep(now=NOON + timedelta(days=1)) is True
    assert gallery_sweep(now=NOON + timedelta(days=1)) is False
    assert named(NOON + timedelta(days=1)) == set()
    assert gallery_revision() == before + 1


def test_a_day_that_begins_a_persons_time_raises_the_revision(grace: Person) -> None:
    change(grace, active_from=date(2026, 3, 2))
    gallery_sweep(now=NOON)
    assert named(NOON) == set()
    assert gallery_sweep(now=NOON + timedelta(days=1)) is True
    assert named(NOON + timedelta(days=1)) == {grace.uuid}


def test_a_day_on_which_nobody_turns_raises_nothing(grace: Person) -> None:
    gallery_sweep(now=NOON)
    assert gallery_sweep(now=NOON + timedelta(days=1)) is False


def test_a_person_is_named_as_long_as_it_is_their_day_at_any_site(grace: Person) -> None:
    a_site(time_zone="Pacific/Kiritimati")
    a_site(time_zone="Pacific/Pago_Pago")
    change(grace, active_from=date(2026, 3, 2), active_until=date(2026, 3, 2))
    assert named(datetime(2026, 3, 1, 10, tzinfo=UTC)) == {grace.uuid}
    assert named(datetime(2026, 3, 3, 10, tzinfo=UTC)) == {grace.uuid}
    assert named(datetime(2026, 3, 3, 11, tzinfo=UTC)) == set()


def test_the_sweep_task_runs_without_arguments() -> None:
    from server.gallery.tasks import sweep  # noqa: PLC0415

    sweep()
    assert sweep() is False
