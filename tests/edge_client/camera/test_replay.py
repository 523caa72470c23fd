import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_client.camera import Frame, Lost
from edge_client.camera.choose import open_camera
from edge_client.camera.replay import Pace, ReplayCamera, open_source
from edge_client.config import CameraConfig
from edge_client.errors import CameraUnavailable
from shared_schema.face.types import Bgr
from tests.edge_client.fakes import FakeClock

MS = 1_000_000


def picture(level: int) -> Bgr:
    return np.full((48, 64, 3), level, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), picture(20 * number))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (64, 48))
    for number in range(40):
        writer.write(picture(6 * number))
    writer.release()
    return path


def camera(source: Path, clock: FakeClock, *, pace: Pace = "fast", repeat: bool = False) -> ReplayCamera:
    return ReplayCamera(open_source(str(source), frames_per_second=10), clock=clock, pace=pace, repeat=repeat, sleep=clock.go_on)


def everything(replay: ReplayCamera, interval_ms: int = 200) -> list[Frame | Lost]:
    given = []
    while (one := replay.next(interval_ms)) is not None:
        given.append(one)
    return given


def frames(replay: ReplayCamera, interval_ms: int = 200) -> list[Frame]:
    return [one for one in everything(replay, interval_ms) if isinstance(one, Frame)]


def distances_ms(given: list[Frame]) -> list[int]:
    return [round((frame.at - given[0].at) / MS) for frame in given]


def test_a_folder_is_played_in_the_order_of_its_names_and_by_time(folder: Path, clock: FakeClock) -> None:
    given = frames(camera(folder, clock))
    assert [int(frame.image[0, 0, 0]) for frame in given] == [0, 40, 80, 120, 160]
    assert distances_ms(given) == [0, 200, 400, 600, 800]


def test_a_clip_is_played_by_its_own_timestamps(clip: Path, clock: FakeClock) -> None:
    given = frames(camera(clip, clock))
    assert distances_ms(given) == [200 * number for number in range(10)]
    assert abs(int(given[5].image.mean()) - 6 * 20) <= 3


def test_an_interval_that_no_frame_falls_on_takes_the_next_frame(clip: Path, clock: FakeClock) -> None:
    assert distances_ms(frames(camera(clip, clock), 120))[:6] == [0, 150, 250, 400, 500, 600]


@pytest.mark.parametrize("source", ["folder", "clip"])
def test_the_pace_changes_neither_frames_nor_their_distances(source: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(source)
    own = frames(camera(path, FakeClock(boot_ns=10**12), pace="own"))
    fast = frames(camera(path, FakeClock(boot_ns=10**12), pace="fast"))
    assert distances_ms(own) == distances_ms(fast)
    assert all(np.array_equal(one.image, other.image) for one, other in zip(own, fast, strict=True))


def test_played_fast_a_clip_ends_about_now_and_never_in_the_future(clip: Path) -> None:
    clock = FakeClock(boot_ns=10**12)
    given = frames(camera(clip, clock))
    assert clock.now == 10**12
    assert given[0].at > 10**12 - 2100 * MS
    assert 10**12 - 400 * MS < given[-1].at <= 10**12


def test_at_its_own_pace_a_frame_comes_when_its_time_has_come(clip: Path) -> None:
    clock = FakeClock(boot_ns=10**12)
    replay = camera(clip, clock, pace="own")
    for number in range(5):
        frame = replay.next(200)
        assert isinstance(frame, Frame)
        assert clock.now >= frame.at
        assert clock.now - 10**12 == pytest.approx(200 * MS * number, abs=2 * MS)


def test_a_replay_right_after_boot_has_no_times_before_it(clip: Path) -> None:
    given = frames(camera(clip, FakeClock(boot_ns=5)))
    assert given[0].at >= 0
    assert distances_ms(given)[-1] == 1800


@pytest.mark.parametrize("pace", ["own", "fast"])
def test_a_repeated_source_begins_again_with_growing_times(folder: Path, clock: FakeClock, pace: Pace) -> None:
    replay = camera(folder, clock, pace=pace, repeat=True)
    given = [replay.next(200) for _ in range(12)]
    times = [one.at for one in given if isinstance(one, Frame)]
    assert len(times) == 12
    assert all(later - earlier >= 199 * MS for earlier, later in itertools.pairwise(times))


def test_an_image_that_cannot_be_read_is_a_blind_moment(folder: Path, clock: FakeClock) -> None:
    (folder / "02.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    given = everything(camera(folder, clock))
    assert [type(one) for one in given] == [Frame, Lost, Frame, Frame, Frame]
    assert isinstance(given[1], Lost)
    assert given[1].reason == "image_unreadable"


def test_after_close_there_are_no_frames(clip: Path, clock: FakeClock) -> None:
    replay = camera(clip, clock)
    replay.next(200)
    replay.close()
    replay.close()
    assert replay.next(200) is None


def test_close_ends_a_wait(clip: Path, clock: FakeClock) -> None:
    def close_while_waiting(seconds: float) -> None:
        clock.go_on(seconds)
        replay.close()

    source = open_source(str(clip), frames_per_second=5)
    replay = ReplayCamera(source, clock=clock, pace="own", sleep=close_while_waiting)
    assert isinstance(replay.next(1000), Frame)
    assert replay.next(1000) is None
    assert clock.now <= 10**9 + 200 * MS


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CameraUnavailable, match="holds no images"):
        open_source(str(tmp_path), frames_per_second=5)


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CameraUnavailable, match="does not exist"):
        open_source(str(tmp_path / "nothing.mp4"), frames_per_second=5)


@pytest.mark.parametrize("content", [b"", b"this is no video at all" * 50])
def test_a_file_that_is_no_clip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraUnavailable, match="not a clip") as refused:
        open_source(str(path), frames_per_second=5)
    assert refused.value.exit_code == 4


def test_a_file_named_as_an_opencv_source_is_played_as_a_clip(clip: Path, clock: FakeClock) -> None:
    chosen = open_camera(CameraConfig(kind="opencv", source=str(clip)), clock)
    assert isinstance(chosen, ReplayCamera)
