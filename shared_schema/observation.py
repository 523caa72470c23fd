"""Records that tell how well the node could see: the ground of coverage, written also when nobody came."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared_schema.base import Sha256Hex, WireModel
from shared_schema.clock import ClockReading
from shared_schema.envelope import MAX_INT


class Blind(WireModel):
    """An interval in which the camera gave nothing usable."""

    from_boot_ns: int = Field(ge=0, le=MAX_INT)
    until_boot_ns: int = Field(ge=0, le=MAX_INT)
    reason: str = Field(min_length=1, max_length=64)


class Funnel(WireModel):
    """Why was nobody seen? What became of the frames of an interval."""

    frames: int = Field(default=0, ge=0)
    motion: int = Field(default=0, ge=0, description="frames in which something moved")
    faces: int = Field(default=0, ge=0, description="faces found in them")
    gated: dict[str, int] = Field(default_factory=dict, description="faces set aside, by reason")
    passes: int = Field(default=0, ge=0)
    matched: int = Field(default=0, ge=0)
    unsure: int = Field(default=0, ge=0)
    unknown: int = Field(default=0, ge=0)
    doubts: dict[str, int] = Field(default_factory=dict, description="why passes were unsure: near, margin, few_frames, pad")


class Observation(WireModel):
    """The node looked at its door from–until, apart from `blind`. Intervals of one boot follow each other without holes."""

    schema_version: Literal[1] = 1
    at: ClockReading
    from_boot_ns: int = Field(ge=0, le=MAX_INT)
    until_boot_ns: int = Field(ge=0, le=MAX_INT)
    last_seq: int = Field(ge=0, le=MAX_INT, description="the last seq before this record")
    blind: tuple[Blind, ...] = ()
    funnel: Funnel = Funnel()


class CropShed(WireModel):
    """A crop that will never come, and why."""

    schema_version: Literal[1] = 1
    at: ClockReading
    crop_sha256: Sha256Hex
    sighting_epoch: int = Field(ge=1, le=MAX_INT)
    sighting_seq: int = Field(ge=1, le=MAX_INT)
    reason: str = Field(min_length=1, max_length=64)


class Gap(WireModel):
    """Records that a damaged outbox lost: every seq of `lost_epoch` from–to that never arrived."""

    schema_version: Literal[1] = 1
    at: ClockReading
    boot_id: UUID | None = None
    lost_epoch: int = Field(ge=1, le=MAX_INT)
    from_seq: int = Field(ge=1, le=MAX_INT)
    to_seq: int = Field(ge=1, le=MAX_INT)
    reason: str = Field(min_length=1, max_length=64)
