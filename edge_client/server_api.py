"""The server over HTTP: the node protocol's six calls. Whatever comes back is either the right answer or an error.

Unavailable: no answer, or one that this server would not give (a captive portal, a proxy, a wrong body) – try again.
Rejected: a problem detail about what was sent. Unauthorised: the token is not accepted.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import quote, urlsplit

import requests
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase
from urllib3.exceptions import NameResolutionError, NewConnectionError

from edge_client.errors import Rejected, Unauthorised, Unavailable
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import BatchReceipt, ClaimAnswer, ClaimRequest, Heartbeat, HeartbeatAnswer, NodeSettings, RecordBatch

_CONNECT_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 20.0
_WHOLE_ANSWER_S = 60.0
_MAX_ANSWER_BYTES = 1_000_000
_MAX_GALLERY_BYTES = 256_000_000
_CHUNK_BYTES = 65_536
_REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.GONE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_CURED_BY_AN_UPGRADE = "unknown_protocol"

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Fetched(Generic[_M]):
    """A document and the tag to ask with next time."""

    value: _M
    etag: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it went. `status` is None and `answer` empty when no whole answer came."""

    method: str
    path: str
    status: int | None
    seconds: float
    answer: bytes


Observe = Callable[[Call], None]
"""Is told of every request, whatever comes of it."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Bearer(AuthBase):
    """Set explicitly, so that no file of the account can put another authorisation in its place."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request


class ServerApi:
    """One server, one connection pool. Follows no redirect, reads no more than an answer may have."""

    def __init__(
        self,
        base_url: str,
        *,
        token: str | Callable[[], str] | None = None,
        read_timeout_s: float = _READ_TIMEOUT_S,
        observe: Observe | None = None,
    ) -> None:
        """`token`: what every request carries, or what tells it."""
        self._base = base_url.rstrip("/")
        self._auth = None if token is None else _Bearer(token if callable(token) else lambda: token)
        self._timeouts = (_CONNECT_TIMEOUT_S, read_timeout_s)
        self._session = requests.Session()
        self._session.trust_env = False
        self._observe = observe

    def claim(self, request: ClaimRequest) -> ClaimAnswer:
        return _parsed(ClaimAnswer, self._post("claim", request))

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        return _parsed(HeartbeatAnswer, self._post("heartbeat", heartbeat))

    def records(self, batch: RecordBatch) -> BatchReceipt:
        return _parsed(BatchReceipt, self._post("records", batch))

    def settings(self, etag: str | None) -> Fetched[NodeSettings] | None:
        """The settings, or None when they are still those of `etag`."""
        return self._fetch("settings", NodeSettings, etag, _MAX_ANSWER_BYTES)

    def gallery(self, etag: str | None, *, model_id: str | None = None) -> Fetched[GallerySnapshot] | None:
        """The gallery of a model, or None when it is still that of `etag`. Without a model the server goes by the last heartbeat."""
        path = "gallery" if model_id is None else f"gallery?model={quote(model_id, safe='')}"
        return self._fetch(path, GallerySnapshot, etag, _MAX_GALLERY_BYTES)

    def put_crop(self, sha256: str, sealed: bytes) -> None:
        answer = self._call("PUT", f"crops/{sha256}", body=sealed, headers={"Content-Type": "application/octet-stream"})
        _require(answer, HTTPStatus.NO_CONTENT)

    def close(self) -> None:
        self._session.close()

    def _post(self, path: str, message: BaseModel) -> _Answer:
        answer = self._call("POST", path, body=message.model_dump_json().encode(), headers={"Content-Type": "application/json"})
        if answer.status != HTTPStatus.CREATED:
            _require(answer, HTTPStatus.OK)
        return answer

    def _fetch(self, path: str, model: type[_M], etag: str | None, max_bytes: int) -> Fetched[_M] | None:
        answer = self._call("GET", path, headers={"If-None-Match": etag} if etag else {}, max_bytes=max_bytes)
        if etag and answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        _require(answer, HTTPStatus.OK)
        tag = answer.headers.get("ETag")
        if not tag:
            raise Unavailable(f"the answer about {path} has no ETag, so it is not the server's own; is there a proxy on the way?")
        return Fetched(_parsed(model, answer), tag)

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None, max_bytes: int = _MAX_ANSWER_BYTES
    ) -> _Answer:
        began, answer = time.monotonic(), None
        try:
            answer = self._ask(method, path, headers=headers, body=body, max_bytes=max_bytes)
        finally:
            if self._observe:
                status, said = (answer.status, answer.body) if answer else (None, b"")
                self._observe(Call(method, path, status, time.monotonic() - began, said))
        return answer

    def _ask(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, max_bytes: int) -> _Answer:
        try:
            with self._session.request(
                method,
                f"{self._base}/api/v1/node/{path}",
                data=body,
                headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
                auth=self._auth,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            ) as response:
                return _Answer(response.status_code, response.headers, _bounded_body(response, max_bytes))
        except requests.RequestException as error:
            raise Unavailable(f"the server at {self._base} does not answer ({_why(error)}); check its address and that it runs") from error


def _bounded_body(response: requests.Response, max_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable("the answer is compressed, which was not asked for; is there a proxy on the way?")
    body = bytearray()
    deadline = time.monotonic() + _WHOLE_ANSWER_S
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes or time.monotonic() > deadline:
            raise Unavailable("the server's answer is too large or too slow to be one of its own")
    return bytes(body)


def _parsed(model: type[_M], answer: _Answer) -> _M:
    try:
        return model.model_validate_json(answer.body)
    except ValidationError as error:
        raise Unavailable("the answer is not the server's own; is there a login page or a proxy on the way?") from error


def _require(answer: _Answer, status: HTTPStatus) -> None:
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


def _hint(answer: _Answer) -> str:
    """What an answer that is not Lintel's may mean."""
    if 300 <= answer.status < 400:
        to = urlsplit(answer.headers.get("Location", ""))
        return f" and points to {to.scheme}://{to.netloc}; use that address" if to.netloc else ""
    return "; is this the address of a Lintel server?" if 400 <= answer.status < 500 else ""


def _why(error: requests.RequestException) -> str:
    """Which of the usual faults it is."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "its certificate is not accepted, or it does not speak https"),
        (requests.exceptions.Timeout, "no answer in time"),
        (requests.exceptions.InvalidURL, "this is no address"),
    )
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(cause, NameResolutionError):
        return "its name is not known"
    if isinstance(cause, NewConnectionError):
        return "nobody listens there"
    return next((words for kind, words in kinds if isinstance(error, kind)), "the connection broke")


def _problem(answer: _Answer) -> tuple[str | None, str | None]:
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
