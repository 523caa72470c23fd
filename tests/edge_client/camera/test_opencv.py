import itertools

import numpy as np
import pytest

from edge_client.camera import Frame, Lost
from edge_client.camera.opencv import OpencvCamera, Video, shown_name
from edge_client.errors import CameraUnavailable
from shared_schema.face.types import Bgr
from tests.edge_client.fakes import FakeClock

MS = 1_000_000
PICTURE: Bgr = np.zeros((4, 4, 3), np.uint8)


class FakeVideo:
    """Gives a frame every 30 ms, as many as it has."""

    def __init__(self, clock: FakeClock, frames: int) -> None:
        self.clock = clock
        self.frames = frames
        self.released = False

    def read(self) -> tuple[bool, Bgr | None]:
        self.clock.go_on(0.03)
        self.frames -= 1
        return (True, PICTURE) if self.frames >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def opened(clock: FakeClock, videos: list[Video | None]) -> OpencvCamera:
    return OpencvCamera("0", clock=clock, open_video=lambda _source: videos.pop(0), sleep=clock.go_on)


def test_frames_come_once_per_interval_and_carry_the_time_they_were_read(clock: FakeClock) -> None:
    camera = opened(clock, [FakeVideo(clock, 100)])
    given = [camera.next(200) for _ in range(3)]
    times = [one.at for one in given if isinstance(one, Frame)]
    assert len(times) == 3
    assert all(200 * MS <= later - earlier < 240 * MS for earlier, later in itertools.pairwise(times))


def test_a_camera_that_cannot_be_opened_is_refused_with_what_to_do(clock: FakeClock) -> None:
    with pytest.raises(CameraUnavailable, match="check that it is plugged in"):
        opened(clock, [None])


def test_a_camera_that_stops_is_blind_until_it_is_opened_again(clock: FakeClock) -> None:
    first, second = FakeVideo(clock, 1), FakeVideo(clock, 9)
    camera = opened(clock, [first, None, second])
    given = [camera.next(20) for _ in range(4)]
    assert [type(one) for one in given] == [Frame, Lost, Lost, Frame]
    assert first.released


def test_close_ends_the_wait_for_a_camera_that_is_gone(clock: FakeClock) -> None:
    camera = OpencvCamera("0", clock=clock, open_video=lambda _source: FakeVideo(clock, 0), sleep=lambda _seconds: camera.close())
    assert isinstance(camera.next(20), Lost)
    assert camera.next(20) is None


def test_after_close_the_camera_is_let_go(clock: FakeClock) -> None:
    video = FakeVideo(clock, 9)
    camera = opened(clock, [video])
    camera.close()
    assert camera.next(20) is None
    assert video.released


def test_the_password_of_an_address_is_not_printed(clock: FakeClock) -> None:
    assert shown_name("rtsp://user:secret@camera.example/stream") == "rtsp://camera.example/stream"
    with pytest.raises(CameraUnavailable) as refused:
        OpencvCamera("rtsp://user:secret@camera.example/stream", clock=clock, open_video=lambda _source: None)
    assert "secret" not in str(refused.value)
