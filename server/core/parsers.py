"""Reading bodies within limits."""

import json
from collections.abc import Mapping
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from server.core.errors import Malformed, Rejected, TooLarge

KIBI = 1024
_M = TypeVar("_M", bound=BaseModel)


def read_limited(stream: IO[bytes], limit: int) -> bytes:
    """The whole body, or TooLarge before more than `limit` bytes are held."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise TooLarge("body_too_large", f"The body is larger than the {limit} bytes accepted here.")
    return data


class StrictJsonParser(BaseParser):
    """JSON of at most 1 MiB; nesting without end and numbers that are none are refused as malformed."""

    media_type = "application/json"
    max_bytes = KIBI * KIBI

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, object] | None = None) -> Any:
        data = read_limited(stream, self.max_bytes)
        try:
            return json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not JSON.") from error


class LargeJsonParser(StrictJsonParser):
    """JSON of a batch of records."""

    max_bytes = 64 * KIBI * KIBI


class WireParser(StrictJsonParser):
    """The JSON bytes themselves, for a message that pydantic reads."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, object] | None = None) -> Any:
        return read_limited(stream, self.max_bytes)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def read_message(body: object, kind: type[_M], *, allow_nul: bool = False) -> _M:
    """A wire message from the bytes of a body. Raises Malformed or Rejected with errors by field.

    `allow_nul`: whoever stores the texts of this message takes the NULs out of them, which no table holds.
    """
    if not isinstance(body, bytes) or not body:
        raise Malformed("parse_error", "Send the message as JSON.")
    if not allow_nul and b"\\u0000" in body:
        raise Malformed("parse_error", "The body contains a NUL character.")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        if problems[0]["type"] == "json_invalid":
            raise Malformed("parse_error", "The body is not JSON.") from error
        raise Rejected("invalid", "Some fields are not acceptable.", errors=errors_by_field(error)) from error


def errors_by_field(error: ValidationError) -> dict[str, list[str]]:
    """Pydantic's findings, in the words of a problem."""
    found: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        found.setdefault(".".join(str(part) for part in problem["loc"]) or "non_field_errors", []).append(problem["msg"])
    return found
