"""The ground of HTTP servers that misbehave: they run in a thread on loopback and can break a connection off."""

import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Loopback(ThreadingHTTPServer):
    daemon_threads = True

    @classmethod
    def start(cls, handler: type[BaseHTTPRequestHandler]) -> "Loopback":
        server = cls(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Peers that hang up are what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    """Every method ends in `answer`, which gets the body and the first word of the path behind `/api/v1/node/`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(self.path.removeprefix("/api/v1/node/").split("/")[0], body)

    do_POST = do_PUT = do_GET  # noqa: N815 (names that http.server calls)

    def answer(self, name: str, body: bytes) -> None:
        raise AssertionError(f"nobody answers {name}")

    def reset(self) -> None:
        """End the connection as a broken link does: RST, not an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
