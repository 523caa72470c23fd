"""The server of the state machine answers as the real one does."""

import random
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from edge_client.errors import Unauthorised
from server.core import secrets
from server.nodes.services import node_revoke
from server.sightings.models import Record
from shared_schema.node import EpochRequest, RecordBatch, RecordItem
from tests.factories import FakeNode, bearer, heartbeat
from tests.faults.model_server import ModelServer

pytestmark = pytest.mark.django_db
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)


@pytest.fixture
def node() -> FakeNode:
    return FakeNode.hung()


@pytest.fixture
def model(node: FakeNode) -> ModelServer:
    return ModelServer(node.node.uuid, node.key.public_key().public_bytes_raw())


def some_item(node: FakeNode, chance: random.Random) -> dict[str, Any]:
    """A record that is new, sent again, in conflict with another, of another node, or signed by somebody else."""
    node.epoch, key = chance.randint(1, 3), node.key
    node.boot_id = UUID(int=chance.randint(1, 3))
    node.key = STRANGER if chance.random() < 0.1 else key
    item = node.observation(seq=chance.randint(1, 6)) if chance.random() < 0.5 else node.sighting(seq=chance.randint(1, 6))
    node.key = key
    if chance.random() < 0.1:
        item["envelope"]["node"] = str(UUID(int=5))
    return item


def told(receipts: Any) -> list[tuple[object, ...]]:
    return [(one["epoch"], one["seq"], one["sha256"], one["status"], one["code"]) for one in receipts]


@pytest.mark.parametrize("seed", range(5))
def test_receipts_high_water_and_epochs_are_those_of_the_real_server(node: FakeNode, model: ModelServer, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(12):
        items = [some_item(node, chance) for _ in range(chance.randint(1, 5))]
        batch = RecordBatch(items=tuple(RecordItem.model_validate(item) for item in items))
        real, modelled = node.send(*items), model.records(model.token_of(1), batch).model_dump(mode="json")["receipts"]
        assert told(real) == told(modelled)
        water = node.client.post("/api/v1/node/heartbeat", heartbeat(node), format="json").json()["high_water"]
        expected = model.high_water()
        assert water == (None if expected is None else expected.model_dump())
        request = EpochRequest(boot_id=UUID(int=chance.randint(1, 2)), epoch=chance.randint(1, 4), last_seq=chance.randint(0, 1))
        answer = node.client.post("/api/v1/node/epoch", request.model_dump(mode="json"), format="json").json()
        assert answer["epoch"] == model.next_epoch(model.token_of(1), request).epoch
    assert {(record.epoch, record.seq): record.sha256 for record in Record.objects.all()} == {
        key: envelope.sha256 for key, envelope in model.db.records.items()
    }


def test_tokens_follow_each_other_as_on_the_real_server(node: FakeNode, model: ModelServer) -> None:
    first = node.token
    second = secrets.current().bearer(str(node.node.uuid), 2)
    assert bearer(first).post("/api/v1/node/token").json() == {"token": second, "generation": 2}
    assert model.next_token(model.token_of(1)).generation == 2
    for token, generation, works in ((first, 1, True), (second, 2, True), (first, 1, False)):
        assert (bearer(token).post("/api/v1/node/heartbeat", heartbeat(node), format="json").status_code == 200) is works
        assert was_admitted(model, generation) is works


def was_admitted(model: ModelServer, generation: int) -> bool:
    try:
        model._admit(model.token_of(generation))
    except Unauthorised:
        return False
    return True


def test_a_stolen_token_can_hand_in_nothing_that_the_nodes_key_did_not_sign(node: FakeNode) -> None:
    """F22: the thief has the courier's token, not capture's key; what was signed already can only be repeated."""
    mine = node.sighting()
    thief = FakeNode(node.node, node.token, STRANGER, boot_id=node.boot_id)
    forged = [thief.sighting(seq=7), thief.observation(seq=8), thief.gap(seq=9)]
    assert {receipt["code"] for receipt in thief.send(*forged)} == {"bad_signature"}
    other = FakeNode.hung()
    assert [receipt["code"] for receipt in thief.send(other.sighting())] == ["foreign_node"]
    moved = node.sighting(seq=5)
    moved["envelope"]["seq"] = 6
    assert [receipt["code"] for receipt in thief.send(moved)] == ["bad_signature"]
    assert [receipt["status"] for receipt in thief.send(mine, mine)] == ["archived", "archived"]
    assert Record.objects.count() == 1
    assert thief.client.get("/api/v1/sightings").status_code in {401, 403}


def test_control_the_nodes_own_key_hands_in(node: FakeNode) -> None:
    assert [receipt["status"] for receipt in node.send(node.sighting(), node.gap())] == ["archived", "archived"]


def test_a_revoked_token_is_refused_with_the_next_request(node: FakeNode) -> None:
    item = node.sighting()
    node.send(item)
    node_revoke(node.node, now=timezone.now())
    for call in ("heartbeat", "records", "epoch", "token"):
        answer = node.client.post(f"/api/v1/node/{call}", {"items": [item]}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "node_revoked")
    assert Record.objects.count() == 1
