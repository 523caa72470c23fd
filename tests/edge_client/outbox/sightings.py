"""Sightings that differ, with crops that their payloads name, as capture's do."""

import json
from hashlib import sha256

from edge_client.outbox.store import Outbox, Recorded
from shared_schema.envelope import Kind


def crop_of(number: int, *, size: int = 300) -> bytes:
    return b"jpeg" + number.to_bytes(8, "little") + bytes(size)


def payload_of(number: int, crop: bytes | None) -> bytes:
    named = None if crop is None else {"sha256": sha256(crop).hexdigest(), "size_bytes": len(crop)}
    return json.dumps({"n": number, "crop": named}).encode()


def put(outbox: Outbox, number: int, *, crop: bytes | None = None) -> Recorded:
    return outbox.put(Kind.SIGHTING, payload_of(number, crop), probe=number.to_bytes(16, "little"), crop=crop)
