"""`lintel-edge courier` as systemd runs it: a process that says how it is, stops when it is told to, and does not live half."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.identity import IdentityFolder
from shared_schema.envelope import Kind
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings
from tests.edge_client.fakes import FakeServer, an_identity, make_claimed, open_outbox
from tests.edge_client.test_courier import answer

ROOT = Path(__file__).parents[2]


class Process:
    """The courier of a claimed node, and the end of its notifications that systemd holds."""

    def __init__(self, folder: Path, server: FakeServer) -> None:
        make_claimed(folder / "state", an_identity(server=server.url))
        config = folder / "edge.toml"
        config.write_text('state = "state"\n[camera]\nkind = "replay"\nsource = "clip.mp4"\n', encoding="utf-8")
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(folder / "notify"))
        self.systemd.settimeout(30)
        self._said = ""
        self._running = subprocess.Popen(
            [sys.executable, "-m", "edge_client", "courier", "--config", str(config)],
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")},
            stderr=subprocess.PIPE,
            text=True,
        )

    def hears(self) -> bytes:
        return self.systemd.recv(1000)

    def stop(self) -> tuple[int, float]:
        """Its exit code, and how long it took."""
        began = time.monotonic()
        self._running.send_signal(signal.SIGTERM)
        return self._running.wait(30), time.monotonic() - began

    def end(self) -> str:
        """Make sure of its end; what it said."""
        self._running.kill()
        self.systemd.close()
        pipe = self._running.stderr
        if pipe is not None and not pipe.closed:
            self._said = pipe.read()
            pipe.close()
        self._running.wait(30)
        return self._said

    def ended(self) -> int:
        return self._running.wait(30)


@pytest.fixture
def process(tmp_path: Path, server: FakeServer) -> Iterator[Process]:
    server.answers["heartbeat"] = lambda _: answer()
    server.documents["settings"] = (NodeSettings(revision=2).model_dump_json(), '"s2"')
    server.documents["gallery"] = (GallerySnapshot(revision=7, model_id="m", dimension=2, people=()).model_dump_json(), '"g7"')
    outbox = open_outbox(tmp_path / "state" / "outbox")
    outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    process = Process(tmp_path, server)
    yield process
    process.end()


def test_systemd_hears_that_it_is_ready_at_work_and_stopping(process: Process) -> None:
    assert [process.hears() for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    code, seconds = process.stop()
    assert (code, seconds < 10) == (0, True)
    heard = process.hears()
    while heard == b"WATCHDOG=1":
        heard = process.hears()
    assert heard == b"STOPPING=1"


def test_it_stops_within_seconds_while_the_server_keeps_it_waiting(process: Process, server: FakeServer) -> None:
    released, asked = threading.Event(), threading.Event()

    def hang(_: bytes) -> str:
        asked.set()
        released.wait(30)
        return answer()

    server.answers["heartbeat"] = hang
    assert asked.wait(20)
    code, seconds = process.stop()
    assert (code, seconds < 15) == (0, True)
    released.set()


def test_a_process_that_no_longer_fits_the_node_ends_and_says_why(process: Process, tmp_path: Path) -> None:
    assert process.hears() == b"READY=1"
    IdentityFolder(tmp_path / "state").save(an_identity(server="http://127.0.0.1:9"))
    assert process.ended() == 1
    assert "claimed as another one; starting again" in process.end()
