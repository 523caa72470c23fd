"""Decisions over the API: by whom, about one or many, repeated, undone, and with garbage."""

import json
from typing import Any
from uuid import uuid4

import pytest

from server.core.permissions import Role
from server.people.models import Person
from server.sightings.decision_models import SightingDecision
from server.sightings.models import Sighting
from tests.factories import FakeNode, a_person, as_role
from tests.server.sightings.second_looks import enrolled, face, passed
from tests.server.sightings.unknown import counts, group_of, grouped, strangers

pytestmark = pytest.mark.django_db
URL = "/api/v1/sightings"
GROUPS = "/api/v1/unknown-groups"
NOT_ALLOWED = [(Role.MANAGER, 403), (Role.VIEWER, 403), (Role.SELF, 403), (Role.AUDITOR, 403), (None, 401)]


def post(url: str, body: object = None, role: Role | None = Role.OPERATOR) -> Any:
    return as_role(role).post(url, body, format="json")


def test_a_decision_is_made_once_told_of_and_undone() -> None:
    eve, sighting = a_person("Eve"), passed(FakeNode.hung(), face(1))
    url = f"{URL}/{sighting.uuid}/decisions"
    body = {"decision": "assign", "person": str(eve.uuid), "note": "seen at the desk"}
    made, again = post(url, body), post(url, body)
    assert (made.status_code, again.status_code, made.json()["id"]) == (201, 200, again.json()["id"])
    assert counts(sighting) == [eve]
    (told,) = as_role(Role.AUDITOR).get(url).json()["results"]
    assert (told["decision"], told["person"]["name"], told["note"], told["undone_at"]) == ("assign", "Eve", "seen at the desk", None)
    undo = f"{url}/{told['id']}/undo"
    assert [post(undo).status_code for _ in range(2)] == [200, 200]
    assert counts(sighting) == [None]
    assert as_role(Role.AUDITOR).get(url).json()["results"][0]["undone_by"].startswith("operator")


def test_many_are_decided_at_once_and_taken_back_at_once() -> None:
    node, eve = FakeNode.hung(), a_person("Eve")
    passes = [passed(node, face(number)) for number in (1, 2, 3)]
    body = {"decision": "assign", "person": str(eve.uuid), "sightings": [str(one.uuid) for one in passes]}
    answer, again = post(f"{URL}/decisions", body), post(f"{URL}/decisions", body)
    assert (answer.status_code, answer.json()["decided"], again.json()["decided"], again.json()["unchanged"]) == (200, 3, 0, 3)
    assert counts(*passes) == [eve] * 3
    undone = [post(f"{URL}/decisions/undo", {"batch": answer.json()["batch"]}).json()["undone"] for _ in range(2)]
    assert (undone, counts(*passes)) == ([3, 0], [None] * 3)
    missing = post(f"{URL}/decisions", body | {"sightings": [*body["sightings"], str(uuid4())]})
    assert (missing.status_code, SightingDecision.objects.count()) == (404, 3)


@pytest.mark.parametrize(("role", "status"), NOT_ALLOWED)
def test_nobody_else_decides_or_sees_strangers(role: Role | None, status: int) -> None:
    (sighting,) = strangers(FakeNode.hung(), 1)
    grouped()
    group, eve = group_of(sighting).uuid, a_person()
    one = {"decision": "ignore"}
    writes = {
        f"{URL}/{sighting.uuid}/decisions": one, f"{URL}/decisions": one | {"sightings": [str(sighting.uuid)]},
        f"{URL}/decisions/undo": {"batch": str(uuid4())}, f"{GROUPS}/{group}/assign": {"person": str(eve.uuid)},
        f"{GROUPS}/{group}/ignore": None, f"{GROUPS}/{group}/undo": None, f"{GROUPS}/update": None,
        f"{GROUPS}/{group}/split": {"sightings": [str(sighting.uuid)]},
    }  # fmt: skip
    client = as_role(role)
    assert {url: client.post(url, body, format="json").status_code for url, body in writes.items()} == dict.fromkeys(writes, status)
    assert not SightingDecision.objects.exists()
    reads = [f"{URL}/{sighting.uuid}/decisions", GROUPS, f"{GROUPS}/{group}", f"{GROUPS}/{group}/members"]
    assert {client.get(url).status_code for url in reads} == {200 if role is Role.AUDITOR else status}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"), ([], 400, "invalid"),
        ({"decision": "maybe"}, 400, "invalid"), ({"decision": "assign", "person": "x"}, 400, "invalid"),
        ({"decision": "assign"}, 422, "person_missing"), ({"decision": "assign", "person": str(uuid4())}, 422, "no_such_person"),
        ({"decision": "ignore", "note": "x" * 1001}, 400, "invalid"), ({"decision": "ignore", "note": "\x00"}, 400, "invalid"),
        ({"decision": "reject"}, 409, "nothing_to_reject"),
    ],
)  # fmt: skip
def test_garbage_is_refused_in_words(body: object, status: int, code: str) -> None:
    sighting = passed(FakeNode.hung(), face(1))
    answer = post(f"{URL}/{sighting.uuid}/decisions", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    many = {**body, "sightings": [str(sighting.uuid)]} if isinstance(body, dict) else body
    assert post(f"{URL}/decisions", many).status_code == status
    assert not SightingDecision.objects.exists()


def test_what_is_not_there_is_not_found() -> None:
    sighting, nobody = passed(FakeNode.hung(), face(1)), uuid4()
    decide = {"decision": "ignore"}
    assert post(f"{URL}/{nobody}/decisions", decide).status_code == as_role(Role.ADMIN).get(f"{URL}/{nobody}/decisions").status_code == 404
    assert post(f"{URL}/{sighting.uuid}/decisions/{nobody}/undo").status_code == 404
    assert post(f"{URL}/decisions/undo", {"batch": str(nobody)}).status_code == 404
    for name, body in (
        ("assign", {"person": str(a_person().uuid)}),
        ("ignore", None),
        ("undo", None),
        ("split", {"sightings": [str(nobody)]}),
    ):
        assert post(f"{GROUPS}/{nobody}/{name}", body).status_code == 404
    assert as_role(Role.ADMIN).get(f"{GROUPS}/{nobody}/members").status_code == 404
    assert post(f"{URL}/decisions", {**decide, "sightings": []}).status_code == 400
    assert as_role(Role.ADMIN).get(f"{GROUPS}?state=maybe").status_code == 400


@pytest.fixture
def day(db: None) -> dict[str, Sighting]:
    node, ada = FakeNode.hung(), enrolled(9, "Ada")
    kept = {"named": passed(node, face(9), person=ada), "nobody": passed(node, face(1)), "ignored": passed(node, face(2))}
    post(f"{URL}/{kept['ignored'].uuid}/decisions", {"decision": "ignore"})
    return kept


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("named=none", {"nobody", "ignored"}), ("named=somebody", {"named"}),
        ("decided=true", {"ignored"}), ("decided=false", {"named", "nobody"}),
        ("ignored=false&named=none", {"nobody"}), ("ignored=true", {"ignored"}), ("ordering=captured_at", {"named", "nobody", "ignored"}),
    ],
)  # fmt: skip
def test_sightings_are_listed_by_what_became_of_them(day: dict[str, Sighting], query: str, found: set[str]) -> None:
    listed = [row["id"] for row in as_role(Role.ADMIN).get(f"{URL}?{query}").json()["results"]]
    assert set(listed) == {str(day[name].uuid) for name in found}


def test_sightings_come_in_the_order_asked_for_and_as_csv(day: dict[str, Sighting]) -> None:
    client = as_role(Role.ADMIN)
    first = [client.get(f"{URL}?ordering={sign}received_at").json()["results"][0]["id"] for sign in ("", "-")]
    assert first == [str(day["named"].uuid), str(day["ignored"].uuid)]
    assert client.get(f"{URL}?ordering=similarity").status_code == client.get(f"{URL}?named=x").status_code == 400
    lines = client.get(f"{URL}?format=csv").content.decode().splitlines()
    assert len(lines) == 4
    assert sum("Ada" in line for line in lines) == 1


def test_groups_are_told_of_without_embeddings_or_similarities_and_decided_about() -> None:
    node, eve = FakeNode.hung(), a_person("Eve")
    one, two, other = strangers(node, 1, 1, 2)
    grouped()
    client, url = as_role(Role.OPERATOR), f"{GROUPS}/{group_of(one).uuid}"
    large, small = client.get(f"{GROUPS}?ordering=size").json()["results"]
    assert (large["size"], small["size"], large["state"], large["unconfirmed"], len(large["doors"])) == (2, 1, "open", 0, 1)
    assert client.get(GROUPS).json()["results"][0]["id"] == small["id"]
    members = client.get(f"{url}/members").json()["results"]
    assert [member["id"] for member in members] == [str(two.uuid), str(one.uuid)]
    assert not any(word in json.dumps([large, members]) for word in ("similarity", "embedding", "probe", "margin"))
    for _ in range(2):
        assert client.post(f"{url}/assign", {"person": str(eve.uuid)}).json()["person"]["name"] == "Eve"
    assert counts(one, two, other) == [eve, eve, None]
    assert client.post(f"{url}/ignore").json()["code"] == "assigned"
    assert client.post(f"{url}/undo").json()["state"] == "open"
    assert client.post(f"{url}/undo").json()["code"] == "nothing_to_undo"
    assert [client.post(f"{url}/ignore").json()["state"] for _ in range(2)] == ["ignored", "ignored"]
    assert [row["id"] for row in client.get(f"{GROUPS}?state=ignored").json()["results"]] == [large["id"]]
    door = one.door
    assert door is not None
    assert len(client.get(f"{GROUPS}?door={door.uuid}&since=2024-01-01T00:00:00Z").json()["results"]) == 2
    assert client.get(f"{GROUPS}?door={uuid4()}").json()["results"] == []
    apart = client.post(f"{url}/split", {"sightings": [str(one.uuid)]}).json()
    assert (apart["size"], apart["state"], client.get(url).json()["size"]) == (1, "open", 1)
    assert len(client.get(f"{GROUPS}?format=csv").content.decode().splitlines()) == 4
    assert client.post(f"{GROUPS}/update").status_code == 202
    refused = client.post(f"{url}/assign", {"person": str(uuid4())})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_such_person")


def test_a_manager_sees_no_more_sightings_than_before(day: dict[str, Sighting]) -> None:
    assert as_role(Role.MANAGER).get(f"{URL}?named=none").json()["results"] == []
    assert Person.objects.get().counted_sightings.count() == len(day) - 2
