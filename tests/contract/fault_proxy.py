"""A proxy between a node and the real server that misbehaves as told, request by request."""

import http.client
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from tests.loopback import Handler, Loopback


@dataclass(frozen=True)
class Reply:
    """What somebody on the way answers; the request never arrives. `stated_bytes`: a Content-Length that is not the body's."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),)
    stated_bytes: int | None = None


@dataclass(frozen=True)
class Changed:
    """The server does its work, and its answer is changed on the way."""

    body: Callable[[bytes], bytes]
    headers: tuple[tuple[str, str], ...] = ()


Fate = Literal["reset", "cut_answer", "half_answer", "no_answer", "drip", "flood"] | int | Reply | Changed
"""`reset`: the request never arrives. `cut_answer`: the server does its work, its answer is lost. `half_answer`: half of it comes.
`no_answer`: the server does its work, and nothing comes until the node gives up. `drip` and `flood`: the request never arrives, and the
answer has no end; it comes a byte now and then, or as fast as the node takes it. A number: the proxy refuses with 503 and asks to wait for
so many seconds."""

_LONGEST_SILENCE_S = 30.0
_DRIP_S = 0.2

_OWN = {"connection", "content-length", "date", "server"}
"""Headers that the proxy writes itself."""


@dataclass
class FaultProxy:
    """`fates` holds, by the last word of the path, what happens to the next requests; what no fate is left for goes as `choose` says,
    which gets that word and the body, or passes."""

    upstream: str
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    choose: Callable[[str, bytes], Fate | None] = lambda _name, _body: None
    seen: list[str] = field(default_factory=list)
    answered: list[tuple[str, int]] = field(default_factory=list)
    ends: bool = False
    url: str = ""

    def start(self) -> Loopback:
        server = Loopback.start(type("Handler", (_Handler,), {"proxy": self}))
        self.url = server.url
        return server

    def answers_to(self, path: str) -> list[int]:
        """What the server said to requests of this path, whether or not the node heard it."""
        return [status for name, status in self.answered if name == path]


class _Handler(Handler):
    proxy: FaultProxy

    def answer(self, name: str, body: bytes) -> None:
        self.proxy.seen.append(name)
        waiting = self.proxy.fates.get(name, [])
        fate = waiting.pop(0) if waiting else self.proxy.choose(name, body)
        if fate == "reset":
            self.reset()
        elif fate in {"drip", "flood"}:
            self._never_end(*((b" ", _DRIP_S) if fate == "drip" else (b" " * 65_536, 0.0)))
        elif isinstance(fate, Reply):
            self._answer(fate.status, list(fate.headers), fate.body, stated_bytes=fate.stated_bytes)
        elif isinstance(fate, int):
            self._answer(503, [("Retry-After", str(fate)), ("Content-Type", "text/plain")], b"busy")
        else:
            self._pass_on(name, body, fate)

    def _pass_on(self, name: str, body: bytes, fate: Fate | None) -> None:
        target = urlsplit(self.proxy.upstream)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in {"connection", "host"}}
        connection.request(self.command, self.path, body or None, headers)
        response = connection.getresponse()
        answer = response.read()
        self.proxy.answered.append((name, response.status))
        kept = [(key, value) for key, value in response.getheaders() if key.lower() not in _OWN]
        connection.close()
        if fate in {"cut_answer", "no_answer"}:
            if fate == "no_answer":
                self._be_silent()
            self.reset()
            return
        if isinstance(fate, Changed):
            answer, kept = fate.body(answer), [*kept, *fate.headers]
        self._answer(response.status, kept, answer, cut=fate == "half_answer")

    def _never_end(self, piece: bytes, pause_s: float) -> None:
        """Until the node hangs up, or the proxy is told to let it go."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        with suppress(OSError):
            while not self.proxy.ends:
                self.wfile.write(piece)
                time.sleep(pause_s)
        self.close_connection = True

    def _be_silent(self) -> None:
        """Until the node hangs up."""
        self.connection.settimeout(_LONGEST_SILENCE_S)
        with suppress(OSError):
            self.connection.recv(1)

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False, stated_bytes: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body) if stated_bytes is None else stated_bytes))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut or stated_bytes is not None:
            self.wfile.flush()
            self.reset()
