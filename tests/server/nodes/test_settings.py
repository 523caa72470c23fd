"""What nodes are told about how to work, and being asked to show themselves."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from server.core.permissions import Role
from server.nodes.models import Mount, Node
from server.nodes.mounts import mount_save
from shared_schema.node import Hours, NodeSettings
from tests.factories import FakeNode, a_door, a_site, as_role, heartbeat

pytestmark = pytest.mark.django_db


def beat(node: FakeNode, **values: object) -> Any:
    return node.client.post("/api/v1/node/heartbeat", heartbeat(node, **values), format="json")


def settings_of(node: FakeNode) -> Any:
    return node.client.get("/api/v1/node/settings")


def change(node: FakeNode, **values: object) -> Any:
    return as_role(Role.OPERATOR).patch(f"/api/v1/nodes/{node.node.uuid}/settings", values, format="json")


MASK = [[0, 0], [0.5, 0], [0.5, 1]]
NIGHT = {"days": [0, 4], "from_minute": 1_320, "until_minute": 360}


def test_masks_and_hours_reach_the_node() -> None:
    node = FakeNode.hung()
    told = change(node, masks=[MASK], hours=[NIGHT]).json()
    assert (told["masks"], told["hours"], told["time_zone"]) == ([MASK], [NIGHT], "UTC")
    assert as_role(Role.AUDITOR).get(f"/api/v1/nodes/{node.node.uuid}/settings").json() == told
    got = NodeSettings.model_validate_json(settings_of(node).content)
    assert got.hours == (Hours(days=(0, 4), from_minute=1_320, until_minute=360),)
    assert got.masks == (((0, 0), (0.5, 0), (0.5, 1)),)
    assert change(node, interval_ms=300).json()["masks"] == [MASK], "what is not named stays"
    assert change(node, masks=[], hours=[]).json()["hours"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"masks": [MASK[:2]]},
        {"masks": [[[0, 0], [1, 1], [2, 0]]]},
        {"masks": [[[0, 0], [1, 1], [0.5]]]},
        {"masks": [[[0, 0], [1, 1], ["NaN", 0]]]},
        {"masks": [MASK] * 17},
        {"masks": "x"},
        {"hours": [{**NIGHT, "days": []}]},
        {"hours": [{**NIGHT, "days": [7]}]},
        {"hours": [{**NIGHT, "from_minute": 1440}]},
        {"hours": [{**NIGHT, "until_minute": 0}]},
        {"hours": [{"days": [1], "from_minute": 5}]},
        {"hours": [NIGHT] * 29},
        {"hours": None},
        {"time_zone": "Europe/Paris"},
        {"revision": 7},
    ],
)
def test_masks_and_hours_that_are_none_change_nothing(values: dict[str, object]) -> None:
    node = FakeNode.hung()
    response = change(node, **values)
    assert response.status_code in {400, 422}, response.content
    assert len(response.json()["errors"]) == 1
    assert settings_of(node).json()["revision"] == 0


def test_the_time_zone_is_that_of_the_site_and_changes_with_it() -> None:
    site = a_site(time_zone="Europe/Paris")
    node = FakeNode.hung(a_door(site))
    first = settings_of(node)
    assert first.json()["time_zone"] == "Europe/Paris"
    site.time_zone = "Asia/Tokyo"
    site.save()
    wanted = beat(node).json()["settings_revision"]
    assert wanted > first.json()["revision"]
    changed = node.client.get("/api/v1/node/settings", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (changed.status_code, changed.json()["time_zone"], changed.json()["revision"]) == (200, "Asia/Tokyo", wanted)
    assert beat(node).json()["settings_revision"] == wanted
    assert node.client.get("/api/v1/node/settings", HTTP_IF_NONE_MATCH=changed["ETag"]).status_code == 304


def test_the_time_zone_follows_a_node_that_moves_and_stays_with_one_that_hangs_nowhere() -> None:
    node = FakeNode.hung(a_door(a_site(time_zone="Europe/Paris")))
    settings_of(node)
    mount = node.node.mounts.get()
    mount.valid_until = timezone.now()
    mount_save(mount)
    assert settings_of(node).json()["time_zone"] == "Europe/Paris"
    mount_save(Mount(node=node.node, door=a_door(a_site(time_zone="Asia/Tokyo")), valid_from=timezone.now()))
    assert settings_of(node).json()["time_zone"] == "Asia/Tokyo"


def test_it_is_told_which_settings_are_wanted_and_which_are_in_force() -> None:
    node = FakeNode.hung()
    change(node, interval_ms=300)
    beat(node, settings_revision=0, settings_refused="the clock is not known")
    told = as_role(Role.AUDITOR).get(f"/api/v1/nodes/{node.node.uuid}").json()
    assert (told["wanted_settings_revision"], told["settings_revision"]) == (1, 0)
    assert told["settings_refused"] == "the clock is not known"


def test_a_list_of_nodes_asks_no_more_for_more_of_them(django_assert_num_queries: Any) -> None:
    admin = as_role(Role.ADMIN)
    for _ in range(4):
        change(FakeNode.hung(), interval_ms=300)
    with django_assert_num_queries(2):
        listed = admin.get("/api/v1/nodes").json()["results"]
    assert [node["wanted_settings_revision"] for node in listed] == [1] * 4


def test_a_node_is_asked_to_show_itself_for_a_minute() -> None:
    node, other = FakeNode.hung(), FakeNode.hung()
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert beat(node).json()["identify_s"] == 0
        url = f"/api/v1/nodes/{node.node.uuid}/identify"
        assert as_role(Role.OPERATOR).post(url).status_code == 200
        assert beat(node).json()["identify_s"] == 60
        assert beat(other).json()["identify_s"] == 0
    for later, left in ((20, 40), (59.5, 1), (61, 0)):
        with time_machine.travel(now + timedelta(seconds=later), tick=False):
            assert beat(node).json()["identify_s"] == left


def test_a_node_that_is_seldom_heard_is_asked_too() -> None:
    node, now = FakeNode.hung(), timezone.now()
    change(node, heartbeat_ms=600_000)
    with time_machine.travel(now, tick=False):
        as_role(Role.OPERATOR).post(f"/api/v1/nodes/{node.node.uuid}/identify")
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        assert 30 <= beat(node).json()["identify_s"] <= 60


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("self", 403), ("auditor", 403), ("operator", 200)])
def test_not_everybody_makes_a_node_show_itself(role: str | None, status: int) -> None:
    client = as_role(None if role is None else Role(role))
    assert client.post(f"/api/v1/nodes/{FakeNode.hung().node.uuid}/identify").status_code == status


def test_a_node_that_is_out_cannot_show_itself() -> None:
    node = FakeNode.hung().node
    Node.objects.update(revoked_at=timezone.now())
    response = as_role(Role.ADMIN).post(f"/api/v1/nodes/{node.uuid}/identify")
    assert (response.status_code, response.json()["code"]) == (409, "node_revoked")
    assert as_role(Role.ADMIN).post(f"/api/v1/nodes/{uuid4()}/identify").status_code == 404
