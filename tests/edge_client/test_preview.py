import http.client
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client.config import PreviewConfig
from edge_client.preview import PreviewServer
from edge_client.preview_folder import Mounting, PreviewFolder, PreviewRequest, SeenFace
from shared_schema.ids import BootNs
from tests.edge_client.fakes import FakeClock

TOKEN = "a-token-of-forty-three-letters-as-secrets-mk"
ANYWHERE = PreviewConfig(address="127.0.0.1:0")
PATHS = ("/", "/advice", "/mounting.json", "/still.jpg", "/stream")


def request(clock: FakeClock, *, token: str = TOKEN, seconds: float = 600) -> PreviewRequest:
    until = BootNs(clock.now + int(seconds * 1e9))
    return PreviewRequest(boot_id=clock.boot_id, until_boot_ns=until, token_sha256=sha256(token.encode()).hexdigest(), distance_m=2.0)


def mounting(**facts: object) -> Mounting:
    known: dict[str, object] = {
        "boot_ns": 1,
        "width_px": 1280,
        "height_px": 720,
        "faces": (SeenFace(width_px=88), SeenFace(width_px=31, gate="too_small")),
        "expected_face_px": 74,
        "distance_m": 2.0,
        "min_face_px": 40,
        "brightness": 120.0,
        "burnt_out": 0.0,
        "sharpness": 300.0,
        "verdict": "change",
        "advice": ("add light, <b>now</b>",),
    }
    return Mounting.model_validate(known | facts)


@pytest.fixture
def folder(tmp_path: Path, clock: FakeClock) -> PreviewFolder:
    return PreviewFolder(tmp_path / "run", clock)


@pytest.fixture
def server(folder: PreviewFolder) -> Iterator[PreviewServer]:
    serving = PreviewServer(folder, ANYWHERE)
    yield serving
    serving.close()


def opened(server: PreviewServer) -> int | None:
    server.step()
    return server.port


def ask(server: PreviewServer, path: str, token: str | None = TOKEN, method: str = "GET") -> http.client.HTTPResponse:
    assert server.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request(method, path if token is None else f"{path}?token={token}")
    response = connection.getresponse()
    response.begin()
    return response


def test_nobody_listens_until_somebody_asks_for_a_preview_nor_after_it_has_run_out(
    folder: PreviewFolder, server: PreviewServer, clock: FakeClock
) -> None:
    before = opened(server)
    folder.ask(request(clock, seconds=600))
    during = opened(server)
    clock.go_on(601)
    assert (before, during is None, opened(server)) == (None, False, None)


def test_with_the_token_page_advice_still_and_numbers_are_to_be_had(folder: PreviewFolder, server: PreviewServer, clock: FakeClock) -> None:
    folder.ask(request(clock))
    folder.leave(b"\xff\xd8still", mounting())
    server.step()
    assert ask(server, "/").read().count(b"token=" + TOKEN.encode()) == 2
    assert ask(server, "/still.jpg").read() == b"\xff\xd8still"
    assert json.loads(ask(server, "/mounting.json").read())["expected_face_px"] == 74
    advice = ask(server, "/advice").read().decode()
    assert "add light, &lt;b&gt;now&lt;/b&gt;" in advice
    assert "88 px, 31 px (too_small)" in advice


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "", "a", TOKEN[:-1], TOKEN + "a", "%00", "x" * 5000, "%F0%9F%98%80"])
def test_without_the_token_nothing_is_to_be_had(
    folder: PreviewFolder, server: PreviewServer, clock: FakeClock, path: str, token: str | None
) -> None:
    folder.ask(request(clock))
    folder.leave(b"\xff\xd8still", mounting())
    server.step()
    response = ask(server, path, token)
    assert response.status == 403
    assert b"still" not in response.read()


def test_the_token_of_an_earlier_preview_is_worth_nothing(folder: PreviewFolder, server: PreviewServer, clock: FakeClock) -> None:
    folder.ask(request(clock, token="earlier"))
    server.step()
    folder.ask(request(clock))
    assert ask(server, "/", "earlier").status == 403
    assert ask(server, "/").status == 200


def test_a_request_that_ran_out_is_worth_nothing_even_before_the_door_is_shut(
    folder: PreviewFolder, server: PreviewServer, clock: FakeClock
) -> None:
    folder.ask(request(clock, seconds=600))
    server.step()
    clock.go_on(601)
    assert ask(server, "/").status == 403


@pytest.mark.parametrize("path", PATHS[:4])
def test_no_answer_is_kept_or_framed_elsewhere_or_tells_where_it_came_from(
    folder: PreviewFolder, server: PreviewServer, clock: FakeClock, path: str
) -> None:
    folder.ask(request(clock))
    folder.leave(b"\xff\xd8still", mounting())
    server.step()
    headers = dict(ask(server, path).getheaders())
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Server"].strip() == "Lintel"


def test_the_film_shows_every_new_still_and_ends_with_the_request(folder: PreviewFolder, server: PreviewServer, clock: FakeClock) -> None:
    folder.ask(request(clock, seconds=600))
    folder.leave(b"\xff\xd8first", mounting())
    server.step()
    film = ask(server, "/stream")
    part = b"--lintel-frame\r\nContent-Type: image/jpeg\r\nContent-Length: 7\r\n\r\n\xff\xd8first\r\n"
    first = film.read(len(part))
    folder.leave(b"\xff\xd8other", mounting())
    other = film.read(len(part))
    clock.go_on(601)
    assert (first, other, film.read()) == (part, part.replace(b"first", b"other"), b"")
    assert film.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=lintel-frame"


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/", 501), ("PUT", "/still.jpg", 501), ("GET", "/../../etc/passwd", 404)])
def test_nothing_else_is_to_be_had(
    folder: PreviewFolder, server: PreviewServer, clock: FakeClock, method: str, path: str, status: int
) -> None:
    folder.ask(request(clock))
    server.step()
    assert ask(server, path, method=method).status == status


def test_before_the_first_still_it_is_asked_whether_capture_runs(folder: PreviewFolder, server: PreviewServer, clock: FakeClock) -> None:
    folder.ask(request(clock))
    server.step()
    assert b"is capture running?" in ask(server, "/still.jpg").read()
    assert b"is capture running?" in ask(server, "/advice").read()


def test_an_address_that_is_taken_is_told_and_tried_again(folder: PreviewFolder, server: PreviewServer, clock: FakeClock) -> None:
    folder.ask(request(clock))
    server.step()
    other = PreviewServer(folder, PreviewConfig(address=f"127.0.0.1:{server.port}"))
    assert opened(other) is None
    server.close()
    assert opened(other) is not None
    other.close()


def test_a_request_of_another_boot_or_a_damaged_one_is_none(folder: PreviewFolder, tmp_path: Path, clock: FakeClock) -> None:
    folder.ask(request(FakeClock(boot=2)))
    assert folder.request() is None
    (tmp_path / "run" / "preview" / "request.json").write_text('{"half')
    assert folder.request() is None


def test_the_token_itself_lies_nowhere(folder: PreviewFolder, tmp_path: Path, clock: FakeClock) -> None:
    folder.ask(request(clock))
    assert not any(TOKEN.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
