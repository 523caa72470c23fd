import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.core.permissions import Role
from server.sites.models import Site
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_person, a_site, an_account, as_role

pytestmark = pytest.mark.django_db
PRESENCE, MUSTER = "/api/v1/presence", "/api/v1/presence/muster"


@pytest.fixture
def mill(time_machine: Any) -> Site:
    """Ann came in and is in; Bob went out through a door that has been silent since."""
    time_machine.move_to(NOON + timedelta(hours=2), tick=False)
    site = a_site(name="Mill", time_zone="Asia/Kolkata")
    entry, leaving = FakeNode.hung(a_door(site, name="Front", direction="in")), FakeNode.hung(a_door(site, name="Back", direction="out"))
    ann, bob = a_person("=Ann"), a_person("Bob")
    entry.send(entry.sighting(person=ann), entry.sighting(person=bob))
    leaving.send(leaving.sighting(person=bob, at=NOON + timedelta(hours=1)))
    return site


def test_who_is_in_is_told_with_until_when_the_doors_are_known(mill: Site) -> None:
    told = as_role(Role.VIEWER).get(PRESENCE, {"site": str(mill.uuid)}).json()
    assert [(one["person"]["name"], one["site"]["name"], one["door"]["name"], one["way"]) for one in told["results"]] == [
        ("=Ann", "Mill", "Front", "in")
    ]
    assert sorted((one["door"]["name"], one["as_of"], one["silent"]) for one in told["doors"]) == [
        ("Back", None, True),
        ("Front", None, True),
    ]
    assert as_role(Role.VIEWER).get(PRESENCE, {"site": str(a_site().uuid)}).json()["results"] == []


def test_the_muster_list_has_who_is_in_and_who_may_have_come_back(mill: Site) -> None:
    told = as_role(Role.VIEWER).get(MUSTER, {"site": str(mill.uuid)}).json()
    assert [(one["person"]["name"], one["in"], one["uncertain"]) for one in told["people"]] == [("=Ann", True, True), ("Bob", False, True)]
    rows = list(csv.DictReader(io.StringIO(as_role(Role.VIEWER).get(MUSTER, {"site": str(mill.uuid), "format": "csv"}).content.decode())))
    assert [(row["person"], row["in"], row["last_seen"]) for row in rows] == [
        ("'=Ann", "true", "2024-11-20T17:30:00+05:30"),
        ("Bob", "false", "2024-11-20T18:30:00+05:30"),
    ]


def test_nobody_sees_more_people_than_they_may(mill: Site) -> None:
    manager = an_account(Role.MANAGER)
    node = FakeNode.hung(a_door(mill))
    node.send(node.sighting(person=a_member(a_group(managers=[manager]), a_person("Mine")), at=NOON + timedelta(minutes=5)))
    client = as_role(None)
    assert [client.get(url).status_code for url in (PRESENCE, MUSTER)] == [401, 401]
    client.force_authenticate(manager)
    assert [one["person"]["name"] for one in client.get(PRESENCE).json()["results"]] == ["Mine"]
    assert [one["person"]["name"] for one in client.get(MUSTER, {"site": str(mill.uuid)}).json()["people"]] == ["Mine"]
    assert as_role(Role.SELF).get(PRESENCE).json()["results"] == []


def test_a_site_that_is_none_is_said_so() -> None:
    client = as_role(Role.ADMIN)
    for url, query, status in ((MUSTER, "", 400), (MUSTER, "?site=x", 400), (PRESENCE, "?site=x", 400), (MUSTER, f"?site={uuid4()}", 404),
                               (PRESENCE, f"?site={uuid4()}", 404)):  # fmt: skip
        answer = client.get(url + query)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert client.post(PRESENCE).status_code in {403, 405}
