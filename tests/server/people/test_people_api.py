from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.people.models import Group, Membership, Person
from tests.factories import FakeNode, a_person, as_role
from tests.factories_people import NOBODY, make_account, make_person

pytestmark = pytest.mark.django_db
PEOPLE, GROUPS, MEMBERSHIPS = "/api/v1/people", "/api/v1/groups", "/api/v1/memberships"


@pytest.fixture
def admin() -> APIClient:
    return as_role(Role.ADMIN)


def test_a_person_is_made_found_changed_and_deleted(admin: APIClient) -> None:
    made = admin.post(PEOPLE, {"name": "Grace Hopper", "number": "17", "consent": True}).json()
    assert made["consent_at"] is not None
    assert admin.get(f"{PEOPLE}/{made['id']}").json() == made
    assert [item["id"] for item in admin.get(PEOPLE, {"search": "hopp"}).json()["results"]] == [made["id"]]
    changed = admin.patch(f"{PEOPLE}/{made['id']}", {"position": "Rear admiral"}).json()
    assert (changed["position"], changed["name"]) == ("Rear admiral", "Grace Hopper")
    assert admin.delete(f"{PEOPLE}/{made['id']}").status_code == 204
    assert admin.get(f"{PEOPLE}/{made['id']}").status_code == 404


def test_consent_is_not_assumed_and_can_be_withdrawn(admin: APIClient) -> None:
    made = admin.post(PEOPLE, {"name": "Grace Hopper"}).json()
    assert made["consent_at"] is None
    url = f"{PEOPLE}/{made['id']}"
    given = admin.patch(url, {"consent": True}).json()["consent_at"]
    assert given is not None
    assert admin.patch(url, {"consent": True}).json()["consent_at"] == given
    assert admin.patch(url, {"consent": False}).json()["consent_at"] is None


def test_a_number_is_given_once_and_may_be_absent_twice(admin: APIClient) -> None:
    assert admin.post(PEOPLE, {"name": "A", "number": "1"}).status_code == 201
    twice = admin.post(PEOPLE, {"name": "B", "number": "1"})
    assert (twice.status_code, twice.json()["code"]) == (409, "number_taken")
    assert admin.post(PEOPLE, {"name": "B", "number": ""}).status_code == 201
    assert admin.post(PEOPLE, {"name": "C", "number": None}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 201}, {"name": "x", "email": "nobody"}, {"name": "x", "active_from": "tomorrow"}, [], "text",
     {"name": "x", "active_from": "2026-02-01", "active_until": "2026-01-01"}, {"name": "x\u0000y"}],
)  # fmt: skip
def test_garbage_makes_nobody(admin: APIClient, body: object) -> None:
    answer = admin.post(PEOPLE, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("role", "seen", "made", "deleted"),
    [(Role.ADMIN, 200, 201, 204), (Role.OPERATOR, 200, 201, 403), (Role.MANAGER, 200, 403, 403), (Role.SELF, 200, 403, 403),
     (Role.AUDITOR, 200, 403, 403), (None, 401, 401, 401)],
)  # fmt: skip
def test_each_role_may_do_what_the_matrix_says(role: Role | None, seen: int, made: int, deleted: int) -> None:
    client = as_role(role)
    person = make_person()
    assert client.get(PEOPLE).status_code == seen
    assert client.post(PEOPLE, {"name": "New"}).status_code == made
    assert client.post(GROUPS, {"name": "New"}).status_code == made
    assert client.delete(f"{PEOPLE}/{person.uuid}").status_code == deleted


def test_a_manager_sees_the_members_of_the_own_groups_and_a_viewer_only_themselves() -> None:
    manager, viewer = make_account("manager"), make_account("self")
    inside, past, outside = make_person("Inside"), make_person("Past"), make_person("Outside", account=viewer)
    group = Group.objects.create(name="Navy")
    group.managers.add(manager)
    today = timezone.localdate()
    Membership.objects.create(person=inside, group=group, valid_from=today)
    Membership.objects.create(person=past, group=group, valid_from=date(2020, 1, 1), valid_until=today - timedelta(days=1))
    client = APIClient()
    client.force_authenticate(manager)
    assert [item["name"] for item in client.get(PEOPLE).json()["results"]] == ["Inside"]
    assert client.get(f"{PEOPLE}/{outside.uuid}").status_code == 404
    assert [item["name"] for item in client.get(GROUPS).json()["results"]] == ["Navy"]
    client.force_authenticate(viewer)
    assert [item["name"] for item in client.get(PEOPLE).json()["results"]] == ["Outside"]


def test_somebody_who_was_seen_is_not_deleted(admin: APIClient) -> None:
    person = a_person()
    node = FakeNode.hung()
    node.send(node.sighting(person=person))
    refused = admin.delete(f"{PEOPLE}/{person.uuid}")
    assert (refused.status_code, refused.json()["code"]) == (409, "person_has_history")
    assert "active_until" in refused.json()["detail"]


@pytest.mark.parametrize("address", [f"{PEOPLE}/{NOBODY}", f"{GROUPS}/{NOBODY}", f"{PEOPLE}/nonsense", f"{MEMBERSHIPS}/{NOBODY}"])
def test_what_is_not_there_is_a_404_for_every_verb(admin: APIClient, address: str) -> None:
    assert admin.patch(address, {}).status_code == 404
    assert admin.delete(address).status_code == 404


def join(admin: APIClient, person: Person, group: Group, **days: object) -> Any:
    return admin.post(MEMBERSHIPS, {"person": str(person.uuid), "group": str(group.uuid), **days})


def test_nobody_is_in_one_group_twice_at_a_time(admin: APIClient) -> None:
    person, group = make_person(), Group.objects.create(name="Navy")
    assert join(admin, person, group, valid_from="2026-01-01", valid_until="2026-01-31").status_code == 201
    twice = join(admin, person, group, valid_from="2026-01-31")
    assert (twice.status_code, twice.json()["code"]) == (409, "overlap")
    assert join(admin, person, group, valid_from="2026-02-01").status_code == 201
    assert join(admin, person, Group.objects.create(name="Army"), valid_from="2026-01-01").status_code == 201


def test_a_membership_is_listed_ended_and_removed(admin: APIClient) -> None:
    person, group = make_person(), Group.objects.create(name="Navy")
    made = join(admin, person, group, valid_from="2026-01-01").json()
    listed = admin.get(MEMBERSHIPS, {"person": str(person.uuid)}).json()["results"]
    assert listed == [made]
    url = f"{MEMBERSHIPS}/{made['id']}"
    assert admin.patch(url, {"valid_until": "2026-03-01"}).json()["valid_until"] == "2026-03-01"
    assert admin.patch(url, {"valid_until": "2025-03-01"}).status_code == 409
    refused = admin.delete(f"{GROUPS}/{group.uuid}")
    assert (refused.status_code, refused.json()["code"]) == (409, "group_has_members")
    assert admin.delete(url).status_code == 204
    assert admin.delete(f"{GROUPS}/{group.uuid}").status_code == 204


def test_a_group_has_its_name_alone(admin: APIClient) -> None:
    assert admin.post(GROUPS, {"name": "Navy"}).status_code == 201
    assert admin.post(GROUPS, {"name": "Navy"}).status_code == 400
    assert admin.get(MEMBERSHIPS, {"group": "nonsense"}).status_code == 404
