"""What an answer of the server means: the right one, or an error. See `server_api` for which error says what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from edge_client.errors import Rejected, Unauthorised, Unavailable
from shared_schema.node import NodeSettings

_REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.GONE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_CURED_BY_AN_UPGRADE = "unknown_protocol"
NOT_THE_SERVERS: Final = "the answer is not the server's own; is there a login page or a proxy on the way?"

UNUSABLE_SETTINGS: Final = "unusable_settings"
"""The code of a refusal that the node itself makes: the server's settings are none that this release can work by."""

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever it says."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parsed(model: type[_M], answer: Answer) -> _M:
    """The message an answer holds. Raises Unavailable when it holds none."""
    try:
        return model.model_validate_json(answer.body)
    except ValidationError as error:
        raise Unavailable(NOT_THE_SERVERS) from error


def settings_of(answer: Answer) -> NodeSettings:
    """The settings an answer holds. Raises Unavailable when it holds none, Rejected (UNUSABLE_SETTINGS) when nobody can work by them.

    A newer server may set what this release does not know how to do: that is no reason to doubt that it is the server.
    """
    try:
        return NodeSettings.model_validate_json(answer.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] in {"json_invalid", "model_type"}:
            raise Unavailable(NOT_THE_SERVERS) from error
        where = ".".join(str(part) for part in first["loc"])
        raise Rejected(f"{f'{where}: ' if where else ''}{first['msg']}"[:200], code=UNUSABLE_SETTINGS) from error


def require(answer: Answer, status: HTTPStatus) -> None:
    """Raises Unauthorised, Rejected or Unavailable for an answer with any other status."""
    if answer.status == status:
        return
    code, detail = _problem(answer)
    if answer.status == HTTPStatus.UNAUTHORIZED or (answer.status == HTTPStatus.FORBIDDEN and code):
        knows_node = answer.status == HTTPStatus.FORBIDDEN
        raise Unauthorised(detail or "the server does not accept this node's token; claim the node again", knows_node=knows_node)
    if answer.status in _REFUSALS and code and code != _CURED_BY_AN_UPGRADE:
        raise Rejected(detail or f"the server refused with {answer.status}", code=code)
    raise Unavailable(
        f"the server answered {answer.status}{f': {detail}' if detail else _hint(answer)}",
        retry_after_s=_retry_after_s(answer.headers.get("Retry-After")),
    )


def _hint(answer: Answer) -> str:
    """What an answer that is not Lintel's may mean."""
    if 300 <= answer.status < 400:
        to = urlsplit(answer.headers.get("Location", ""))
        return f" and points to {to.scheme}://{to.netloc}; use that address" if to.netloc else ""
    return "; is this the address of a Lintel server?" if 400 <= answer.status < 500 else ""


def _problem(answer: Answer) -> tuple[str | None, str | None]:
    """The code and the sentence of a problem detail; a page of a proxy has neither."""
    if not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        return None, None
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return None, None
    if not isinstance(problem, dict):
        return None, None
    code, detail = problem.get("code"), problem.get("detail") or problem.get("title")
    return (code if isinstance(code, str) else None), (" ".join(detail.split()) if isinstance(detail, str) else None)


def _retry_after_s(value: str | None) -> float | None:
    """Seconds alone: a date would be compared with a wall clock that may be wrong."""
    return float(value) if value is not None and value.isdecimal() and len(value) < 8 else None
