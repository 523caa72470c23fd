from hashlib import sha256
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared_schema.envelope import MAX_INT, MAX_PAYLOAD_BYTES, Envelope, EnvelopeError, Kind
from shared_schema.ids import Epoch, NodeId, Seq, record_id

NODE = NodeId(UUID("0b6a3f0e-5a43-4b0e-9b8f-0c6d3a6f1a11"))
OTHER = UUID("1b6a3f0e-5a43-4b0e-9b8f-0c6d3a6f1a12")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def sealed(payload: bytes = b'{"a":1}', *, epoch: int = 3, seq: int = 7, kind: Kind = Kind.SIGHTING) -> Envelope:
    return Envelope.seal(payload, node=NODE, epoch=Epoch(epoch), seq=Seq(seq), kind=kind, signer=KEY)


def code_of(envelope: Envelope, public_key: bytes = PUBLIC) -> str:
    with pytest.raises(EnvelopeError) as refused:
        envelope.verify(public_key)
    return refused.value.code


def test_what_was_sealed_verifies() -> None:
    envelope = sealed()
    envelope.verify(PUBLIC)
    assert envelope.sha256 == sha256(envelope.payload).hexdigest()


@given(payload=st.binary(max_size=300), epoch=st.integers(1, MAX_INT), seq=st.integers(1, MAX_INT), kind=st.sampled_from(Kind))
def test_an_envelope_survives_the_wire_byte_for_byte(payload: bytes, epoch: int, seq: int, kind: Kind) -> None:
    envelope = sealed(payload, epoch=epoch, seq=seq, kind=kind)
    received = Envelope.model_validate_json(envelope.model_dump_json())
    assert received == envelope
    assert received.payload == payload
    received.verify(PUBLIC)


def test_unknown_fields_are_ignored() -> None:
    text = sealed().model_dump_json()[:-1] + ',"colour":"red"}'
    received = Envelope.model_validate_json(text)
    received.verify(PUBLIC)
    assert received == sealed()


@pytest.mark.parametrize(
    "change",
    [
        {"node": OTHER},
        {"epoch": 4},
        {"seq": 8},
        {"kind": "observation"},
        {"kind": "sightings"},
        {"signature": bytes(64)},
        {"signature": b"short"},
        {"signature": b""},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, object]) -> None:
    assert code_of(sealed().model_copy(update=change)) == "bad_signature"


@given(field=st.sampled_from(["epoch", "seq"]), value=st.integers(1, MAX_INT))
def test_no_other_place_in_the_sequence_verifies(field: str, value: int) -> None:
    envelope = sealed()
    if getattr(envelope, field) != value:
        assert code_of(envelope.model_copy(update={field: value})) == "bad_signature"


def test_epoch_and_seq_cannot_be_shifted_into_each_other() -> None:
    assert code_of(sealed(epoch=1, seq=11).model_copy(update={"epoch": 11, "seq": 1})) == "bad_signature"


@given(at=st.integers(0, 6), bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_payload_is_refused(at: int, bit: int) -> None:
    envelope = sealed()
    flipped = bytearray(envelope.payload)
    flipped[at] ^= 1 << bit
    assert code_of(envelope.model_copy(update={"payload": bytes(flipped)})) == "wrong_hash"


def test_a_payload_with_its_own_hash_but_the_old_signature_is_refused() -> None:
    other = b'{"a":2}'
    forged = sealed().model_copy(update={"payload": other, "sha256": sha256(other).hexdigest()})
    assert code_of(forged) == "bad_signature"


@given(at=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_signature_is_refused(at: int, bit: int) -> None:
    envelope = sealed()
    flipped = bytearray(envelope.signature)
    flipped[at] ^= 1 << bit
    assert code_of(envelope.model_copy(update={"signature": bytes(flipped)})) == "bad_signature"


def test_another_version_is_refused_by_name() -> None:
    assert code_of(sealed().model_copy(update={"protocol": 2})) == "unknown_protocol"


def test_another_nodes_key_is_refused() -> None:
    assert code_of(sealed(), Ed25519PrivateKey.generate().public_key().public_bytes_raw()) == "bad_signature"


def test_a_public_key_that_is_none_is_refused() -> None:
    assert code_of(sealed(), b"no key") == "bad_signature"


def test_a_payload_beyond_the_limit_is_not_sealed() -> None:
    with pytest.raises(EnvelopeError) as refused:
        sealed(bytes(MAX_PAYLOAD_BYTES + 1))
    assert refused.value.code == "payload_too_large"


def test_a_received_payload_beyond_the_limit_is_refused() -> None:
    payload = bytes(MAX_PAYLOAD_BYTES + 1)
    assert code_of(sealed().model_copy(update={"payload": payload, "sha256": sha256(payload).hexdigest()})) == "payload_too_large"


def test_a_kind_of_a_newer_node_can_be_received() -> None:
    envelope = sealed().model_dump(mode="json") | {"kind": "temperature"}
    assert Envelope.model_validate(envelope).kind == "temperature"


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": 0},
        {"seq": 0},
        {"seq": MAX_INT + 1},
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
        {"sha256": "a" * 64 + "\n"},
        {"payload": "not base64!"},
        {"payload": 5},
        {"kind": "Sighting"},
        {"kind": ""},
        {"kind": "a\nb"},
        {"kind": "sighting\n"},
        {"node": "nobody"},
    ],
)
def test_a_malformed_envelope_is_not_parsed(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Envelope.model_validate(sealed().model_dump(mode="json") | wrong)


def test_the_public_id_follows_from_the_key() -> None:
    assert sealed().record_id == record_id(NODE, Epoch(3), Seq(7))
