"""Bearer tokens of nodes: rotated, used, spent; and what they are good for."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings
from rest_framework.test import APIClient

from server.core.errors import Conflict
from server.core.permissions import Role
from server.nodes.models import AlarmKind, Node, NodeAlarm, SpentToken
from server.nodes.tokens import token_next, token_used
from tests.factories import JPEG, FakeNode, an_account, as_role, bearer, heartbeat
from tests.factories_people import make_account, token_header

pytestmark = pytest.mark.django_db
URL = "/api/v1/node/token"
SETTINGS = "/api/v1/node/settings"
CODES = {"superseded_token", "unknown_token", "node_revoked", "node_frozen"}


def next_token(node: FakeNode) -> dict[str, Any]:
    response = node.client.post(URL)
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def code_of(token: str) -> str | None:
    response = bearer(token).get(SETTINGS)
    return None if response.status_code == 200 else str(response.json()["code"])


def beat(token: str, node: FakeNode) -> Any:
    return bearer(token).post("/api/v1/node/heartbeat", heartbeat(node), format="json")


def test_both_tokens_are_good_until_the_newer_one_is_used() -> None:
    node = FakeNode.hung()
    answer = next_token(node)
    assert answer["generation"] == 2
    assert code_of(node.token) is None
    assert code_of(node.token) is None
    assert code_of(answer["token"]) is None
    assert code_of(node.token) == "superseded_token"
    assert bearer(node.token).get(SETTINGS).status_code == 401
    assert code_of(answer["token"]) is None


def test_asked_again_the_answer_is_the_same_until_it_was_used() -> None:
    node = FakeNode.hung()
    first = next_token(node)
    assert next_token(node) == first
    node.token = first["token"]
    second = next_token(node)
    assert second["generation"] == 3
    assert second["token"] != first["token"]


def test_no_token_is_kept_as_it_is() -> None:
    node = FakeNode.hung()
    answer = next_token(node)
    code_of(answer["token"])
    next_token(FakeNode(node.node, answer["token"], node.key))
    kept = [*Node.objects.values_list().get(), *SpentToken.objects.values_list().get()]
    assert not any(secret in str(value) for value in kept for secret in (node.token, answer["token"]))


def test_a_node_is_asked_to_rotate_when_its_token_is_old(settings: Settings) -> None:
    node = FakeNode.hung()
    assert beat(node.token, node).json()["rotate_token"] is False
    settings.NODE_TOKEN_DAYS = 0.5
    with time_machine.travel(timezone.now() + timedelta(hours=13), tick=False):
        assert beat(node.token, node).json()["rotate_token"] is True
        token = next_token(node)["token"]
        assert beat(node.token, node).json()["rotate_token"] is True, "it was handed out but never used: the answer may be lost"
        assert beat(token, node).json()["rotate_token"] is False


def test_who_comes_with_a_superseded_token_has_an_old_copy_and_that_is_an_alarm() -> None:
    node = FakeNode.hung()
    code_of(next_token(node)["token"])
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        for _ in range(3):
            assert code_of(node.token) == "superseded_token"
    alarm = NodeAlarm.objects.get()
    assert (alarm.kind, alarm.node, alarm.count) == (AlarmKind.OLD_TOKEN, node.node, 3)


def test_a_request_that_was_under_way_when_the_token_changed_is_no_copy() -> None:
    node = FakeNode.hung()
    code_of(next_token(node)["token"])
    assert code_of(node.token) == "superseded_token"
    assert not NodeAlarm.objects.exists()


def test_a_token_nobody_had_is_no_alarm() -> None:
    FakeNode.hung()
    assert code_of("f" * 64) == "unknown_token"
    assert not NodeAlarm.objects.exists()


def test_who_asks_while_another_uses_the_newer_token_gets_none() -> None:
    node = FakeNode.hung()
    stale = Node.objects.get(pk=node.node.pk)
    code_of(next_token(node)["token"])
    with pytest.raises(Conflict, match="replaced just now"):
        token_next(stale)
    assert Node.objects.get().next_token_sha256 is None


def test_two_first_uses_at_once_are_one() -> None:
    node = FakeNode.hung()
    token = next_token(node)["token"]
    both = [Node.objects.get(pk=node.node.pk) for _ in range(2)]
    for seen in both:
        token_used(seen, token, now=timezone.now())
    assert Node.objects.get().token_generation == 2
    assert SpentToken.objects.count() == 1


@pytest.mark.parametrize("end", ["revoked", "frozen"])
def test_what_ends_a_node_ends_both_its_tokens_at_once(end: str) -> None:
    node = FakeNode.hung()
    token = next_token(node)["token"]
    Node.objects.update(**{f"{end}_at": timezone.now()})
    assert {code_of(node.token), code_of(token)} == {f"node_{end}"}
    assert node.client.post(URL).status_code == 403
    assert Node.objects.get().token_generation == 1


def operations() -> list[tuple[str, str]]:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return [(method, path) for path, methods in schema["paths"].items() for method in methods]


OPEN = {"/api/v1/auth/token", "/api/v1/health", "/api/v1/node/claim"}


def call(client: APIClient, method: str, path: str) -> Any:
    concrete = path.replace("{sha256}", "a" * 64)
    concrete = re.sub(r"\{[^}]*\}", lambda _: str(uuid4()), concrete)
    return getattr(client, method)(concrete)


def test_a_node_token_opens_nothing_that_is_for_staff() -> None:
    node = FakeNode.hung()
    staff = [(method, path) for method, path in operations() if not path.startswith("/api/v1/node/") and path not in OPEN]
    assert len(staff) > 40
    assert {call(node.client, method, path).status_code for method, path in staff} == {401}
    assert code_of(node.token) is None, "the control: the token is good"
    for page in ("/", "/nodes/", "/people/", "/admin/"):
        assert node.client.get(page).status_code == 302


def node_calls() -> list[tuple[str, str]]:
    found = [(method, path) for method, path in operations() if path.startswith("/api/v1/node/") and path not in OPEN]
    assert len(found) >= 7
    return found


def test_what_is_for_nodes_opens_to_no_staff_however_they_come() -> None:
    admin, session = make_account("admin"), APIClient()
    session.force_login(an_account(Role.ADMIN))
    for client in (APIClient(), session, APIClient(headers=token_header(admin)), bearer("x"), bearer("")):
        assert {call(client, method, path).status_code for method, path in node_calls()} == {401}
    assert {call(as_role(Role.ADMIN), method, path).status_code for method, path in node_calls()} == {403}


@pytest.mark.parametrize("end", ["revoked", "frozen"])
def test_what_is_for_nodes_is_closed_to_those_that_ended(end: str) -> None:
    node = FakeNode.hung()
    assert {call(node.client, method, path).status_code for method, path in node_calls()} & {401, 403} == set()
    Node.objects.update(**{f"{end}_at": timezone.now()})
    answers = [call(node.client, method, path) for method, path in node_calls()]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, f"node_{end}")}


def test_a_token_is_good_for_its_own_node_alone() -> None:
    thief, other = FakeNode.hung(), FakeNode.hung()
    other.send(other.sighting(crop=JPEG, seq=1))
    (receipt,) = FakeNode(other.node, thief.token, other.key).send(other.sighting(seq=2))
    assert receipt["code"] == "foreign_node"
    assert thief.put_crop(JPEG).status_code == 404
    (forged,) = FakeNode(other.node, other.token, thief.key).send(FakeNode(other.node, other.token, thief.key).sighting(seq=3))
    assert forged["code"] == "bad_signature", "a token without the key appends nothing"


def test_a_token_in_a_query_or_a_cookie_is_none() -> None:
    node = FakeNode.hung()
    client = Client()
    client.cookies["token"] = node.token
    assert client.get(SETTINGS, {"token": node.token}).status_code == 401
