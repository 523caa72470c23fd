import pytest
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.gallery.services import Upload, sample_add
from server.people.models import Group, Membership, Person
from server.sightings.models import Sighting
from tests.factories import JPEG, LONG_AGO, FakeNode, a_person, an_account, as_role
from tests.factories_people import collins, jpeg, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def sample_url() -> str:
    person = make_person()
    sample = sample_add(person=person, upload=Upload(jpeg(collins()), None)).sample
    return f"/api/v1/people/{person.uuid}/samples/{sample.uuid}/crop"


def crop_url(person: Person | None) -> str:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG, person=person))
    assert node.put_crop(JPEG).status_code == 204
    return f"/api/v1/sightings/{Sighting.objects.get().uuid}/crop"


def test_neither_samples_nor_crops_are_kept_by_anybody_on_the_way(sample_url: str) -> None:
    client = as_role(Role.ADMIN)
    for url in (sample_url, crop_url(a_person())):
        answer = client.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_an_image_may_be_asked_for_as_an_image(sample_url: str) -> None:
    client = as_role(Role.ADMIN)
    for url in (sample_url, crop_url(a_person())):
        assert client.get(url, headers={"Accept": "image/jpeg"}).status_code == 200
        missing = client.get(url.replace(url.split("/")[4], "0" * 8 + "-0000-4000-8000-" + "0" * 12), headers={"Accept": "image/jpeg"})
        assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")
        assert missing.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 200), (Role.OPERATOR, 200), (Role.MANAGER, 403), (Role.SELF, 403), (Role.AUDITOR, 403), (None, 401)],
)
def test_samples_are_shown_to_those_who_enrol_alone(sample_url: str, role: Role | None, status: int) -> None:
    assert as_role(role).get(sample_url).status_code == status


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 200), (Role.OPERATOR, 200), (Role.MANAGER, 404), (Role.SELF, 404), (Role.AUDITOR, 403), (None, 401)],
)
def test_a_stranger_is_shown_to_those_who_run_lintel_alone(role: Role | None, status: int) -> None:
    assert as_role(role).get(crop_url(None)).status_code == status


def test_people_see_their_own_crops_and_managers_those_of_their_groups() -> None:
    account, manager = an_account(Role.SELF), an_account(Role.MANAGER)
    person = a_person(account=account)
    group = Group.objects.create(name="Navy")
    group.managers.add(manager)
    Membership.objects.create(person=person, group=group, valid_from=LONG_AGO.date())
    url = crop_url(person)
    for who in (account, manager):
        client = APIClient()
        client.force_authenticate(who)
        assert client.get(url).status_code == 200


def test_a_node_sees_no_faces(sample_url: str) -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    node.put_crop(JPEG)
    for url in (sample_url, f"/api/v1/sightings/{Sighting.objects.get().uuid}/crop"):
        assert node.client.get(url).status_code == 401
