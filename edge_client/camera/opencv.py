"""What OpenCV can open: a USB camera by its index, a network camera by its address, a file."""

import logging
import time
from collections.abc import Callable
from typing import Final, Protocol, cast

import cv2
import numpy as np

from edge_client.camera import Frame, Lost
from edge_client.clock import Clock
from edge_client.errors import CameraUnavailable
from shared_schema.face.types import Bgr

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
REOPEN_AFTER_S: Final = 2.0
"""How long a camera that gave no frame is left alone before it is opened again."""
_SLICE_S: Final = 0.1
"""A wait is cut into slices, after each of which `close` is noticed."""

log = logging.getLogger("lintel.camera")


class Video(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def read(self) -> tuple[bool, Bgr | None]: ...

    def release(self) -> None: ...


class OpencvCamera:
    """Reads on, so that frames are never old; hands out one per interval. A camera that fails is opened again and again."""

    def __init__(
        self,
        source: str,
        *,
        clock: Clock,
        open_video: Callable[[str], Video | None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._clock = clock
        self._open_video = open_video or open_with_opencv
        self._sleep = sleep
        self._stopped = False
        self._last_at = 0
        self._video: Video | None = self._open_video(source)
        if self._video is None:
            raise CameraUnavailable(
                f"camera {shown_name(source)} cannot be opened; check that it is plugged in, not used by another program, "
                "and that [camera] source names its index, address or file"
            )

    def next(self, interval_ms: int) -> Frame | Lost | None:
        """See `Camera.next`."""
        due = self._last_at + interval_ms * _NS_PER_MS
        while not self._stopped:
            image = self._read()
            at = self._clock.boot_ns()
            if image is None and not self._stopped:
                self._last_at = at
                return Lost(at, "camera_gives_no_frames")
            if image is not None and at >= due:
                self._last_at = at
                return Frame(image, at)
        self._release()
        return None

    def close(self) -> None:
        """See `Camera.close`. The reader lets go of the camera at its next frame."""
        self._stopped = True

    def _read(self) -> Bgr | None:
        if self._video is None and not self._reopen():
            return None
        assert self._video is not None  # noqa: S101 (for the checker)
        whole, image = self._video.read()
        if not whole or image is None or image.size == 0:
            log.warning("camera gives no frames")
            self._release()
            return None
        return np.asarray(image, np.uint8)

    def _reopen(self) -> bool:
        until = self._clock.boot_ns() + int(REOPEN_AFTER_S * _NS_PER_S)
        while not self._stopped and (left_ns := until - self._clock.boot_ns()) > 0:
            self._sleep(min(_SLICE_S, left_ns / _NS_PER_S))
        self._video = None if self._stopped else self._open_video(self._source)
        if self._video is not None:
            log.info("camera opened again")
        return self._video is not None

    def _release(self) -> None:
        if self._video is not None:
            self._video.release()
            self._video = None


def open_with_opencv(source: str) -> Video | None:
    """A number is the index of a local camera, anything else a path or address. None when it cannot be opened."""
    video = cv2.VideoCapture(int(source) if source.isdecimal() else source)
    if not video.isOpened():
        video.release()
        return None
    video.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return cast("Video", video)


def shown_name(source: str) -> str:
    """The source as it may be printed: the password of an address stays out of logs."""
    scheme, separator, rest = source.partition("://")
    if not separator:
        return source
    return f"{scheme}://{rest.rpartition('@')[2]}"
