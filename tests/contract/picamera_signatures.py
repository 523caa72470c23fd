"""Run by an interpreter that has the real picamera2: binds every call of the adapter to its true signature.

Its native parts (libcamera, pykms) exist on a Pi alone and are stood in for. The second argument of the command is the folder of the
packages that the adapter needs besides.
"""

import contextlib
import inspect
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[2]


class Transform:
    """As libcamera's: made of flips."""

    def __init__(self, hflip: int = 0, vflip: int = 0, transpose: int = 0) -> None:
        self.flips = (hflip, vflip, transpose)


def main() -> None:
    sys.path += [sys.argv[1], str(ROOT)]
    sys.modules["libcamera"] = mock.MagicMock(name="libcamera", Transform=Transform)
    sys.modules["pykms"] = sys.modules["kms"] = mock.MagicMock(name="pykms")
    from picamera2 import Picamera2  # noqa: PLC0415 (the stand-ins come first)
    from picamera2.request import CompletedRequest  # noqa: PLC0415

    from edge_client.camera import Frame  # noqa: PLC0415
    from edge_client.camera.picamera import Picamera2 as Given  # noqa: PLC0415
    from edge_client.camera.picamera import PicameraCamera, import_picamera2  # noqa: PLC0415
    from edge_client.clock import SystemClock  # noqa: PLC0415
    from edge_client.config import CameraConfig  # noqa: PLC0415

    assert import_picamera2().open is Picamera2
    request = mock.create_autospec(_spec_of(CompletedRequest), instance=True)
    request.make_array.return_value = _picture()
    request.get_metadata.side_effect = lambda: {"SensorTimestamp": time.clock_gettime_ns(time.CLOCK_BOOTTIME), "AeLocked": True}
    camera = mock.create_autospec(_spec_of(Picamera2), instance=True)
    camera.camera_controls = {"AeExposureMode": (0, 3, 0), "FrameDurationLimits": (0, 1, None), "AfMode": (0, 2, 0)}
    camera.captured_request.side_effect = lambda **given: _released(request, **given)
    given = Given(count=lambda: 1, open=lambda number: _opened(camera, Picamera2, number), transform=Transform)
    adapter = PicameraCamera(CameraConfig(kind="picamera"), clock=SystemClock(), load=lambda: given)
    frame = adapter.next(0)
    adapter.close()
    adapter.release()
    for name in ("create_video_configuration", "configure", "start", "captured_request", "stop", "close"):
        assert getattr(camera, name).called, name
    print("every call fits")  # noqa: T201
    try:
        camera.captured_request(bogus=1)
    except TypeError as error:
        print(f"the control fails: {error}")  # noqa: T201
    assert isinstance(frame, Frame)
    assert frame.image.shape == (4, 6, 3)
    assert request.release.called
    print("a captured request gives main, a timestamp, and is released")  # noqa: T201


def _spec_of(real: type) -> type:
    """The true methods alone: properties would be evaluated, and some of them ask the hardware."""
    return type(real.__name__, (), dict(inspect.getmembers(real, inspect.isfunction)))


def _opened(camera: mock.NonCallableMagicMock, real: type, number: int) -> mock.NonCallableMagicMock:
    inspect.signature(real).bind(number)
    return camera


@contextlib.contextmanager
def _released(request: mock.NonCallableMagicMock, **_given: object) -> Iterator[mock.NonCallableMagicMock]:
    """As the real one does with every request."""
    try:
        yield request
    finally:
        request.release()


def _picture() -> object:
    import numpy as np  # noqa: PLC0415 (the interpreter's own)

    return np.zeros((4, 6, 3), np.uint8)


if __name__ == "__main__":
    main()
