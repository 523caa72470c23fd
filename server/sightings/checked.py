"""One item of a batch, believed or refused. Pure: keys come in as bytes, nothing is looked up.

An item is judged by itself, so that a poisoned one never blocks its neighbours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from pydantic import ValidationError

from shared_schema.envelope import MAX_INT, Envelope, EnvelopeError, Kind
from shared_schema.node import Receipt, RecordItem, Status
from shared_schema.observation import CropShed, Gap, Observation
from shared_schema.sealing import PROBE, SealError, unseal
from shared_schema.sighting import Sighting

NO_HASH = "0" * 64
MAX_PROBE_BYTES = 64 * 1024
Payload = Sighting | Observation | CropShed | Gap
PAYLOADS: dict[str, type[Payload]] = {
    Kind.SIGHTING: Sighting,
    Kind.OBSERVATION: Observation,
    Kind.CROP_SHED: CropShed,
    Kind.GAP: Gap,
}


@dataclass(frozen=True, slots=True)
class Keys:
    """What items of one node are checked against."""

    node: UUID
    public_key: bytes
    seal_private_key: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """An envelope with a valid signature, its payload, and the opened probe where there is one."""

    envelope: Envelope
    payload: Payload
    probe: bytes | None

    @property
    def key(self) -> tuple[int, int]:
        return self.envelope.epoch, self.envelope.seq


def check(item: object, keys: Keys) -> Checked | Receipt:
    """Judge one item; a refusal is the receipt that tells why."""
    try:
        parsed = RecordItem.model_validate(item)
    except ValidationError as error:
        return _refuse_garbage(item, error)
    envelope = parsed.envelope
    if envelope.node != keys.node:
        return refuse(envelope, "foreign_node", "The envelope names another node than the token does.")
    try:
        envelope.verify(keys.public_key)
    except EnvelopeError as error:
        return refuse(envelope, error.code, str(error))
    try:
        return Checked(envelope, _payload(envelope), _probe(parsed, keys))
    except _Refusal as refusal:
        return refuse(envelope, refusal.code, str(refusal))


class _Refusal(Exception):  # noqa: N818  (it never leaves this file)
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def refuse(envelope: Envelope, code: str, detail: str) -> Receipt:
    """The receipt of a refused envelope."""
    return Receipt(epoch=envelope.epoch, seq=envelope.seq, sha256=envelope.sha256, status=Status.REJECTED, code=code, detail=detail)


def _payload(envelope: Envelope) -> Payload:
    kind = PAYLOADS.get(envelope.kind)
    if kind is None:
        raise _Refusal("unknown_kind", f"Records of kind {envelope.kind} are not known here; update the server.")
    if b"\\u0000" in envelope.payload:
        raise _Refusal("invalid_payload", "The payload contains a NUL character.")
    try:
        return kind.model_validate_json(envelope.payload)
    except ValidationError as error:
        raise _Refusal("invalid_payload", f"The payload is no {envelope.kind}: {_first(error)}") from error


def _probe(item: RecordItem, keys: Keys) -> bytes | None:
    if item.sealed_probe is None or item.envelope.kind != Kind.SIGHTING:
        return None
    if len(item.sealed_probe) > MAX_PROBE_BYTES:
        raise _Refusal("invalid_probe", f"The probe is larger than {MAX_PROBE_BYTES} bytes.")
    try:
        return unseal(item.sealed_probe, private_key=keys.seal_private_key, purpose=PROBE)
    except SealError as error:
        raise _Refusal("invalid_probe", str(error)) from error


def probe_belongs(checked: Checked) -> Checked | Receipt:
    """A probe must be the one that the signed payload names."""
    if checked.probe is None or not isinstance(checked.payload, Sighting):
        return checked
    if sha256(checked.probe).hexdigest() == checked.payload.probe_sha256:
        return checked
    return refuse(checked.envelope, "invalid_probe", "The probe does not have the hash that the payload names.")


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else problem["msg"]


def _refuse_garbage(item: object, error: ValidationError) -> Receipt:
    """A receipt in the item's own words as far as they can be read."""
    envelope = item.get("envelope") if isinstance(item, dict) else None
    said: Callable[[str], object] = envelope.get if isinstance(envelope, dict) else lambda _: None
    digest = said("sha256")
    readable = isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    return Receipt(
        epoch=_int(said("epoch")),
        seq=_int(said("seq")),
        sha256=str(digest) if readable else NO_HASH,
        status=Status.REJECTED,
        code="invalid_item",
        detail=f"The item cannot be read: {_first(error)}"[:300],
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT else 0
