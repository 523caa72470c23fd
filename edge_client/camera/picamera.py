"""A Raspberry Pi's own camera, through picamera2: the only file that knows of it.

Only the main stream is used. A second, small one for the motion gate would save its subsampling, and the copy of a frame in which
nothing moves: 0.1 ms and 1.8 ms of a frame of 1280×720 on the machine this was measured on, 1 % of a core at five frames a second.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from edge_client.camera import Frame, Lost
from edge_client.clock import Clock
from edge_client.config import CameraConfig
from edge_client.errors import CameraHung, CameraUnavailable
from shared_schema.face.types import Bgr
from shared_schema.ids import BootNs

FRAME_WITHIN_S: Final = 5.0
"""A sensor that runs gives a frame far sooner; after so long it never will again."""
SETTLE_WITHIN_S: Final = 1.0
"""A frame is handed out at the latest so long after the first one, whether exposure has settled or not."""
_STEADY_FRAMES: Final = 3
_STEADY: Final = 0.05
"""Exposure has settled when it changes by no more than this share over so many frames, where the sensor does not say so itself."""
_JITTER_NS: Final = 5_000_000
"""A frame that comes so little too early is the one that was waited for."""
_NEAR_NS: Final = 5_000_000_000
"""A timestamp farther from the boot clock than this is of another clock."""
_BUFFERS: Final = 4
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_SLICE_S: Final = 0.1
_AE_CONVERGED: Final = 2
_AE_MODES: Final = {"normal": 0, "short": 1}
_AF_MANUAL: Final = 0
_AF_CONTINUOUS: Final = 2

Metadata = Mapping[str, object]


class Request(Protocol):
    """The part of picamera2's CompletedRequest that is used."""

    def make_array(self, name: str) -> Bgr: ...

    def get_metadata(self) -> Metadata: ...


class Picamera(Protocol):
    """The part of `picamera2.Picamera2` that is used."""

    @property
    def camera_controls(self) -> Mapping[str, object]: ...

    def create_video_configuration(
        self, *, main: dict[str, object], buffer_count: int, queue: bool, controls: dict[str, object], transform: object
    ) -> dict[str, object]: ...

    def configure(self, camera_config: dict[str, object]) -> None: ...

    def start(self) -> None: ...

    def captured_request(self, wait: float) -> contextlib.AbstractContextManager[Request]: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Picamera2:
    """What is taken from the packages: how many cameras there are, how to open one, and how its picture is turned."""

    count: Callable[[], int]
    open: Callable[[int], Picamera]
    transform: Callable[..., object]


def import_picamera2() -> Picamera2:
    """The real ones. Raises CameraUnavailable where they are not installed."""
    try:
        from libcamera import Transform  # noqa: PLC0415 (only where such a camera is used)
        from picamera2 import Picamera2 as Real  # noqa: PLC0415
    except ImportError as error:
        raise CameraUnavailable(
            f"[camera] kind picamera needs Raspberry Pi OS's own package ({error}): apt install python3-picamera2, "
            "and make the environment with python3 -m venv --system-site-packages"
        ) from error
    return Picamera2(lambda: len(Real.global_camera_info()), Real, Transform)


class PicameraCamera:
    """Takes one frame per interval, at the moment it is wanted."""

    def __init__(
        self,
        config: CameraConfig,
        *,
        clock: Clock,
        load: Callable[[], Picamera2] = import_picamera2,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._stopped = False
        self._settled = False
        self._last_at: BootNs | None = None
        self._camera = _opened(config, load())

    def next(self, interval_ms: int) -> Frame | Lost | None:
        """See `Camera.next`. A frame carries the time at which the sensor took it."""
        while not self._stopped:
            if not self._settled:
                self._settle()
            due = 0 if self._last_at is None else self._last_at + interval_ms * _NS_PER_MS - _JITTER_NS
            self._wait_until(due)
            frame = None if self._stopped else self._take()[0]
            if frame is not None and frame.at >= due:
                self._last_at = frame.at
                return frame
        return None

    def close(self) -> None:
        """See `Camera.close`."""
        self._stopped = True

    def release(self) -> None:
        """See `Camera.release`."""
        self._camera.stop()
        self._camera.close()

    def _take(self) -> tuple[Frame, Metadata]:
        """The next frame of the sensor. Raises CameraHung when none comes."""
        try:
            with self._camera.captured_request(wait=FRAME_WITHIN_S) as request:
                image, metadata = request.make_array("main"), request.get_metadata()
        except TimeoutError as error:
            raise CameraHung(
                f"the camera gave no frame for {FRAME_WITHIN_S:.0f} s; the process ends so that it is opened anew, check the ribbon cable"
            ) from error
        except RuntimeError as error:
            raise CameraHung(f"the camera failed ({error}); the process ends so that it is opened anew") from error
        return Frame(np.ascontiguousarray(image[:, :, :3]), self._time_of(metadata)), metadata

    def _time_of(self, metadata: Metadata) -> BootNs:
        """The sensor's own timestamp, where it is of the boot clock; otherwise now."""
        now = self._clock.boot_ns()
        stated = metadata.get("SensorTimestamp")
        return BootNs(stated) if isinstance(stated, int) and 0 <= now - stated < _NEAR_NS else now

    def _settle(self) -> None:
        """Let exposure and colours find themselves: the first frames of a sensor are dark, or green."""
        self._settled = True
        until = self._clock.boot_ns() + int(SETTLE_WITHIN_S * _NS_PER_S)
        exposures: list[float] = []
        while not self._stopped:
            _, metadata = self._take()
            exposures.append(_exposure(metadata))
            if _says_settled(metadata, exposures) or self._clock.boot_ns() >= until:
                return

    def _wait_until(self, due_ns: int) -> None:
        while not self._stopped and (left_ns := due_ns - self._clock.boot_ns()) > 0:
            self._sleep(min(_SLICE_S, left_ns / _NS_PER_S))


def _opened(config: CameraConfig, given: Picamera2) -> Picamera:
    number, count = int(config.source or 0), given.count()
    if number >= count:
        raise CameraUnavailable(
            f"there is no camera {number}, libcamera finds {count}; check the ribbon cable with `rpicam-hello --list-cameras`"
        )
    try:
        camera = given.open(number)
        turned = int(config.upside_down)
        camera.configure(
            camera.create_video_configuration(
                main={"size": (config.width, config.height), "format": "RGB888"},
                buffer_count=_BUFFERS,
                queue=False,
                controls=controls_of(config, camera.camera_controls),
                transform=given.transform(hflip=turned, vflip=turned),
            )
        )
        camera.start()
    except (RuntimeError, IndexError, ValueError) as error:
        raise CameraUnavailable(
            f"camera {number} cannot be used ({error.__cause__ or error}); check that no other program has it"
        ) from error
    return camera


def controls_of(config: CameraConfig, known: Mapping[str, object]) -> dict[str, object]:
    """What the sensor is asked for, of what it understands. libcamera calls what comes out as blue-green-red in memory RGB888."""
    frame_us = round(1_000_000 / config.sensor_fps)
    wanted: dict[str, object] = {
        "FrameDurationLimits": (frame_us, frame_us),
        "AeEnable": True,
        "AeExposureMode": _AE_MODES[config.exposure],
    }
    if config.focus_m is None:
        wanted["AfMode"] = _AF_CONTINUOUS
    else:
        wanted |= {"AfMode": _AF_MANUAL, "LensPosition": 1 / config.focus_m}
    return {name: value for name, value in wanted.items() if name in known}


def _exposure(metadata: Metadata) -> float:
    """How much light a frame was given; 0 where the sensor does not say."""
    time_us, gain = metadata.get("ExposureTime"), metadata.get("AnalogueGain", 1.0)
    return float(time_us) * float(gain) if isinstance(time_us, int | float) and isinstance(gain, int | float) else 0.0


def _says_settled(metadata: Metadata, exposures: list[float]) -> bool:
    if metadata.get("AeLocked") is True or metadata.get("AeState") == _AE_CONVERGED:
        return True
    last = exposures[-_STEADY_FRAMES:]
    return len(last) == _STEADY_FRAMES and max(last) - min(last) <= _STEADY * max(last)
