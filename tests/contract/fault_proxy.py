"""A proxy between a node and the real server that misbehaves as told, request by request."""

import http.client
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from tests.loopback import Handler, Loopback

Fate = Literal["reset", "cut_answer", "half_answer"] | int
"""`reset`: the request never arrives. `cut_answer`: the server does its work, its answer is lost. `half_answer`: half of it comes.
A number: the proxy refuses with 503 and asks to wait for so many seconds."""


_OWN = {"connection", "content-length", "date", "server"}
"""Headers that the proxy writes itself."""


@dataclass
class FaultProxy:
    """`fates` holds, by the last word of the path, what happens to the next requests; what no fate is left for passes."""

    upstream: str
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    answered: list[tuple[str, int]] = field(default_factory=list)
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
        fate = waiting.pop(0) if waiting else None
        if fate == "reset":
            self.reset()
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
        if fate == "cut_answer":
            self.reset()
            return
        self._answer(response.status, kept, answer, cut=fate == "half_answer")

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.reset()
