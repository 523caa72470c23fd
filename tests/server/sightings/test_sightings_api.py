from datetime import timedelta

import pytest

from server.core.permissions import Role
from server.people.models import Group, Membership
from server.sightings.models import Sighting
from shared_schema.envelope import Kind
from tests.factories import LONG_AGO, NOON, FakeNode, a_person, an_account, as_role

pytestmark = pytest.mark.django_db
URL = "/api/v1/sightings"


def test_a_sighting_tells_who_where_and_when() -> None:
    node, person = FakeNode.hung(), a_person("Grace")
    item = node.sighting(person=person)
    node.send(item)
    (found,) = as_role(Role.OPERATOR).get(URL).json()["results"]
    assert found["person"] == {"id": str(person.uuid), "name": "Grace"}
    assert found["captured_at"] == "2024-11-20T12:00:00Z"
    assert (found["uncertainty_ms"], found["outcome"], found["crop_url"], found["node"]) == (6000, "match", None, str(node.node.uuid))
    assert (found["earliest_at"], found["latest_at"]) == ("2024-11-20T11:59:54Z", "2024-11-20T12:00:06Z")
    assert found["id"] == str(node.envelope(Kind.OBSERVATION, b"", seq=1).record_id)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("outcome=match", 1),
        ("outcome=unknown", 1),
        ("since=2024-11-20T12:30:00Z", 1),
        ("until=2024-11-20T12:30:00Z", 1),
        ("person={person}", 1),
        ("node={node}", 2),
        ("door=00000000-0000-0000-0000-000000000000", 0),
    ],
)
def test_sightings_are_filtered(query: str, count: int) -> None:
    node, person = FakeNode.hung(), a_person()
    node.send(node.sighting(person=person), node.sighting(at=NOON + timedelta(hours=1)))
    url = f"{URL}?{query.format(person=person.uuid, node=node.node.uuid)}"
    assert len(as_role(Role.ADMIN).get(url).json()["results"]) == count


@pytest.mark.parametrize("query", ["outcome=maybe", "since=yesterday", "person=x", "door=1"])
def test_a_filter_that_is_garbage_is_a_problem(query: str) -> None:
    response = as_role(Role.ADMIN).get(f"{URL}?{query}")
    assert response.status_code == 400
    assert response.json()["errors"]


def test_pages_go_newest_first_and_lose_nothing() -> None:
    node = FakeNode.hung()
    node.send(*(node.sighting(at=NOON + timedelta(minutes=minute % 3)) for minute in range(7)))
    client, url, seen = as_role(Role.ADMIN), f"{URL}?page_size=2", []
    while url:
        page = client.get(url).json()
        seen += [found["id"] for found in page["results"]]
        url = page["next"]
    assert len(set(seen)) == len(seen) == 7
    assert seen == [str(uuid) for uuid in Sighting.objects.values_list("uuid", flat=True)]


def test_a_manager_sees_their_own_groups_and_nobody_else() -> None:
    node, mine, other = FakeNode.hung(), a_person(), a_person()
    manager = an_account(Role.MANAGER)
    group = Group.objects.create(name="mine")
    group.managers.add(manager)
    Membership.objects.create(person=mine, group=group, valid_from=LONG_AGO.date())
    node.send(node.sighting(person=mine), node.sighting(person=other), node.sighting())
    client = as_role(None)
    client.force_authenticate(manager)
    assert [found["person"]["id"] for found in client.get(URL).json()["results"]] == [str(mine.uuid)]
    others = Sighting.objects.get(person=other)
    assert client.get(f"{URL}/{others.uuid}").status_code == 404


def test_a_viewer_sees_themselves() -> None:
    node, account = FakeNode.hung(), an_account(Role.SELF)
    node.send(node.sighting(person=a_person(account=account)), node.sighting(person=a_person()))
    client = as_role(None)
    client.force_authenticate(account)
    assert len(client.get(URL).json()["results"]) == 1


def test_nobody_is_told_nothing() -> None:
    assert as_role(None).get(URL).status_code == 401


def test_a_node_token_opens_no_staff_page() -> None:
    assert FakeNode.hung().client.get(URL).status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_sightings_are_not_written_here(method: str) -> None:
    assert getattr(as_role(Role.ADMIN), method)(URL).status_code in {403, 405}


def test_a_sighting_that_is_not_there_is_a_problem() -> None:
    response = as_role(Role.ADMIN).get(f"{URL}/00000000-0000-0000-0000-000000000000")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
