import json
import time
from typing import Any

import pytest

from server.core.permissions import Role
from server.nodes.models import ClockOffset, Node
from tests.factories import FakeNode, an_account, as_role, heartbeat

pytestmark = pytest.mark.django_db


def beat(node: FakeNode, **values: object) -> Any:
    return node.client.post("/api/v1/node/heartbeat", heartbeat(node, **values), format="json")


def test_a_heartbeat_is_answered_with_clock_and_revisions() -> None:
    node = FakeNode.hung()
    before = time.time_ns()
    answer = beat(node, queue_depth=7, camera="replay").json()
    assert before <= answer["server_ns"] <= time.time_ns()
    assert answer["settings_revision"] == 0
    kept = Node.objects.get()
    assert (kept.queue_depth, kept.camera, kept.boot_id) == (7, "replay", node.boot_id)
    assert kept.last_heartbeat_at is not None


def test_an_exchange_narrows_the_clock() -> None:
    node = FakeNode.hung()
    sent = node.reading().boot_ns
    server_ns = beat(node, at=node.reading(boot_ns=sent)).json()["server_ns"]
    assert ClockOffset.objects.get().half_width_ns > 365 * 86_400 * 10**9
    exchange = {"boot_id": str(node.boot_id), "sent_boot_ns": sent, "received_boot_ns": sent + 10**7, "server_ns": server_ns}
    beat(node, at=node.reading(boot_ns=sent + 10**7), previous=exchange)
    assert ClockOffset.objects.get().half_width_ns == 5_000_000 + 1_500 + 50_000 + 1


def test_a_count_beyond_measure_does_not_fail_a_heartbeat() -> None:
    assert beat(FakeNode.hung(), queue_depth=10**30, free_bytes=2**64).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"at": {"boot_id": 1}}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_heartbeat_is_a_problem(body: bytes) -> None:
    response = FakeNode.hung().client.post("/api/v1/node/heartbeat", body, content_type="application/json")
    assert response.status_code in {400, 422}
    assert response["Content-Type"] == "application/problem+json"


def test_settings_come_with_an_etag_and_are_not_sent_twice() -> None:
    node = FakeNode.hung()
    response = node.client.get("/api/v1/node/settings")
    assert response.json()["interval_ms"] == 200
    assert node.client.get("/api/v1/node/settings", HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304
    url = f"/api/v1/nodes/{node.node.uuid}/settings"
    assert as_role(Role.OPERATOR).patch(url, {"interval_ms": 500}, format="json").json()["revision"] == 1
    changed = node.client.get("/api/v1/node/settings", HTTP_IF_NONE_MATCH=response["ETag"])
    assert (changed.status_code, changed.json()["interval_ms"], changed["ETag"]) == (200, 500, '"1"')
    assert beat(node).json()["settings_revision"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({"interval_ms": 1}, "interval_ms"), ({"interval_ms": 2000, "pass_timeout_ms": 1000}, "non_field_errors"), ({"speed": 9}, "speed")],
)
def test_settings_that_could_never_decide_a_pass_are_refused(body: dict[str, object], field: str) -> None:
    node = FakeNode.hung()
    response = as_role(Role.ADMIN).patch(f"/api/v1/nodes/{node.node.uuid}/settings", body, format="json")
    assert response.status_code == 422
    assert set(response.json()["errors"]) == {field}


def test_a_revoked_node_is_refused_at_once() -> None:
    node = FakeNode.hung()
    url = f"/api/v1/nodes/{node.node.uuid}/revoke"
    assert as_role(Role.ADMIN).post(url).json()["state"] == "revoked"
    assert beat(node).status_code == 403
    assert as_role(Role.ADMIN).post(url).status_code == 200


@pytest.mark.parametrize("path", ["heartbeat", "settings", "records"])
def test_staff_are_no_nodes(path: str) -> None:
    client = as_role(None)
    client.force_login(an_account(Role.ADMIN))
    method = client.get if path == "settings" else client.post
    assert method(f"/api/v1/node/{path}").status_code == 401


@pytest.mark.parametrize(
    ("role", "view", "change"),
    [(None, 401, 401), ("self", 403, 403), ("manager", 403, 403), ("auditor", 200, 403), ("operator", 200, 200)],
)
def test_who_may_see_and_who_may_change_nodes(role: str | None, view: int, change: int) -> None:
    node = FakeNode.hung()
    client = as_role(None if role is None else Role(role))
    assert client.get("/api/v1/nodes").status_code == view
    assert client.get(f"/api/v1/nodes/{node.node.uuid}").status_code == view
    assert client.patch(f"/api/v1/nodes/{node.node.uuid}", {"name": "new"}, format="json").status_code == change
    assert client.post(f"/api/v1/nodes/{node.node.uuid}/revoke").status_code == change


def test_no_answer_shows_a_nodes_token_or_its_hash() -> None:
    node = FakeNode.hung()
    text = json.dumps(as_role(Role.ADMIN).get("/api/v1/nodes").json())
    assert node.token not in text
    assert node.node.token_sha256 not in text


def test_what_a_heartbeat_tells_is_kept_and_shown() -> None:
    node = FakeNode.hung()
    health = {"temperature_c": 61.5, "throttled": ["under_voltage_before"], "fsync_p99_ms": 12.5, "disk_errors": 2, "card": "failing"}
    told = {"epoch": 3, "last_seq": 9, "refused": 1, "crops_shed": 4, "settings_refused": "no such zone", "token_generation": 2}
    assert beat(node, health=health, **told).status_code == 200
    shown = as_role(Role.AUDITOR).get(f"/api/v1/nodes/{node.node.uuid}").json()
    assert {name: shown["health"][name] for name in health} == health
    assert (shown["epoch"], shown["last_seq"], shown["refused"], shown["crops_shed"]) == (3, 9, 1, 4)
    assert (shown["settings_refused"], shown["held_token_generation"], shown["token_generation"]) == ("no such zone", 2, 1)


def test_a_heartbeat_of_an_older_node_is_good() -> None:
    node = FakeNode.hung()
    beat(node, health={"card": "failing"}, epoch=4)
    assert beat(node).status_code == 200
    kept = Node.objects.get()
    assert (kept.epoch, kept.health["card"], kept.refused) == (None, "", 0)


@pytest.mark.parametrize(
    "values",
    [
        {"queue_depth": 10**30, "free_bytes": 2**64, "refused": 10**40, "crops_shed": 2**63},
        {"gallery_revision": 2**63, "settings_revision": 2**63, "last_frame_age_ms": 10**25, "oldest_boot_age_ms": 10**25},
        {"camera": "Camera\0", "version": "\0", "settings_refused": "a\0b"},
        {"funnel": {"frames": 10**300, "gated": {"too\0small": 10**40}}},
        {"health": {"temperature_c": 1e308, "throttled": ["hot\0"], "card": "\0", "uptime_s": 10**50, "memory_available_bytes": 10**50}},
        {"camera": "\ud7ff\ue000\U0001f600" * 20, "epoch": 2**63 - 1, "last_seq": 2**63 - 1, "token_generation": 2**63 - 1},
    ],
)
def test_a_value_the_database_cannot_hold_never_fails_a_heartbeat(values: dict[str, object]) -> None:
    node = FakeNode.hung()
    assert beat(node, **values).status_code == 200
    assert Node.objects.get().last_heartbeat_at is not None
    assert as_role(Role.ADMIN).get(f"/api/v1/nodes/{node.node.uuid}").status_code == 200


def test_a_heartbeat_asks_a_fixed_number_of_queries(django_assert_max_num_queries: Any) -> None:
    node = FakeNode.hung()
    beat(node)
    node.send(*(node.observation(seq=seq) for seq in range(1, 30)))
    with django_assert_max_num_queries(14):
        beat(node)
