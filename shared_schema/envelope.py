"""What crosses the wire and lies in the outbox: exact payload bytes, hashed and signed once, never re-serialised.

The signature covers the header and the payload's hash, so neither a payload nor its place in the sequence can be
exchanged. Images and embeddings are no part of the payload: it names only their hashes, so that they can be erased
without breaking the signature.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Protocol, Self
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field

from shared_schema.base import PROTOCOL, Base64Bytes, Sha256Hex, WireModel
from shared_schema.ids import Epoch, NodeId, RecordId, Seq, record_id

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_INT = 2**63 - 1


class Kind(StrEnum):
    """What a record tells. A receiver parks a kind it does not know; it never guesses."""

    SIGHTING = "sighting"
    OBSERVATION = "observation"
    CROP_SHED = "crop_shed"
    GAP = "gap"


class EnvelopeError(ValueError):
    """An envelope that must not be believed. `code` is stable, the message says what is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Signer(Protocol):
    """Whatever holds the node's Ed25519 key."""

    def sign(self, data: bytes, /) -> bytes:
        """The 64-byte Ed25519 signature of `data`."""
        ...


class Envelope(WireModel):
    """One signed record. `kind` is kept as text, so that a record of a newer kind can be stored and answered."""

    protocol: int = Field(ge=1, le=MAX_INT)
    node: UUID
    epoch: int = Field(ge=1, le=MAX_INT)
    seq: int = Field(ge=1, le=MAX_INT)
    kind: str = Field(min_length=1, max_length=32, pattern=r"^[a-z_]+$")
    payload: Base64Bytes
    sha256: Sha256Hex
    signature: Base64Bytes

    @property
    def record_id(self) -> RecordId:
        """The record's public id."""
        return record_id(NodeId(self.node), Epoch(self.epoch), Seq(self.seq))

    @classmethod
    def seal(cls, payload: bytes, *, node: NodeId, epoch: Epoch, seq: Seq, kind: Kind, signer: Signer) -> Self:
        """Hash and sign `payload` as record `seq` of `epoch`.

        Raises EnvelopeError when the payload is larger than a receiver accepts.
        """
        if len(payload) > MAX_PAYLOAD_BYTES:
            code = "payload_too_large"
            raise EnvelopeError(code, f"payload has {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES} are allowed")
        digest = sha256(payload).hexdigest()
        signature = signer.sign(_signed_bytes(PROTOCOL, node, epoch, seq, kind, digest))
        return cls(
            protocol=PROTOCOL,
            node=node,
            epoch=epoch,
            seq=seq,
            kind=kind,
            payload=payload,
            sha256=digest,
            signature=signature,
        )

    def verify(self, public_key: bytes) -> None:
        """Check version, size, hash and signature against a raw 32-byte Ed25519 public key.

        Raises EnvelopeError with code `unknown_protocol`, `payload_too_large`, `wrong_hash` or `bad_signature`.
        """
        if self.protocol != PROTOCOL:
            code = "unknown_protocol"
            raise EnvelopeError(code, f"protocol {self.protocol} is not spoken here, use {PROTOCOL}")
        if len(self.payload) > MAX_PAYLOAD_BYTES:
            code = "payload_too_large"
            raise EnvelopeError(code, f"payload has {len(self.payload)} bytes, at most {MAX_PAYLOAD_BYTES} are allowed")
        if sha256(self.payload).hexdigest() != self.sha256:
            code = "wrong_hash"
            raise EnvelopeError(code, "the payload does not have the hash the envelope states")
        signed = _signed_bytes(self.protocol, self.node, self.epoch, self.seq, self.kind, self.sha256)
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, signed)
        except (InvalidSignature, ValueError) as error:
            code = "bad_signature"
            raise EnvelopeError(code, "the signature is not this node's; claim the node again if its card was replaced") from error


def _signed_bytes(protocol: int, node: UUID, epoch: int, seq: int, kind: str, digest: str) -> bytes:
    return "\n".join(("lintel-record", str(protocol), str(node), str(epoch), str(seq), str(kind), digest)).encode()
