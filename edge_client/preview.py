"""The courier's page for whoever mounts the camera: stills as a film, and what they say of the mounting.

It listens only while a request is open, on the management address, and answers nobody without the request's token.
"""

import threading
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from edge_client.config import PreviewConfig
from edge_client.preview_folder import Mounting, PreviewFolder
from edge_client.reporting import Reporter

_HTML: Final = "text/html; charset=utf-8"
_FRAME: Final = "lintel-frame"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; frame-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_LONGEST_TARGET: Final = 2_000
_MOST_AT_ONCE: Final = 8
_TIMEOUT_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.05

reporter = Reporter("preview")


class PreviewServer:
    """A worker of the courier: `step` opens and closes the door, threads of their own answer."""

    name = "preview"

    def __init__(self, folder: PreviewFolder, config: PreviewConfig) -> None:
        self._folder = folder
        self._config = config
        self._server: _Server | None = None

    @property
    def port(self) -> int | None:
        """Where it listens now; None when it does not."""
        return None if self._server is None else int(self._server.server_address[1])

    def step(self) -> bool:
        """Listen while a request is open. Raises nothing: an address that cannot be used is told and tried again."""
        is_wanted = self._folder.request() is not None
        if is_wanted and self._server is None:
            self._open()
        elif not is_wanted and self._server is not None:
            self.close()
        return False

    def close(self) -> None:
        """Answer nobody any more; whoever is watching is cut off."""
        if self._server is not None:
            self._server.end()
            self._server = None
            reporter.state("preview", "closed", expected=True)

    def _open(self) -> None:
        try:
            self._server = _Server(self._config.host_and_port, self._folder)
        except OSError as error:
            reporter.state("preview", "cannot listen", address=self._config.address, reason=error.strerror or str(error))
            return
        self._server.begin()
        reporter.state("preview", "open", expected=True, address=self._config.address)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = _MOST_AT_ONCE

    def __init__(self, address: tuple[str, int], folder: PreviewFolder) -> None:
        self.folder = folder
        self.over = threading.Event()
        self.room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def begin(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.1,), name="preview-door", daemon=True).start()

    def end(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever goes away in the middle of an answer is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "Lintel"
    sys_version = ""
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        if not self.server.room.acquire(blocking=False):
            self._answer(b"too many are watching", "text/plain", HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._serve()
        finally:
            self.server.room.release()

    def _serve(self) -> None:
        target = urlsplit(self.path[:_LONGEST_TARGET])
        self._token = parse_qs(target.query).get("token", [""])[0]
        if not self._is_admitted():
            self._answer(b"this preview needs the address that `lintel-edge preview` printed", "text/plain", HTTPStatus.FORBIDDEN)
            return
        pages: dict[str, Callable[[], None]] = {
            "/": lambda: self._answer(_page(self._token).encode(), _HTML),
            "/advice": lambda: self._answer(_advice(self.server.folder.mounting()).encode(), _HTML),
            "/mounting.json": self._mounting,
            "/still.jpg": self._still,
            "/stream": self._stream,
        }
        pages.get(target.path, self._nothing)()

    def _is_admitted(self) -> bool:
        request = self.server.folder.request()
        return request is not None and request.accepts(self._token)

    def _mounting(self) -> None:
        found = self.server.folder.mounting()
        if found is None:
            self._nothing()
        else:
            self._answer(found.model_dump_json().encode(), "application/json")

    def _still(self) -> None:
        still = self.server.folder.still()
        if still is None:
            self._nothing()
        else:
            self._answer(still, "image/jpeg")

    def _nothing(self) -> None:
        self._answer(b"nothing here; is capture running?", "text/plain", HTTPStatus.NOT_FOUND)

    def _stream(self) -> None:
        """Every new still, until the request runs out or whoever watches goes away."""
        self._begin(HTTPStatus.OK, f"multipart/x-mixed-replace; boundary={_FRAME}")
        shown = 0
        while not self.server.over.wait(_LOOK_EVERY_S) and self._is_admitted():
            stamp, still = self.server.folder.still_stamp(), self.server.folder.still()
            if stamp != shown and still is not None:
                shown = stamp
                head = f"--{_FRAME}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(still)}\r\n\r\n"
                self.wfile.write(head.encode("ascii") + still + b"\r\n")

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._begin(status, kind, length=len(body))
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, kind: str, *, length: int | None = None) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name where it is declared)
        """Nothing: a request's line holds the token."""


def _page(token: str) -> str:
    """`token` has been found right, so it holds nothing but letters that an address may hold."""
    given = escape(token, quote=True)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lintel: mounting the camera</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style></head><body>
<img src="stream?token={given}" alt="what the camera sees"><iframe src="advice?token={given}" title="advice"></iframe></body></html>"""


def _advice(found: Mounting | None) -> str:
    """Reads itself anew every two seconds, without a script."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in found.advice) if found else "<li>no picture yet: is capture running?</li>"
    verdict = found.verdict if found else "wait"
    facts = escape(summary(found)) if found else ""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>advice</title>
<style>{_STYLE}</style></head><body><h1 class="{verdict}">{verdict}</h1><ul>{lines}</ul><p>{facts}</p></body></html>"""


def summary(found: Mounting) -> str:
    """The numbers in one line."""
    widths = ", ".join(f"{face.width_px} px{f' ({face.gate})' if face.gate else ''}" for face in found.faces)
    faces = (
        f"faces {widths}" if found.faces else f"nobody there; a face {found.distance_m:g} m away will be {found.expected_face_px} px wide"
    )
    noise = "" if found.noise is None else f", noise {found.noise:.1f}"
    return f"{faces} (least {found.min_face_px} px); brightness {found.brightness:.0f}, sharpness {found.sharpness:.0f}{noise}"


_STYLE: Final = (
    "body{font:16px/1.4 system-ui,sans-serif;margin:0;background:#16181c;color:#eee}"
    "img{display:block;width:100%;max-width:960px;margin:auto}"
    "iframe{display:block;border:0;width:100%;max-width:960px;height:16em;margin:auto}h1{margin:.5em 0 0;font-size:1.3em}"
    "h1.good{color:#7bd88f}h1.change{color:#ffb454}p{color:#aab}ul{padding-left:1.2em}"
)
