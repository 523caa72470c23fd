"""The adapter with the real OpenCV and its FFmpeg on a camera of the network that stops in the middle of its film, without a word."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from edge_client.camera import Frame, Lost, let_go
from edge_client.camera.opencv import OpencvCamera, Patience
from edge_client.clock import SystemClock

FRAMES = 30
FRAME_S = 0.05
PATIENCE = Patience(lost_after_s=1.0, hung_after_s=60.0)


class StallingCamera:
    """Sends every visitor so many frames, then nothing more on a connection that stays open."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/film.mjpg"
        self.visitors = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self) -> None:
        self._over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visitors += 1
            threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        noise = np.random.default_rng(0)
        with visitor:
            try:
                visitor.recv(4096)
                visitor.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n")
                for _ in range(FRAMES):
                    jpeg = cv2.imencode(".jpg", noise.integers(0, 256, (120, 160, 3), np.uint8))[1].tobytes()
                    visitor.sendall(b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg))
                    time.sleep(FRAME_S)
                self._over.wait()
            except OSError:
                return


@pytest.fixture
def stalling() -> Iterator[StallingCamera]:
    camera = StallingCamera()
    yield camera
    camera.end()


@pytest.mark.slow
def test_a_network_camera_that_goes_silent_is_blindness_and_then_opened_again_and_its_frames_are_never_old(
    stalling: StallingCamera,
) -> None:
    clock = SystemClock()
    camera = OpencvCamera(stalling.url, clock=clock, patience=PATIENCE)
    given: list[Frame | Lost] = []
    ages_s: list[float] = []
    while len(given) < 60 and not (stalling.visitors > 1 and isinstance(given[-1], Frame)):
        one = camera.next(200)
        assert one is not None
        given.append(one)
        ages_s.append((clock.boot_ns() - one.at) / 1e9)
    camera.close()
    assert let_go(camera, within_s=15)
    kinds = [kind for kind, _ in itertools.groupby(type(one) for one in given)]
    assert kinds == [Frame, Lost, Frame]
    assert max(ages_s) < 1
    times = [one.at for one in given if isinstance(one, Frame)]
    assert all(later - earlier >= 200_000_000 for earlier, later in itertools.pairwise(times))
