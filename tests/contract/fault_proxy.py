"""A proxy between a node and the real server that misbehaves as told, request by request."""

import http.client
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Fate = Literal["reset", "cut_answer", "half_answer"] | int
"""`reset`: the request never arrives. `cut_answer`: the server does its work, its answer is lost. `half_answer`: half of it comes.
A number: the proxy refuses with 503 and asks to wait for so many seconds."""


_OWN = {"connection", "content-length", "date", "server"}
"""Headers that the proxy writes itself."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Peers that hang up are what these tests are about."""


@dataclass
class FaultProxy:
    """`fates` holds, by the last word of the path, what happens to the next requests; what no fate is left for passes."""

    upstream: str
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    answered: list[tuple[str, int]] = field(default_factory=list)
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server

    def answers_to(self, path: str) -> list[int]:
        """What the server said to requests of this path, whether or not the node heard it."""
        return [status for name, status in self.answered if name == path]


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.removeprefix("/api/v1/node/").split("/")[0]
        self.proxy.seen.append(name)
        waiting = self.proxy.fates.get(name, [])
        fate = waiting.pop(0) if waiting else None
        if fate == "reset":
            self._reset()
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
        kept = [
            (key, value) for key, value in response.getheaders() if key.lower() not in {"connection", "content-length", "date", "server"}
        ]
        connection.close()
        if fate == "cut_answer":
            self._reset()
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
            self._reset()

    def _reset(self) -> None:
        """End the connection as a broken link does: RST, not an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
