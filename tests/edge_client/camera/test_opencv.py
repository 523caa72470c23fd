import itertools
import threading

import numpy as np
import pytest

from edge_client.camera import Frame, Lost, let_go
from edge_client.camera.opencv import Grabber, OpencvCamera, Patience, Video, shown_name
from edge_client.errors import CameraHung, CameraUnavailable
from shared_schema.face.types import Bgr
from tests.edge_client.fakes import FakeClock

MS = 1_000_000
PICTURE: Bgr = np.zeros((4, 4, 3), np.uint8)
IMPATIENT = Patience(lost_after_s=0.1, hung_after_s=0.3)


class FakeVideo:
    """Gives a frame every 30 ms, as many as it has."""

    def __init__(self, clock: FakeClock, frames: int) -> None:
        self.clock = clock
        self.frames = frames
        self.decoded = 0
        self.released = False

    def grab(self) -> bool:
        self.clock.go_on(0.03)
        self.frames -= 1
        return self.frames >= 0

    def retrieve(self) -> tuple[bool, Bgr | None]:
        self.decoded += 1
        return True, PICTURE

    def release(self) -> None:
        self.released = True


class HeldVideo:
    """A camera that gives a frame only when it is let to; `waits` tells that its reader asks for the next."""

    def __init__(self) -> None:
        self.let = threading.Semaphore(0)
        self.waits = threading.Event()
        self.number = 0
        self.released = threading.Event()

    def grab(self) -> bool:
        if not self.let.acquire(blocking=False):
            self.waits.set()
            self.let.acquire()
        self.number += 1
        return True

    def retrieve(self) -> tuple[bool, Bgr | None]:
        return True, np.full((2, 2, 3), self.number, np.uint8)

    def release(self) -> None:
        self.released.set()

    def give(self, frames: int) -> None:
        """Returns when the reader has them all."""
        self.waits.clear()
        self.let.release(frames)
        assert self.waits.wait(5)


def grabber(clock: FakeClock, videos: list[Video | None]) -> Grabber:
    return Grabber("0", clock=clock, open_video=lambda _source: videos.pop(0), sleep=clock.go_on)


def handed_out(grabs: Grabber, due_ns: int = 0) -> Frame | Lost:
    return next(given for _ in range(100) if (given := grabs.step(due_ns)) is not None)


def test_frames_come_once_per_interval_and_carry_the_time_they_were_read(clock: FakeClock) -> None:
    video = FakeVideo(clock, 100)
    grabs, times = grabber(clock, [video]), [0]
    for _ in range(3):
        times.append(handed_out(grabs, times[-1] + 200 * MS).at)
    assert all(200 * MS <= later - earlier < 240 * MS for earlier, later in itertools.pairwise(times[1:]))
    assert video.decoded == 3


def test_a_camera_that_cannot_be_opened_is_refused_with_what_to_do(clock: FakeClock) -> None:
    with pytest.raises(CameraUnavailable, match="check that it is plugged in"):
        grabber(clock, [None])


def test_a_camera_that_stops_is_blind_until_it_is_opened_again(clock: FakeClock) -> None:
    first, second = FakeVideo(clock, 1), FakeVideo(clock, 9)
    grabs = grabber(clock, [first, None, second])
    assert [type(handed_out(grabs)) for _ in range(4)] == [Frame, Lost, Lost, Frame]
    assert first.released


def test_a_camera_that_is_gone_is_asked_for_more_and_more_seldom(clock: FakeClock) -> None:
    grabs = grabber(clock, [FakeVideo(clock, 0), None, None, None, None, None, None])
    times = [handed_out(grabs).at for _ in range(7)]
    assert [round((later - earlier) / 1e9) for earlier, later in itertools.pairwise(times)] == [2, 4, 8, 16, 30, 30]


def test_a_camera_that_came_back_is_asked_for_soon_again(clock: FakeClock) -> None:
    grabs = grabber(clock, [FakeVideo(clock, 0), None, None, FakeVideo(clock, 1), FakeVideo(clock, 1)])
    given = [handed_out(grabs) for _ in range(6)]
    assert [type(one) for one in given] == [Lost, Lost, Lost, Frame, Lost, Frame]
    assert round((given[-1].at - given[-2].at) / 1e9) == 2


def test_close_ends_the_wait_for_a_camera_that_is_gone(clock: FakeClock) -> None:
    grabs = Grabber(
        "0", clock=clock, open_video=lambda _source: FakeVideo(clock, 0), sleep=lambda _seconds: setattr(grabs, "stopped", True)
    )
    assert isinstance(grabs.step(0), Lost)
    assert grabs.step(0) is None


def test_the_newest_frame_is_handed_out_whatever_came_before(clock: FakeClock) -> None:
    video = HeldVideo()
    camera = OpencvCamera("0", clock=clock, open_video=lambda _source: video)
    video.give(5)
    given = camera.next(200)
    assert isinstance(given, Frame)
    assert given.image[0, 0, 0] == 5
    camera.close()
    video.let.release()
    assert let_go(camera, within_s=5)
    assert video.released.is_set()


def test_a_read_that_hangs_is_blindness_first_and_then_the_end_of_the_process(clock: FakeClock) -> None:
    video = HeldVideo()
    camera = OpencvCamera("rtsp://a/b", clock=clock, open_video=lambda _source: video, patience=IMPATIENT)
    video.give(1)
    given = [camera.next(0) for _ in range(3)]
    assert [type(one) for one in given] == [Frame, Lost, Lost]
    with pytest.raises(CameraHung, match="check camera and network"):
        camera.next(0)
    assert not let_go(camera, within_s=0.05)
    video.let.release()
    assert video.released.wait(5)


def test_a_read_that_hung_for_a_while_and_returns_is_forgiven(clock: FakeClock) -> None:
    video = HeldVideo()
    camera = OpencvCamera("rtsp://a/b", clock=clock, open_video=lambda _source: video, patience=IMPATIENT)
    video.give(1)
    given = [camera.next(0) for _ in range(3)]
    video.give(1)
    given += [camera.next(0) for _ in range(3)]
    assert [type(one) for one in given] == [Frame, Lost, Lost, Frame, Lost, Lost]
    camera.close()
    video.let.release()
    assert video.released.wait(5)


def test_close_ends_the_wait_for_a_frame(clock: FakeClock) -> None:
    video = HeldVideo()
    camera = OpencvCamera("0", clock=clock, open_video=lambda _source: video)
    assert video.waits.wait(5)
    threading.Timer(0.05, camera.close).start()
    assert camera.next(200) is None
    video.let.release()
    assert let_go(camera, within_s=5)


def test_the_password_of_an_address_is_not_printed(clock: FakeClock) -> None:
    assert shown_name("rtsp://user:secret@camera.example/stream") == "rtsp://camera.example/stream"
    with pytest.raises(CameraUnavailable) as refused:
        OpencvCamera("rtsp://user:secret@camera.example/stream", clock=clock, open_video=lambda _source: None)
    assert "secret" not in str(refused.value)
