import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from rest_framework.test import APIClient

from server.core import secrets
from server.core.permissions import Role
from server.nodes.models import ClaimConflict, ClaimToken, Mount, Node
from server.sites.models import Door
from shared_schema.node import ClaimRequest
from tests.factories import a_door, as_role, bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/node/claim"


def a_token(door: Door | None = None) -> str:
    body = {"door": str((door or a_door()).uuid), "name": "front"}
    response = as_role(Role.OPERATOR).post("/api/v1/node-claims", body, format="json")
    assert response.status_code == 201, response.content
    return str(response.json()["token"])


def a_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def signed(token: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    request = ClaimRequest.signed(token=token, public_key=key.public_key().public_bytes_raw(), hostname="pi", signer=key)
    return request.model_dump(mode="json")


def claim(token: str, key: Ed25519PrivateKey) -> Any:
    return APIClient().post(URL, signed(token, key), format="json")


def test_a_token_makes_a_node_of_its_door() -> None:
    door = a_door()
    answer = claim(a_token(door), a_key()).json()
    node = Node.objects.get(uuid=answer["node"])
    assert Mount.objects.get(node=node).door == door
    assert (answer["door_name"], answer["site_time_zone"], answer["next_epoch"]) == (door.name, "UTC", 1)
    assert base64.b64decode(answer["seal_key"]) == secrets.current().seal_public_key
    assert bearer(answer["token"]).get("/api/v1/node/settings").status_code == 200


def test_the_same_token_with_the_same_key_gets_the_same_answer() -> None:
    token, key = a_token(), a_key()
    assert claim(token, key).content == claim(token, key).content
    ClaimToken.objects.update(expires_at=timezone.now())
    assert claim(token, key).status_code == 200
    assert Node.objects.count() == 1


def test_who_knows_token_and_public_key_alone_learns_nothing_and_changes_nothing() -> None:
    token, key = a_token(), a_key()
    first = claim(token, key).json()
    forged = {**signed(token, key), "proof": signed(token, a_key())["proof"]}
    response = APIClient().post(URL, forged, format="json")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_proof")
    assert not ClaimConflict.objects.exists()
    assert bearer(first["token"]).get("/api/v1/node/settings").status_code == 200


def test_another_key_freezes_both() -> None:
    token, key = a_token(), a_key()
    first = claim(token, key).json()
    response = claim(token, a_key())
    assert (response.status_code, response.json()["code"]) == (409, "claim_conflict")
    assert ClaimConflict.objects.count() == 1
    assert bearer(first["token"]).get("/api/v1/node/settings").status_code == 403
    assert claim(token, key).status_code == 409


def test_a_token_lasts_a_quarter_of_an_hour() -> None:
    token = a_token()
    lasts = ClaimToken.objects.get().expires_at - ClaimToken.objects.get().created_at
    assert timedelta(minutes=14) < lasts <= timedelta(minutes=15)
    ClaimToken.objects.update(expires_at=timezone.now())
    response = claim(token, a_key())
    assert (response.status_code, response.json()["code"]) == (403, "claim_expired")
    assert not Node.objects.exists()


def test_tokens_are_kept_as_hashes_alone() -> None:
    token = a_token()
    assert len(token) >= 32
    assert token.isalnum(), "it is pasted into a command line, where a leading dash would be an option"
    kept = ClaimToken.objects.values_list().get()
    assert not any(token in str(value) for value in kept)
    bearer_token = claim(token, a_key()).json()["token"]
    assert not any(bearer_token in str(value) for value in Node.objects.values_list().get())


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 403, "unknown_claim"),
        ({"public_key": "AAAA"}, 422, "invalid_key"),
        ({"public_key": "?"}, 422, "invalid"),
        ({"token": "short"}, 422, "invalid"),
        ({"token": "y" * 32}, 422, "invalid_proof"),
        ({"hostname": "another"}, 422, "invalid_proof"),
        ({"proof": ""}, 422, "invalid_proof"),
        ({"proof": None}, 422, "invalid"),
        ({"protocol": 9}, 400, "unknown_protocol"),
        ({"hostname": "a\u0000"}, 400, "parse_error"),
    ],
)
def test_what_is_no_claim_is_refused(change: dict[str, object], status: int, code: str) -> None:
    response = APIClient().post(URL, {**signed("x" * 32, a_key()), **change}, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_list_is_no_claim() -> None:
    assert APIClient().post(URL, [], format="json").status_code == 422


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.SELF, 403), (Role.AUDITOR, 403), (Role.MANAGER, 403)])
def test_not_everybody_makes_nodes(role: Role | None, status: int) -> None:
    body = {"door": str(a_door().uuid), "name": "x"}
    assert as_role(role).post("/api/v1/node-claims", body, format="json").status_code == status


def test_a_claim_for_a_door_that_is_not_there_is_refused() -> None:
    body = {"door": "00000000-0000-0000-0000-000000000000", "name": "x"}
    response = as_role(Role.ADMIN).post("/api/v1/node-claims", body, format="json")
    assert response.json()["errors"].keys() == {"door"}
