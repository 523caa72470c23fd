"""Sightings, observations, galleries and the node protocol: what is sent is what arrives, and nonsense is refused."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared_schema.base import WireModel
from shared_schema.clock import ClockReading, Exchange
from shared_schema.envelope import MAX_INT
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.node import ClaimAnswer, Heartbeat, NodeSettings, Receipt, RecordBatch, Status
from shared_schema.observation import Blind, CropShed, Funnel, Gap, Observation
from shared_schema.sighting import Candidate, Crop, Evidence, Outcome, Sighting

AT = ClockReading(boot_id=UUID(int=1), boot_ns=5, wall_ns=6, synchronised=False)
HASH = "a" * 64
EVIDENCE = Evidence(min_similarity=0.9, min_margin=0.01, min_agreeing_frames=2, frames=3, agreeing_frames=3, quality=0.5, face_px=80)
SIGHTING = Sighting(
    at=AT,
    from_boot_ns=1,
    until_boot_ns=9,
    outcome=Outcome.MATCH,
    candidate=Candidate(person=UUID(int=7), similarity=0.97),
    runner_up=None,
    evidence=EVIDENCE,
    model_id="m",
    gallery_revision=3,
    probe_sha256=HASH,
    crop=Crop(sha256=HASH, size_bytes=100),
)
MESSAGES: tuple[WireModel, ...] = (
    SIGHTING,
    Observation(
        at=AT,
        from_boot_ns=0,
        until_boot_ns=4,
        last_seq=0,
        blind=(Blind(from_boot_ns=1, until_boot_ns=2, reason="covered"),),
        funnel=Funnel(frames=4, gated={"blurred": 2}),
    ),
    CropShed(at=AT, crop_sha256=HASH, sighting_epoch=1, sighting_seq=2, reason="disk_full"),
    Gap(at=AT, lost_epoch=1, from_seq=2, to_seq=4, reason="damaged"),
    GallerySnapshot(revision=1, model_id="m", dimension=2, people=(GalleryPerson(person=UUID(int=7), templates=(bytes(8),)),)),
    NodeSettings(revision=4, interval_ms=100),
    ClaimAnswer(node=UUID(int=2), token="t" * 20, seal_key=bytes(32), next_epoch=1, door_name="Main", site_time_zone="UTC"),
    Heartbeat(at=AT, previous=Exchange(boot_id=UUID(int=1), sent_boot_ns=1, received_boot_ns=2, server_ns=3), version="1", model_id="m"),
    Receipt(epoch=1, seq=2, sha256=HASH, status=Status.REJECTED, code="bad_signature"),
)


def name_of(message: WireModel) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", MESSAGES, ids=name_of)
def test_a_message_survives_the_wire(message: WireModel) -> None:
    assert type(message).model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("message", MESSAGES, ids=name_of)
def test_a_field_of_a_newer_sender_is_ignored(message: WireModel) -> None:
    newer = json.dumps(json.loads(message.model_dump_json()) | {"a_newer_field": {"deep": [1]}})
    assert type(message).model_validate_json(newer) == message


@pytest.mark.parametrize("message", MESSAGES, ids=name_of)
def test_a_message_cannot_be_changed(message: WireModel) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(message, next(iter(type(message).model_fields)), 1)


@given(
    boot_ns=st.integers(0, MAX_INT),
    wall_ns=st.integers(0, MAX_INT),
    similarity=st.floats(-1, 1),
    person=st.uuids(),
    quality=st.floats(0, 1),
    outcome=st.sampled_from(Outcome),
)
def test_any_sighting_survives_the_wire(
    boot_ns: int, wall_ns: int, similarity: float, person: UUID, quality: float, outcome: Outcome
) -> None:
    sighting = SIGHTING.model_copy(
        update={
            "at": AT.model_copy(update={"boot_ns": boot_ns, "wall_ns": wall_ns}),
            "candidate": Candidate(person=person, similarity=similarity),
            "evidence": EVIDENCE.model_copy(update={"quality": quality}),
            "outcome": outcome,
        }
    )
    assert Sighting.model_validate_json(sighting.model_dump_json()) == sighting


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidate": None},
        {"from_boot_ns": 10},
        {"from_boot_ns": -1},
        {"until_boot_ns": MAX_INT + 1},
        {"model_id": ""},
        {"outcome": "maybe"},
        {"schema_version": 2},
        {"probe_sha256": "z" * 64},
        {"crop": {"sha256": HASH, "size_bytes": 3_000_000}},
        {"candidate": {"person": str(uuid4()), "similarity": 1.5}},
    ],
)
def test_an_impossible_sighting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sighting.model_validate(SIGHTING.model_dump(mode="json") | wrong)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_similarity_is_a_number(value: float) -> None:
    with pytest.raises(ValidationError):
        Candidate(person=uuid4(), similarity=value)


def test_an_unknown_pass_needs_no_candidate() -> None:
    nobody = SIGHTING.model_dump(mode="json") | {"candidate": None, "outcome": "unknown"}
    assert Sighting.model_validate(nobody).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval_ms": 2000, "pass_timeout_ms": 1500},
        {"interval_ms": 1000, "min_agreeing_frames": 50, "pass_timeout_ms": 1500},
        {"strangers_named_one_in": 1},
        {"min_agreeing_frames": 0},
        {"interval_ms": 0},
    ],
)
def test_settings_under_which_no_pass_can_be_decided_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        NodeSettings.model_validate(wrong)


def test_settings_have_defaults() -> None:
    assert NodeSettings.model_validate({}).interval_ms == 200


def test_a_batch_has_at_least_one_item() -> None:
    with pytest.raises(ValidationError):
        RecordBatch(items=())


def test_a_claims_token_and_a_template_are_base64_free_of_white_space() -> None:
    with pytest.raises(ValidationError, match="base64"):
        ClaimAnswer.model_validate(
            {"node": str(uuid4()), "token": "t" * 20, "seal_key": "AA AA", "next_epoch": 1, "door_name": "", "site_time_zone": "UTC"}
        )
