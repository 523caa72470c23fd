"""The base of every wire message and the field types they share."""

import base64
import binascii
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, StringConstraints

PROTOCOL = 1
"""Version of the node protocol. A receiver refuses a version it does not know; unknown *fields* are ignored."""


class WireModel(BaseModel):
    """A frozen message. Unknown fields are ignored, so that an older receiver accepts a newer sender."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null", allow_inf_nan=False)


def _decode_base64(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        msg = "expected base64 text"
        raise ValueError(msg)  # noqa: TRY004 (pydantic reports ValueError)
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        msg = f"not base64: {error}"
        raise ValueError(msg) from error


def _encode_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


Base64Bytes = Annotated[
    bytes,
    PlainValidator(_decode_base64, json_schema_input_type=str),
    PlainSerializer(_encode_base64, return_type=str, when_used="json"),
]
"""Bytes in Python, standard base64 text on the wire."""

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hexadecimal."""
