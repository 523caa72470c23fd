"""The server dies in the middle of a replay and comes back: everything the node recorded arrives, and arrives once."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import pytest

from deploy.local import walk
from deploy.local.configuration import Camera
from deploy.local.data_folder import DataFolder
from deploy.local.demo import Demo, Options
from tests.e2e.test_demo import free_port

WALKS = 3
WITHIN_SECONDS = 120.0


def wait_for(what: str, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {WITHIN_SECONDS:.0f} s"
        time.sleep(0.05)


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A folder that PostgreSQL's account can reach too: pytest's own are closed."""
    with TemporaryDirectory(prefix="lintel-restart-") as path:
        Path(path).chmod(0o711)
        yield DataFolder.open(Path(path) / "data")


def long_clip(path: Path) -> Path:
    """The demo's clip several times over: the same two people come again, further apart than the cooldown."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), walk.FRAMES_PER_SECOND, (walk.WIDTH_PX, walk.HEIGHT_PX))
    for _ in range(WALKS):
        for frame in walk.frames():
            writer.write(frame)
    writer.release()
    return path


def test_every_sighting_recorded_while_the_server_was_dead_arrives_exactly_once(folder: DataFolder) -> None:
    with ExitStack() as stack:
        camera = Camera("replay", str(long_clip(folder.root / "walks.avi")), "fast")
        demo = Demo(Options(folder.root, free_port(), camera, None, once=True), folder, stack)
        demo.start_server()
        demo.enrol()
        demo.start_node()

        wait_for("a sighting on the server", lambda: any(demo.api.sightings()))
        server = next(part for part in demo._parts if part.program.name == "server")
        server.process.send_signal(signal.SIGKILL)
        server.stop()  # gunicorn's workers too
        arrived_before = len(demo.node.recorded())
        wait_for("a sighting while the server is dead", lambda: len(demo.node.recorded()) > arrived_before)
        demo.check_parts()
        wait_for("the end of the replay", demo.node.finished)

        recorded = demo.node.recorded()
        arrived = Counter(seen.id for seen in demo.api.sightings())
        assert len(recorded) > arrived_before
        assert arrived == Counter(recorded)
        assert max(arrived.values()) == 1
