import contextlib
import itertools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from edge_client.camera import Frame
from edge_client.camera.picamera import FRAME_WITHIN_S, Metadata, Picamera2, PicameraCamera, controls_of, import_picamera2
from edge_client.config import CameraConfig
from edge_client.errors import CameraHung, CameraUnavailable
from shared_schema.face.types import Bgr
from tests.edge_client.fakes import FakeClock

MS = 1_000_000
FRAME_MS = 50
CONFIG = CameraConfig(kind="picamera", sensor_fps=1000 / FRAME_MS)


@dataclass
class FakeRequest:
    metadata: Metadata
    released: bool = False

    def make_array(self, name: str) -> Bgr:
        assert name == "main"
        return np.full((4, 6, 3), 7, np.uint8)

    def get_metadata(self) -> Metadata:
        return self.metadata


class FakePicamera:
    """A sensor with a frame every 50 ms, whose exposure settles after so many; it gives as many as it has."""

    def __init__(self, clock: FakeClock, *, settles_after: int | None = 3, frames: int = 1000) -> None:
        self.clock = clock
        self.settles_after = settles_after
        self.frames = frames
        self.given: list[FakeRequest] = []
        self.calls: list[str] = []
        self.asked: dict[str, object] = {}
        self.lag_ns = 0
        self.error: Exception | None = None

    @property
    def camera_controls(self) -> Mapping[str, object]:
        return {"FrameDurationLimits": (0, 1, None), "AeEnable": (0, 1, 1), "AeExposureMode": (0, 3, 0)}

    def create_video_configuration(
        self, *, main: dict[str, object], buffer_count: int, queue: bool, controls: dict[str, object], transform: object
    ) -> dict[str, object]:
        self.asked = {"main": main, "queue": queue, "controls": controls, "transform": transform}
        return self.asked

    def configure(self, camera_config: dict[str, object]) -> None:
        self.calls.append("configure")

    def start(self) -> None:
        self.calls.append("start")

    @contextlib.contextmanager
    def captured_request(self, wait: float) -> Iterator[FakeRequest]:
        if self.error is not None:
            raise self.error
        if len(self.given) >= self.frames:
            self.clock.go_on(wait)
            raise TimeoutError
        self.clock.now = (self.clock.now // (FRAME_MS * MS) + 1) * FRAME_MS * MS
        number = len(self.given)
        metadata: dict[str, object] = {"SensorTimestamp": self.clock.now - self.lag_ns}
        if self.settles_after is not None:
            metadata |= {"AeLocked": number >= self.settles_after, "ExposureTime": 1000 * 2**number, "AnalogueGain": 1.0}
        request = FakeRequest(metadata)
        self.given.append(request)
        try:
            yield request
        finally:
            request.released = True

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


def opened(sensor: FakePicamera, config: CameraConfig = CONFIG, *, count: int = 1) -> PicameraCamera:
    given = Picamera2(count=lambda: count, open=lambda _number: sensor, transform=lambda **turns: turns)
    return PicameraCamera(config, clock=sensor.clock, load=lambda: given, sleep=sensor.clock.go_on)


def test_frames_come_once_per_interval_and_carry_the_sensors_time(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    sensor.lag_ns = 20 * MS
    camera = opened(sensor)
    given = [camera.next(200) for _ in range(4)]
    times = [one.at for one in given if isinstance(one, Frame)]
    assert len(times) == 4
    assert clock.now - times[-1] == 20 * MS
    assert all(later - earlier == 200 * MS for earlier, later in itertools.pairwise(times))
    assert all(request.released for request in sensor.given)


def test_a_frame_that_comes_a_little_early_is_taken(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    camera = opened(sensor)
    first = camera.next(200)
    sensor.lag_ns = 2 * MS
    second = camera.next(200)
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert second.at - first.at == 198 * MS


def test_no_frame_is_handed_out_before_exposure_has_settled(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    opened(sensor).next(200)
    assert len(sensor.given) == 5


def test_a_sensor_that_does_not_say_so_has_settled_when_its_exposure_stands_still(clock: FakeClock) -> None:
    sensor = FakePicamera(clock, settles_after=None)
    opened(sensor).next(200)
    assert len(sensor.given) == 4


def test_an_exposure_that_never_settles_is_waited_for_a_second(clock: FakeClock) -> None:
    began = clock.now
    given = opened(FakePicamera(clock, settles_after=10_000)).next(200)
    assert isinstance(given, Frame)
    assert 1_000 * MS <= given.at - began <= 1_100 * MS


def test_a_timestamp_of_another_clock_is_not_believed(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    sensor.lag_ns = 3_600 * 1_000 * MS
    given = opened(sensor).next(200)
    assert isinstance(given, Frame)
    assert given.at == clock.now


def test_a_sensor_that_gives_nothing_for_five_seconds_ends_the_process(clock: FakeClock) -> None:
    camera = opened(FakePicamera(clock, frames=5))
    camera.next(200)
    began = clock.now
    with pytest.raises(CameraHung, match="ribbon cable") as hung:
        camera.next(200)
    assert hung.value.exit_code == 1
    assert clock.now - began < (FRAME_WITHIN_S + 1) * 1_000 * MS


def test_a_driver_that_fails_ends_the_process(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    camera = opened(sensor)
    sensor.error = RuntimeError("request failed")
    with pytest.raises(CameraHung, match="request failed"):
        camera.next(200)


def test_close_gives_no_more_frames_and_touches_no_driver(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    camera = opened(sensor)
    camera.close()
    camera.close()
    assert camera.next(200) is None
    assert sensor.calls == ["configure", "start"]
    camera.release()
    assert sensor.calls == ["configure", "start", "stop", "close"]


def test_close_breaks_off_the_wait_for_the_interval(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    given = Picamera2(count=lambda: 1, open=lambda _number: sensor, transform=dict)
    camera = PicameraCamera(CONFIG, clock=clock, load=lambda: given, sleep=lambda _seconds: camera.close())
    assert isinstance(camera.next(60_000), Frame)
    assert camera.next(60_000) is None


def test_the_picture_is_asked_for_as_blue_green_red_and_as_the_configuration_says(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    opened(sensor, CameraConfig(kind="picamera", width=1640, height=1232, upside_down=True))
    assert sensor.asked["main"] == {"size": (1640, 1232), "format": "RGB888"}
    assert sensor.asked["transform"] == {"hflip": 1, "vflip": 1}
    assert sensor.asked["queue"] is False


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CameraConfig(kind="picamera"), {"AeExposureMode": 1, "AfMode": 2}),
        (CameraConfig(kind="picamera", exposure="normal", focus_m=2.0), {"AeExposureMode": 0, "AfMode": 0, "LensPosition": 0.5}),
    ],
)
def test_exposure_and_focus_are_asked_for_as_the_configuration_says(config: CameraConfig, expected: dict[str, object]) -> None:
    known = dict.fromkeys(("AeExposureMode", "AfMode", "LensPosition"))
    assert controls_of(config, known) == expected


def test_a_sensor_is_not_asked_for_what_it_does_not_understand(clock: FakeClock) -> None:
    sensor = FakePicamera(clock)
    opened(sensor)
    assert sensor.asked["controls"] == {"FrameDurationLimits": (50_000, 50_000), "AeEnable": True, "AeExposureMode": 1}


@pytest.mark.parametrize(("count", "source"), [(0, ""), (1, "1")])
def test_a_camera_that_is_not_there_is_refused_with_what_to_do(clock: FakeClock, count: int, source: str) -> None:
    with pytest.raises(CameraUnavailable, match="check the ribbon cable") as refused:
        opened(FakePicamera(clock), CameraConfig(kind="picamera", source=source), count=count)
    assert refused.value.exit_code == 4


def test_a_camera_that_another_program_has_is_refused_with_what_to_do(clock: FakeClock) -> None:
    def busy(_number: int) -> FakePicamera:
        raise RuntimeError("Failed to acquire camera: Device or resource busy")

    given = Picamera2(count=lambda: 1, open=busy, transform=dict)
    with pytest.raises(CameraUnavailable, match="no other program has it"):
        PicameraCamera(CONFIG, clock=clock, load=lambda: given)


def test_where_the_package_is_missing_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setitem(sys.modules, "libcamera", None)
    with pytest.raises(CameraUnavailable, match="apt install python3-picamera2"):
        import_picamera2()
