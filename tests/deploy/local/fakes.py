"""A server of the demo's API that keeps what it is told, in memory."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

Answer = tuple[int, object]
Items = list[dict[str, object]]


class FakeServer:
    """People and samples as the API takes them; `refuse` decides by an image's bytes, with the sentence to give."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.samples: list[tuple[str, bytes]] = []
        self.sightings: list[dict[str, object]] = []
        self.attendance: list[dict[str, object]] = []
        self.refuse: Callable[[bytes], str | None] = lambda _: None
        self.page_size = 2
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        path, _, query = path.partition("?")
        if method == "GET":
            lists: dict[str, Items] = {
                "/api/v1/people": [{"id": id_, "name": name} for id_, name in self.people.items()],
                "/api/v1/sightings": self.sightings,
                "/api/v1/open-days": self.attendance,
                "/api/v1/health": [],
            }
            return 200, self._page(path, lists[path], int((re.findall(r"cursor=(\d+)", query) or ["0"])[0]))
        if method == "DELETE":
            del self.people[path.split("/")[4]]
            return 204, None
        if path == "/api/v1/people":
            id_ = str(uuid4())
            self.people[id_] = json.loads(body)["name"]
            return 201, {"id": id_, "name": self.people[id_]}
        image = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        refusal = self.refuse(image)
        if refusal is not None:
            return 422, {"type": "about:blank", "title": "Unprocessable", "status": 422, "detail": refusal}
        self.samples.append((self.people[path.split("/")[4]], image))
        return 201, {"id": str(uuid4())}

    def _page(self, path: str, items: Items, start: int) -> object:
        end = start + self.page_size
        following = f"{self.address}{path}?cursor={end}" if end < len(items) else None
        return {"next": following, "previous": None, "results": items[start:end]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply("GET")

            def do_POST(self) -> None:
                self._reply("POST")

            def do_DELETE(self) -> None:
                self._reply("DELETE")

            def _reply(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, found = fake.answer(method, self.path, body)
                data = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        return Handler
