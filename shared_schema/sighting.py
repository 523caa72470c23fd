"""The payload of a `sighting`: one pass of one person (or nobody known) through one door."""

from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared_schema.base import Sha256Hex, WireModel
from shared_schema.clock import ClockReading
from shared_schema.envelope import MAX_INT


class Outcome(StrEnum):
    """The three answers of a door. A wrong name is worse than no name."""

    MATCH = "match"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


class Candidate(WireModel):
    """A person of the gallery and the cosine similarity of the fused probe to them."""

    person: UUID
    similarity: float = Field(ge=-1.001, le=1.001)


class Evidence(WireModel):
    """Why the decision fell as it did."""

    min_similarity: float = Field(description="fused similarity a match needed")
    min_margin: float = Field(description="lead over the runner-up a match needed")
    min_agreeing_frames: int = Field(ge=1)
    frames: int = Field(ge=1, description="frames fused")
    agreeing_frames: int = Field(ge=0, description="frames whose own best candidate is the candidate")
    quality: float = Field(ge=0, le=1, description="quality of the best frame")
    face_px: int = Field(ge=0, description="width of the face in the best frame")
    doubts: tuple[str, ...] = Field(default=(), max_length=8, description="why it is unsure: near, margin, few_frames, pad")


class Crop(WireModel):
    """The evidence image, named by its hash; it travels in its own lane."""

    sha256: Sha256Hex
    size_bytes: int = Field(ge=1, le=2_000_000)


class Sighting(WireModel):
    """An immutable fact. `at` is the best frame's reading; the pass was seen from `from_boot_ns` to `until_boot_ns`."""

    schema_version: Literal[1] = 1
    at: ClockReading
    from_boot_ns: int = Field(ge=0, le=MAX_INT)
    until_boot_ns: int = Field(ge=0, le=MAX_INT)
    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    evidence: Evidence
    pad_value: float | None = None
    model_id: str = Field(min_length=1, max_length=64)
    gallery_revision: int = Field(ge=0, le=MAX_INT, description="0: no gallery was at hand")
    probe_sha256: Sha256Hex
    crop: Crop | None

    @model_validator(mode="after")
    def _a_match_names_somebody(self) -> Self:
        if self.outcome is Outcome.MATCH and self.candidate is None:
            msg = "a match names a candidate"
            raise ValueError(msg)
        if self.from_boot_ns > self.until_boot_ns:
            msg = "a pass ends after it began"
            raise ValueError(msg)
        return self
