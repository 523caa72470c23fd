"""The server over HTTP: the node protocol's calls. Whatever comes back is either the right answer or an error.

Unavailable: no answer, or one that this server would not give (a captive portal, a proxy, a wrong body) – try again.
Rejected: a problem detail about what was sent. Unauthorised: the token is not accepted.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Generic, TypeVar
from urllib.parse import quote

import requests
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from requests.auth import AuthBase
from urllib3.exceptions import NameResolutionError, NewConnectionError

from edge_client.errors import Unavailable
from edge_client.server_answers import NOT_THE_SERVERS, Answer, parsed, require, settings_of
from shared_schema.gallery import GalleryDelta, GallerySnapshot
from shared_schema.node import (
    BatchReceipt,
    ClaimAnswer,
    ClaimRequest,
    EpochAnswer,
    EpochRequest,
    Heartbeat,
    HeartbeatAnswer,
    NodeSettings,
    RecordBatch,
    TokenAnswer,
)

_CONNECT_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 20.0
_WHOLE_ANSWER_S = 60.0
_LONGEST_ANSWER_S = 240.0
_SLOWEST_BYTES_PER_S = 5_000
"""A gallery may take as long as a slow link needs for it; an answer that trickles may not."""
_MAX_ANSWER_BYTES = 1_000_000
_MAX_GALLERY_BYTES = 256_000_000
_CHUNK_BYTES = 65_536

_M = TypeVar("_M", bound=BaseModel)
_Gallery = Annotated[GalleryDelta | GallerySnapshot, Field(union_mode="left_to_right")]
_GALLERY: Final[TypeAdapter[GalleryDelta | GallerySnapshot]] = TypeAdapter(_Gallery)


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
class _Document:
    answer: Answer
    etag: str


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
        return parsed(ClaimAnswer, self._post("claim", request))

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        return parsed(HeartbeatAnswer, self._post("heartbeat", heartbeat))

    def records(self, batch: RecordBatch) -> BatchReceipt:
        return parsed(BatchReceipt, self._post("records", batch))

    def settings(self, etag: str | None) -> Fetched[NodeSettings] | None:
        """The settings, or None when they are still those of `etag`. Raises Rejected (UNUSABLE_SETTINGS) for what nobody can work by."""
        found = self._fetch("settings", etag, _MAX_ANSWER_BYTES)
        return None if found is None else Fetched(settings_of(found.answer), found.etag)

    def gallery(self, etag: str | None, *, model_id: str | None = None) -> Fetched[GallerySnapshot] | None:
        """The gallery of a model, or None when it is still that of `etag`. Without a model the server goes by the last heartbeat."""
        path = "gallery" if model_id is None else f"gallery?model={quote(model_id, safe='')}"
        found = self._fetch(path, etag, _MAX_GALLERY_BYTES)
        return None if found is None else Fetched(parsed(GallerySnapshot, found.answer), found.etag)

    def gallery_since(self, etag: str | None, *, model_id: str, since: int) -> Fetched[GalleryDelta | GallerySnapshot] | None:
        """What changed in the gallery of a model since a revision, or the whole where the server does not know that any more."""
        found = self._fetch(f"gallery?model={quote(model_id, safe='')}&since={since}", etag, _MAX_GALLERY_BYTES)
        if found is None:
            return None
        try:
            value = _GALLERY.validate_json(found.answer.body)
        except ValidationError as error:
            raise Unavailable(NOT_THE_SERVERS) from error
        return Fetched(value, found.etag)

    def next_token(self) -> TokenAnswer:
        """The token to use from now on. Asked again before it was used, the answer is the same."""
        answer = self._call("POST", "token", headers={})
        require(answer, HTTPStatus.OK)
        return parsed(TokenAnswer, answer)

    def next_epoch(self, request: EpochRequest) -> EpochAnswer:
        """An epoch that no other copy of this node was given."""
        return parsed(EpochAnswer, self._post("epoch", request))

    def put_crop(self, sha256: str, sealed: bytes) -> None:
        answer = self._call("PUT", f"crops/{sha256}", body=sealed, headers={"Content-Type": "application/octet-stream"})
        require(answer, HTTPStatus.NO_CONTENT)

    def close(self) -> None:
        self._session.close()

    def _post(self, path: str, message: BaseModel) -> Answer:
        answer = self._call("POST", path, body=message.model_dump_json().encode(), headers={"Content-Type": "application/json"})
        if answer.status != HTTPStatus.CREATED:
            require(answer, HTTPStatus.OK)
        return answer

    def _fetch(self, path: str, etag: str | None, max_bytes: int) -> _Document | None:
        answer = self._call("GET", path, headers={"If-None-Match": etag} if etag else {}, max_bytes=max_bytes)
        if etag and answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        require(answer, HTTPStatus.OK)
        tag = answer.headers.get("ETag")
        if not tag:
            raise Unavailable(f"the answer about {path} has no ETag, so it is not the server's own; is there a proxy on the way?")
        return _Document(answer, tag)

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None, max_bytes: int = _MAX_ANSWER_BYTES
    ) -> Answer:
        began, answer = time.monotonic(), None
        try:
            answer = self._ask(method, path, headers=headers, body=body, max_bytes=max_bytes)
        finally:
            if self._observe:
                status, said = (answer.status, answer.body) if answer else (None, b"")
                self._observe(Call(method, path, status, time.monotonic() - began, said))
        return answer

    def _ask(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, max_bytes: int) -> Answer:
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
                return Answer(response.status_code, response.headers, _bounded_body(response, max_bytes))
        except requests.RequestException as error:
            raise Unavailable(f"the server at {self._base} does not answer ({_why(error)}); check its address and that it runs") from error


def _bounded_body(response: requests.Response, max_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable("the answer is compressed, which was not asked for; is there a proxy on the way?")
    body, began = bytearray(), time.monotonic()
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        allowed_s = min(_LONGEST_ANSWER_S, _WHOLE_ANSWER_S + len(body) / _SLOWEST_BYTES_PER_S)
        if len(body) > max_bytes or time.monotonic() - began > allowed_s:
            raise Unavailable("the server's answer is too large or too slow to be one of its own")
    return bytes(body)


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
