"""The node protocol: claim, heartbeat, settings, records and their receipts.

| call | request | answer |
|---|---|---|
| `POST /api/v1/node/claim` | ClaimRequest | ClaimAnswer |
| `POST /api/v1/node/heartbeat` | Heartbeat | HeartbeatAnswer |
| `GET /api/v1/node/settings` (If-None-Match) | | NodeSettings with ETag, or 304 |
| `GET /api/v1/node/gallery?model=ID[&since=REVISION]` (If-None-Match) | | GallerySnapshot of that model, or with `since` a GalleryDelta \
from it where the server still knows it, with ETag; 304; 409 while there is none |
| `POST /api/v1/node/records` | RecordBatch | BatchReceipt |
| `PUT /api/v1/node/crops/<sha256>` | sealed crop | 204 |
| `POST /api/v1/node/token` | | TokenAnswer: the next bearer token; the old one works until the new one was used |
| `POST /api/v1/node/epoch` | EpochRequest | EpochAnswer: an epoch that nobody else was given |

All but the claim carry `Authorization: Bearer <node token>`. Errors are RFC 9457 problem details with a stable `code`.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, model_validator

from shared_schema.base import PROTOCOL, Base64Bytes, Sha256Hex, WireModel
from shared_schema.clock import ClockReading, Exchange
from shared_schema.envelope import MAX_INT, Envelope, Signer
from shared_schema.observation import Funnel

MAX_BATCH = 500
MAX_SEALED_CROP_BYTES = 2_000_256


Share = Annotated[float, Field(ge=0, le=1)]
Mask = Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3, max_length=16)]
"""A polygon; its corners are (x, y) in shares of the frame's width and height, from the top left."""


class Hours(WireModel):
    """From–until on some days of the week, in minutes since local midnight; an end at or before the start is on the next day."""

    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(min_length=1, max_length=7, description="0 is Monday")
    from_minute: int = Field(ge=0, lt=1440)
    until_minute: int = Field(gt=0, le=1440)


class NodeSettings(WireModel):
    """What the server tells a node about how to work. A node without an answer yet works with these defaults."""

    revision: int = Field(default=0, ge=0)
    interval_ms: int = Field(default=200, ge=20, le=60_000, description="time between two frames")
    strangers_named_one_in: int = Field(default=1000, ge=10, le=1_000_000, description="at most one in so many strangers may be named")
    strangers_unsure_one_in: int = Field(
        default=20,
        ge=2,
        le=1_000_000,
        description="at most one in so many strangers is shown to staff with a suggestion of who it was; never stricter than naming",
    )
    pad: Literal["off", "review"] = Field(default="off", description="review: a pass that looks like a held picture is unsure")
    min_agreeing_frames: int = Field(default=2, ge=1, le=50)
    cooldown_ms: int = Field(default=10_000, ge=0, le=3_600_000, description="the same person is not recorded again within")
    pass_timeout_ms: int = Field(default=1_500, ge=100, le=60_000, description="a pass ends when its face was gone for so long")
    min_face_px: int = Field(default=40, ge=16, le=1000, description="smaller faces are not used")
    keep_crops: bool = Field(default=True, description="false: no evidence image leaves the camera")
    heartbeat_ms: int = Field(default=30_000, ge=1_000, le=3_600_000)
    observation_ms: int = Field(default=120_000, ge=1_000, le=3_600_000)
    masks: tuple[Mask, ...] = Field(default=(), max_length=16, description="regions that are not looked at")
    hours: tuple[Hours, ...] = Field(
        default=(), max_length=28, description="when the node looks; empty: always, also while it does not know the time"
    )
    time_zone: str = Field(default="UTC", max_length=64, description="that of the site, for `hours`; the server fills it in")

    @model_validator(mode="after")
    def _a_pass_can_be_decided(self) -> Self:
        if self.interval_ms * self.min_agreeing_frames > self.pass_timeout_ms * 20:
            msg = "with this interval no pass collects enough agreeing frames: lower interval_ms or min_agreeing_frames"
            raise ValueError(msg)
        if self.interval_ms >= self.pass_timeout_ms:
            msg = "pass_timeout_ms must be longer than interval_ms, else every frame is a pass of its own"
            raise ValueError(msg)
        return self


class ClaimRequest(WireModel):
    """Turn a one-time token into an identity. The same token with the same key gets the same answer again.

    The answer holds the node's bearer token and a public key is no secret, so whoever asks proves to hold the private key.
    """

    protocol: int = PROTOCOL
    token: str = Field(min_length=16, max_length=200)
    public_key: Base64Bytes = Field(description="raw Ed25519 public key, 32 bytes")
    hostname: str = Field(default="", max_length=253)
    proof: Base64Bytes = Field(description="Ed25519 signature over token, public_key and hostname by the key of public_key")

    @classmethod
    def signed(cls, *, token: str, public_key: bytes, hostname: str, signer: Signer) -> Self:
        """A request that proves its key."""
        return cls(token=token, public_key=public_key, hostname=hostname, proof=signer.sign(_claimed(token, public_key, hostname)))

    def proves_its_key(self) -> bool:
        """Whether the request was signed with the private key of `public_key`. False also when that is no key at all."""
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(self.proof, _claimed(self.token, self.public_key, self.hostname))
        except (InvalidSignature, ValueError):
            return False
        return True


def _claimed(token: str, public_key: bytes, hostname: str) -> bytes:
    return "\n".join(("lintel-claim", str(PROTOCOL), token, public_key.hex(), hostname)).encode()


class ClaimAnswer(WireModel):
    """The node's identity and whom it may seal to."""

    node: UUID
    token: str = Field(description="bearer token of the node")
    seal_key: Base64Bytes = Field(description="the server's raw X25519 public key, 32 bytes")
    next_epoch: int = Field(ge=1, le=MAX_INT, description="the node mints epochs from here on")
    door_name: str
    site_time_zone: str
    token_generation: int = Field(default=1, ge=1, le=MAX_INT)
    gallery_secret: Base64Bytes | None = Field(
        default=None, description="32 bytes; with the board's own key it makes the key of the gallery at rest"
    )


class TokenAnswer(WireModel):
    """The node's next bearer token. Asked again before it was used, the answer is the same."""

    token: str
    generation: int = Field(ge=1, le=MAX_INT)


class EpochRequest(WireModel):
    """The node found that its numbers are used up by another copy of itself: its card was rolled back or cloned."""

    boot_id: UUID
    epoch: int = Field(ge=1, le=MAX_INT, description="the epoch the node was in")
    last_seq: int = Field(ge=0, le=MAX_INT)


class EpochAnswer(WireModel):
    """The epoch to go on in. The same request gets the same answer; no two copies of a node get the same one."""

    epoch: int = Field(ge=1, le=MAX_INT)


class HighWater(WireModel):
    """The highest record of a node that the server holds."""

    epoch: int = Field(ge=1, le=MAX_INT)
    seq: int = Field(ge=1, le=MAX_INT)
    sha256: Sha256Hex


class Health(WireModel):
    """How the machine is. What it cannot tell is None."""

    temperature_c: float | None = None
    throttled: tuple[str, ...] = Field(
        default=(),
        max_length=8,
        description="under_voltage, frequency_capped, throttled, hot; with _before: since boot, not now",
    )
    fsync_p99_ms: float | None = Field(default=None, ge=0, description="of the last records made durable")
    disk_errors: int = Field(default=0, ge=0, le=MAX_INT, description="reads, writes and fsyncs that failed since capture started")
    card: str = Field(default="", max_length=64, description="ok, or what is wrong: read_only, full, failing")
    memory_available_bytes: int | None = Field(default=None, ge=0)
    uptime_s: int | None = Field(default=None, ge=0)


class Heartbeat(WireModel):
    """How the node is. Sent every `heartbeat_ms` and soon after every boot."""

    protocol: int = PROTOCOL
    at: ClockReading
    previous: Exchange | None = Field(
        default=None, description="the previous heartbeat's round trip; the ground of the server's offset for this boot"
    )
    version: str = Field(max_length=64)
    model_id: str = Field(max_length=64)
    gallery_revision: int = Field(default=0, ge=0)
    settings_revision: int = Field(default=0, ge=0)
    queue_depth: int = Field(default=0, ge=0, description="records not yet receipted")
    parked: int = Field(default=0, ge=0)
    crops_waiting: int = Field(default=0, ge=0)
    oldest_boot_age_ms: int | None = Field(default=None, ge=0, description="age of the oldest waiting record made in this boot")
    last_frame_age_ms: int | None = Field(default=None, ge=0)
    free_bytes: int | None = Field(default=None, ge=0)
    camera: str = Field(default="", max_length=200)
    funnel: Funnel = Funnel()
    health: Health = Health()
    epoch: int | None = Field(default=None, ge=1, le=MAX_INT, description="the outbox's epoch and the last seq given in it")
    last_seq: int = Field(default=0, ge=0, le=MAX_INT)
    refused: int = Field(default=0, ge=0, description="passes since capture started that could not be recorded")
    crops_shed: int = Field(default=0, ge=0, description="crops given up for room since capture started")
    settings_refused: str = Field(default="", max_length=200, description="why the newest settings are not in force")
    token_generation: int = Field(default=1, ge=1, le=MAX_INT)


class HeartbeatAnswer(WireModel):
    """The server's clock, for the exchange, the revisions it holds, and what it wants of the node."""

    server_ns: int
    gallery_revision: int
    settings_revision: int
    high_water: HighWater | None = None
    rotate_token: bool = Field(default=False, description="fetch the next token")
    identify_s: int = Field(default=0, ge=0, le=3600, description="show which node this is for so long")


class RecordItem(WireModel):
    """An envelope and, for a sighting, the probe sealed to the server."""

    envelope: Envelope
    sealed_probe: Base64Bytes | None = None


class RecordBatch(WireModel):
    """Records in the order the node wants them stored."""

    protocol: int = PROTOCOL
    items: tuple[RecordItem, ...] = Field(min_length=1, max_length=MAX_BATCH)


class Status(StrEnum):
    """What became of a record. Only *archived* lets the node delete it; *rejected* makes the node park it."""

    ACCEPTED = "accepted"
    ARCHIVED = "archived"
    REJECTED = "rejected"


class Receipt(WireModel):
    """The answer for one item, in the words of the item: a receipt for another hash is no receipt."""

    epoch: int
    seq: int
    sha256: Sha256Hex
    status: Status
    code: str | None = Field(default=None, description="why it was rejected, e.g. bad_signature, conflict, invalid_payload")
    detail: str | None = None


class BatchReceipt(WireModel):
    """One receipt per item of the batch, in its order."""

    receipts: tuple[Receipt, ...]
