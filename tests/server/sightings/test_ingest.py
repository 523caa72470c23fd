from hashlib import sha256
from typing import Any

import pytest

from server.core import cipher
from server.nodes.models import Node
from server.sightings import models
from shared_schema.envelope import Kind
from shared_schema.sighting import Evidence
from tests.factories import JPEG, FakeNode, a_person, bearer

pytestmark = pytest.mark.django_db


def codes(receipts: list[dict[str, Any]]) -> Any:
    return [receipt["code"] for receipt in receipts]


def test_every_item_gets_a_receipt_in_its_own_words_and_order() -> None:
    node = FakeNode.hung()
    items = [node.sighting(), node.observation(), node.gap()]
    receipts = node.send(*items)
    assert [(receipt["epoch"], receipt["seq"]) for receipt in receipts] == [(1, 1), (1, 2), (1, 3)]
    assert [receipt["sha256"] for receipt in receipts] == [item["envelope"]["sha256"] for item in items]
    assert {receipt["status"] for receipt in receipts} == {"archived"}


def test_the_exact_bytes_are_kept() -> None:
    node = FakeNode.hung()
    item = node.sighting()
    node.send(item)
    record = models.Record.objects.get()
    assert sha256(bytes(record.payload)).hexdigest() == item["envelope"]["sha256"]


def test_a_repeat_gets_the_same_receipt_and_changes_nothing() -> None:
    node = FakeNode.hung()
    items = [node.sighting(crop=JPEG), node.observation()]
    assert node.send(*items) == node.send(*items)
    assert (models.Record.objects.count(), models.Sighting.objects.count(), models.Observation.objects.count()) == (2, 1, 1)


def test_the_same_item_twice_in_one_batch_is_one_record() -> None:
    node = FakeNode.hung()
    item = node.sighting()
    first, second = node.send(item, item)
    assert first == second
    assert models.Record.objects.count() == 1


def test_the_same_key_with_another_content_is_refused_and_both_are_kept() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(seq=1))
    receipts = node.send(node.observation(seq=1))
    assert codes(receipts) == ["conflict"]
    assert models.Record.objects.get().kind == "sighting"
    assert models.RecordConflict.objects.get().kind == "observation"
    node.send(node.observation(seq=1))
    assert models.RecordConflict.objects.count() == 1


def test_of_two_contents_for_one_key_in_one_batch_the_first_stays() -> None:
    node = FakeNode.hung()
    receipts = node.send(node.sighting(seq=1), node.observation(seq=1))
    assert codes(receipts) == [None, "conflict"]


@pytest.mark.parametrize("garbage", [None, 3, "x", [], {}, {"envelope": 4}, {"envelope": {"seq": "x", "sha256": 5}}])
def test_garbage_is_refused_and_its_neighbours_are_stored(garbage: object) -> None:
    node = FakeNode.hung()
    receipts = node.send(node.observation(), garbage, node.observation())
    assert codes(receipts) == [None, "invalid_item", None]
    assert models.Record.objects.count() == 2


def test_a_bad_signature_is_refused() -> None:
    node = FakeNode.hung()
    item = node.observation()
    item["envelope"]["signature"] = "AAAA"
    assert codes(node.send(item)) == ["bad_signature"]


def test_a_record_under_another_nodes_token_is_refused() -> None:
    node, other = FakeNode.hung(), FakeNode.hung()
    assert codes(other.send(node.observation())) == ["foreign_node"]
    assert not models.Record.objects.exists()


def test_a_changed_seq_breaks_the_signature() -> None:
    node = FakeNode.hung()
    item = node.observation()
    item["envelope"]["seq"] = 99
    assert codes(node.send(item)) == ["bad_signature"]


def test_a_changed_payload_has_the_wrong_hash() -> None:
    node = FakeNode.hung()
    item = node.observation()
    item["envelope"]["payload"] = "e30="
    assert codes(node.send(item)) == ["wrong_hash"]


def test_a_newer_protocol_is_refused_item_by_item() -> None:
    node = FakeNode.hung()
    item = node.observation()
    item["envelope"]["protocol"] = 2
    assert codes(node.send(item, node.observation())) == ["unknown_protocol", None]


def test_a_kind_of_a_newer_release_is_refused_with_its_name() -> None:
    node = FakeNode.hung()
    item = node.item("visit", b"{}")  # type: ignore[arg-type]
    receipts = node.send(item)
    assert codes(receipts) == ["unknown_kind"]
    assert "visit" in receipts[0]["detail"]


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b"{}", b'{"at": 1e999}', b"[" * 20000, b'"\\ud800"', b'"\\u0000"'])
def test_a_payload_that_is_no_sighting_is_refused(payload: bytes) -> None:
    node = FakeNode.hung()
    assert codes(node.send(node.item(Kind.SIGHTING, payload))) == ["invalid_payload"]


def test_a_probe_that_does_not_open_or_is_another_is_refused() -> None:
    node = FakeNode.hung()
    unreadable, other = node.sighting(), node.sighting()
    unreadable["sealed_probe"] = "AAAA"
    other["sealed_probe"] = node.item(Kind.OBSERVATION, b"{}", probe=b"other")["sealed_probe"]
    assert codes(node.send(unreadable, other)) == ["invalid_probe", "invalid_probe"]


def test_a_sighting_without_its_probe_is_stored() -> None:
    node = FakeNode.hung()
    item = node.sighting()
    del item["sealed_probe"]
    assert codes(node.send(item)) == [None]
    assert not models.Probe.objects.exists()


def test_a_probe_is_encrypted_at_rest() -> None:
    node = FakeNode.hung()
    node.send(node.sighting())
    probe = models.Probe.objects.get()
    assert probe.ciphertext is not None
    plain = cipher.current().decrypt(probe.ciphertext, purpose=cipher.PROBE)
    assert sha256(plain).hexdigest() == probe.sha256
    assert plain not in bytes(probe.ciphertext)


def test_somebody_the_server_does_not_have_is_stored_and_flagged() -> None:
    node, person = FakeNode.hung(), a_person()
    item = node.sighting(person=person)
    uuid = person.uuid
    person.delete()
    assert codes(node.send(item)) == [None]
    sighting = models.Sighting.objects.get()
    assert sighting.person is None
    assert sighting.candidate_uuid == uuid
    assert sighting.names_nobody_here


def test_a_merged_person_is_who_they_were_merged_into() -> None:
    node, kept = FakeNode.hung(), a_person()
    node.send(node.sighting(person=a_person(merged_into=kept)))
    assert models.Sighting.objects.get().person == kept


def test_a_crop_told_shed_before_its_sighting_is_shed() -> None:
    node = FakeNode.hung()
    node.send(node.crop_shed(JPEG, about=9, seq=10))
    node.send(node.sighting(crop=JPEG, seq=9))
    assert models.Crop.objects.get().state == "shed"


def test_a_record_is_never_changed() -> None:
    from django.db import DatabaseError  # noqa: PLC0415

    node = FakeNode.hung()
    node.send(node.observation())
    with pytest.raises(DatabaseError, match="never changed"):
        models.Record.objects.update(seq=2)


def test_a_node_begins_above_every_epoch_seen() -> None:
    node = FakeNode.hung()
    node.epoch = 4
    node.send(node.observation())
    assert Node.objects.get(pk=node.node.pk).next_epoch == 5


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"{", 400, "parse_error"),
        (b"[" * 100000, 400, "parse_error"),
        (b"[]", 400, "parse_error"),
        (b'{"protocol": 2, "items": [1]}', 400, "unknown_protocol"),
        (b'{"items": []}', 422, "invalid"),
        (b'{"items": {}}', 422, "invalid"),
        (b'{"items": [' + b"1," * 500 + b"1]}", 422, "batch_too_large"),
    ],
)
def test_what_is_no_batch_is_a_problem(body: bytes, status: int, code: str) -> None:
    response = FakeNode.hung().client.post("/api/v1/node/records", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"


def test_without_a_node_token_nothing_is_taken() -> None:
    for client in (bearer("wrong"), bearer("")):
        response = client.post("/api/v1/node/records", {"items": [1]}, format="json")
        assert response.status_code == 401
        assert "WWW-Authenticate" in response


@pytest.mark.parametrize("state", ["revoked_at", "frozen_at"])
def test_a_revoked_or_frozen_node_is_refused(state: str) -> None:
    node = FakeNode.hung()
    Node.objects.update(**{state: "2026-01-01T00:00Z"})
    response = node.client.post("/api/v1/node/records", {"items": [node.observation()]}, format="json")
    assert response.status_code == 403
    assert response.json()["code"] == f"node_{state.removesuffix('_at')}"


def test_counts_beyond_a_column_do_not_fail_the_batch() -> None:
    node = FakeNode.hung()
    item = node.sighting()
    values = {"min_similarity": 0.6, "min_margin": 0.1, "min_agreeing_frames": 2, "quality": 0.5, "face_px": 10}
    big = node.sighting(changes={"evidence": Evidence(frames=10**12, agreeing_frames=10**12, **values)})
    assert codes(node.send(item, big)) == [None, None]
