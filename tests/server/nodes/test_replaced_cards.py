"""An existing node on a new card, and contested nodes that go on."""

import base64
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from server.core.permissions import Role
from server.nodes.models import ClaimToken, Mount, Node, NodeAlarm, NodeKey
from server.sightings.models import Record
from shared_schema.envelope import Envelope
from tests.factories import FakeNode, an_account, as_role, bearer, heartbeat
from tests.server.nodes.test_claim import a_key, a_token, claim

pytestmark = pytest.mark.django_db
CLAIMS = "/api/v1/node-claims"
SETTINGS = "/api/v1/node/settings"


def token_for(node: Node) -> str:
    response = as_role(Role.OPERATOR).post(CLAIMS, {"node": str(node.uuid)}, format="json")
    assert response.status_code == 201, response.content
    assert "lintel-edge claim --server" in response.json()["command"]
    return str(response.json()["token"])


def replaced(node: FakeNode) -> tuple[FakeNode, dict[str, Any]]:
    """The node on a new card, and what the claim was answered with."""
    key = a_key()
    response = claim(token_for(node.node), key)
    assert response.status_code == 200, response.content
    answer = response.json()
    node.node.refresh_from_db()
    return FakeNode(node.node, answer["token"], key, epoch=answer["next_epoch"]), answer


def test_node_name_mount_and_history_stay() -> None:
    old = FakeNode.hung()
    old.send(old.sighting(seq=1))
    mount = Mount.objects.get()
    new, answer = replaced(old)
    assert answer["node"] == str(old.node.uuid)
    assert (answer["door_name"], answer["site_time_zone"]) == (mount.door.name, mount.door.site.time_zone)
    assert list(Mount.objects.all()) == [mount]
    (receipt,) = new.send(new.sighting(seq=1))
    assert receipt["status"] == "archived"
    assert Record.objects.filter(node=old.node).count() == 2
    assert Node.objects.count() == 1


def test_the_old_key_and_every_old_token_end_at_once() -> None:
    old = FakeNode.hung()
    pending = old.client.post("/api/v1/node/token").json()["token"]
    new, answer = replaced(old)
    assert answer["token_generation"] == 3
    assert [bearer(token).get(SETTINGS).json()["code"] for token in (old.token, pending)] == ["superseded_token"] * 2
    (receipt,) = FakeNode(old.node, new.token, old.key, epoch=new.epoch).send(FakeNode(old.node, new.token, old.key).sighting(seq=9))
    assert receipt["code"] == "bad_signature"
    assert bearer(new.token).get(SETTINGS).status_code == 200


def test_old_records_stay_verifiable_with_the_key_of_their_time() -> None:
    old = FakeNode.hung()
    old.send(old.sighting(seq=1))
    replaced(old)
    before, now = NodeKey.objects.order_by("id")
    assert (before.valid_until, now.valid_until) == (now.valid_from, None)
    record = Record.objects.get()
    said = {"protocol": record.protocol, "node": old.node.uuid, "epoch": record.epoch, "seq": record.seq, "kind": record.kind}
    kept = Envelope(**said, payload=bytes(record.payload), sha256=record.sha256, signature=bytes(record.signature))
    kept.verify(bytes(before.public_key))
    with pytest.raises(Exception, match="signature"):
        kept.verify(bytes(now.public_key))


def test_every_key_since_the_first_claim_is_known() -> None:
    key = a_key()
    node = Node.objects.get(uuid=claim(a_token(), key).json()["node"])
    fake = FakeNode(node, "", key)
    replaced(fake)
    replaced(fake)
    keys = list(NodeKey.objects.order_by("id"))
    assert [bool(one.valid_until) for one in keys] == [True, True, False]
    assert bytes(keys[0].public_key) == key.public_key().public_bytes_raw()


def test_epochs_begin_above_everything_seen() -> None:
    node = FakeNode.hung()
    node.epoch = 3
    node.send(node.observation(seq=1))
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, epoch=7), format="json").status_code == 200
    assert replaced(node)[1]["next_epoch"] == 8


def test_an_epoch_nobody_can_be_in_does_not_use_them_up() -> None:
    node = FakeNode.hung()
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, epoch=2**62), format="json").status_code == 200
    assert replaced(node)[1]["next_epoch"] == 1


def test_the_gallery_secret_is_the_nodes_own_and_stays() -> None:
    first, other = FakeNode.hung(), FakeNode.hung()
    secret = base64.b64decode(replaced(first)[1]["gallery_secret"])
    assert len(secret) == 32
    assert base64.b64decode(replaced(first)[1]["gallery_secret"]) == secret
    assert base64.b64decode(replaced(other)[1]["gallery_secret"]) != secret


def test_a_first_claim_has_generation_and_gallery_secret_too() -> None:
    answer = claim(a_token(), a_key()).json()
    assert answer["token_generation"] == 1
    assert len(base64.b64decode(answer["gallery_secret"])) == 32


def test_the_same_claim_again_gets_the_same_answer() -> None:
    node, key = FakeNode.hung(), a_key()
    token = token_for(node.node)
    first = claim(token, key)
    assert claim(token, key).content == first.content
    assert NodeKey.objects.count() == 2
    assert Node.objects.get().token_generation == 2


def test_a_claim_gets_no_token_that_came_after_it() -> None:
    token, key = a_token(), a_key()
    answer = claim(token, key).json()
    node = FakeNode(Node.objects.get(uuid=answer["node"]), answer["token"], key)
    newer = node.client.post("/api/v1/node/token").json()["token"]
    assert claim(token, key).json() == answer, "it was handed out, not used: the claim is still good"
    assert bearer(newer).get(SETTINGS).status_code == 200
    response = claim(token, key)
    assert (response.status_code, response.json()["code"]) == (403, "claim_used")


def test_an_old_claim_of_the_first_card_changes_nothing_any_more() -> None:
    token, key = a_token(), a_key()
    answer = claim(token, key).json()
    new, _ = replaced(FakeNode(Node.objects.get(uuid=answer["node"]), answer["token"], key))
    assert claim(token, key).json()["code"] == "claim_used"
    assert bearer(new.token).get(SETTINGS).status_code == 200
    assert Node.objects.get().state == "active"


def test_the_same_key_on_the_same_computer_may_claim_again() -> None:
    node = FakeNode.hung()
    assert claim(token_for(node.node), node.key).status_code == 200
    assert not NodeKey.objects.filter(valid_until__isnull=False).exists()
    assert bearer(node.token).get(SETTINGS).status_code == 401


def test_two_keys_with_one_claim_freeze_the_node_and_raise_an_alarm() -> None:
    node = FakeNode.hung()
    token = token_for(node.node)
    first = claim(token, a_key()).json()
    assert claim(token, a_key()).status_code == 409
    assert bearer(first["token"]).get(SETTINGS).json()["code"] == "node_frozen"
    assert NodeAlarm.objects.get().kind == "contested"


def test_a_claim_of_a_node_expires() -> None:
    node = FakeNode.hung()
    token = token_for(node.node)
    ClaimToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert claim(token, a_key()).json()["code"] == "claim_expired"
    assert bearer(node.token).get(SETTINGS).status_code == 200, "until then the old card goes on"


@pytest.mark.parametrize("end", ["revoked", "frozen"])
def test_a_node_that_ended_meanwhile_is_not_brought_back_by_a_claim(end: str) -> None:
    node = FakeNode.hung()
    token = token_for(node.node)
    Node.objects.update(**{f"{end}_at": timezone.now()})
    assert claim(token, a_key()).json()["code"] == f"node_{end}"
    response = as_role(Role.ADMIN).post(CLAIMS, {"node": str(node.node.uuid)}, format="json")
    assert (response.status_code, response.json()["code"]) == (409, f"node_{end}")


@pytest.mark.parametrize(
    ("role", "status"), [(None, 401), (Role.SELF, 403), (Role.AUDITOR, 403), (Role.MANAGER, 403), (Role.OPERATOR, 201)]
)
def test_not_everybody_replaces_a_card(role: Role | None, status: int) -> None:
    assert as_role(role).post(CLAIMS, {"node": str(FakeNode.hung().node.uuid)}, format="json").status_code == status


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"door", "name"}),
        ({"name": "x"}, {"door"}),
        ({"node": str(uuid4())}, {"node"}),
        ({"node": "x"}, {"node"}),
        ({"node": None}, {"node"}),
    ],
)
def test_what_names_neither_a_node_nor_a_door_is_refused(body: dict[str, object], fields: set[str]) -> None:
    response = as_role(Role.ADMIN).post(CLAIMS, body, format="json")
    assert response.status_code == 400
    assert response.json()["errors"].keys() == fields


def test_a_claim_is_for_a_new_node_or_for_an_old_one() -> None:
    node = FakeNode.hung().node
    body = {"node": str(node.uuid), "name": "x", "door": str(Mount.objects.get().door.uuid)}
    assert as_role(Role.ADMIN).post(CLAIMS, body, format="json").json()["errors"].keys() == {"node"}


def test_a_copy_of_the_old_card_is_no_clone_of_the_new_one() -> None:
    old = FakeNode.hung()
    for _ in range(2):
        assert old.client.post("/api/v1/node/heartbeat", heartbeat(old), format="json").status_code == 200
    new, _ = replaced(old)
    for boot in (uuid4(), old.boot_id):
        new.boot_id = boot
        assert new.client.post("/api/v1/node/heartbeat", heartbeat(new), format="json").status_code == 200
    assert not NodeAlarm.objects.exists()


def contested() -> tuple[Node, str, Ed25519PrivateKey]:
    """A frozen node, the token and the key of its first claim."""
    token, key = a_token(), a_key()
    answer = claim(token, key).json()
    assert claim(token, a_key()).status_code == 409
    return Node.objects.get(uuid=answer["node"]), answer["token"], key


def unfreeze(node: Node, role: Role | None = Role.ADMIN, body: object = None) -> Any:
    return as_role(role).post(f"/api/v1/nodes/{node.uuid}/unfreeze", {"note": "it was us"} if body is None else body, format="json")


def test_a_contested_node_goes_on_when_an_admin_says_so_and_its_card_is_claimed_again() -> None:
    node, token, key = contested()
    told = unfreeze(node).json()
    assert (told["state"], told["token_generation"]) == ("active", 2)
    assert bearer(token).get(SETTINGS).json()["code"] == "superseded_token"
    alarm = NodeAlarm.objects.get()
    assert (alarm.note, alarm.resolved_at is None) == ("it was us", False)
    answer = claim(token_for(node), key).json()
    assert bearer(answer["token"]).get(SETTINGS).status_code == 200


def test_the_contested_claim_stays_dead_and_freezes_nothing_again() -> None:
    token, key = a_token(), a_key()
    node = Node.objects.get(uuid=claim(token, key).json()["node"])
    claim(token, a_key())
    unfreeze(node)
    assert {claim(token, which).json()["code"] for which in (key, a_key())} == {"claim_conflict"}
    node.refresh_from_db()
    assert node.state == "active"


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.SELF, 403), (Role.AUDITOR, 403), (Role.OPERATOR, 403), (Role.ADMIN, 200)])
def test_only_admins_unfreeze(role: Role | None, status: int) -> None:
    node, _, _ = contested()
    assert unfreeze(node, role).status_code == status
    node.refresh_from_db()
    assert (node.state == "active") == (status == 200)


def test_there_must_be_something_to_unfreeze() -> None:
    node = FakeNode.hung().node
    assert unfreeze(node).json()["code"] == "node_not_frozen"
    node.revoked_at = timezone.now()
    node.save()
    assert unfreeze(node).status_code == 409
    assert unfreeze(Node(uuid=uuid4())).status_code == 404
    assert unfreeze(node, body={"note": "x" * 501}).status_code == 400
    assert not an_account(Role.SELF).is_staff
