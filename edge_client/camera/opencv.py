"""What OpenCV can open: a USB camera by its index, a network camera by its address, a file.

A thread of its own reads all the time, so that no frame waits in a queue and grows old, and so that a network camera that hangs in the
middle of a read holds up nobody but that thread.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import cv2
import numpy as np

from edge_client.camera import Frame, Lost
from edge_client.clock import Clock
from edge_client.errors import CameraHung, CameraUnavailable
from shared_schema.face.types import Bgr

GIVES_NO_FRAMES: Final = "camera_gives_no_frames"
REOPEN_AFTER_S: Final = 2.0
"""How long a camera that gave no frame is left alone before it is opened again; twice as long each time it is of no use."""
LONGEST_REOPEN_AFTER_S: Final = 30.0
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_SLICE_S: Final = 0.1
"""A wait is cut into slices, after each of which `close` is noticed."""
_NETWORK_TIMEOUT_MS: Final = 10_000

log = logging.getLogger("lintel.camera")


class Video(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, Bgr | None]: ...

    def release(self) -> None: ...


OpenVideo = Callable[[str], Video | None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a camera is waited for: `lost_after_s` for a frame, `hung_after_s` for a read that does not return."""

    lost_after_s: float = 5.0
    hung_after_s: float = 60.0


class Grabber:
    """Reads one frame after the other, and opens a camera that fails again and again. For one thread."""

    def __init__(self, source: str, *, clock: Clock, open_video: OpenVideo, sleep: Callable[[float], None]) -> None:
        """Raises CameraUnavailable when it cannot be opened."""
        self._source = source
        self._clock = clock
        self._open_video = open_video
        self._sleep = sleep
        self._wait_s = REOPEN_AFTER_S
        self.stopped = False
        self._video: Video | None = open_video(source)
        if self._video is None:
            raise CameraUnavailable(
                f"camera {shown_name(source)} cannot be opened; check that it is plugged in, not used by another program, "
                "and that [camera] source names its index, address or file"
            )

    def step(self, due_ns: int) -> Frame | Lost | None:
        """The next frame if it comes at `due_ns` or later; None for one that is thrown away undecoded, and when stopped."""
        if self._video is None and not self._reopen():
            return None if self.stopped else Lost(self._clock.boot_ns(), GIVES_NO_FRAMES)
        assert self._video is not None  # noqa: S101 (for the checker)
        grabbed = self._video.grab()
        at = self._clock.boot_ns()
        if grabbed and at < due_ns:
            return None
        whole, image = self._video.retrieve() if grabbed else (False, None)
        if not whole or image is None or image.size == 0:
            log.warning("camera gives no frames")
            self.release()
            return Lost(at, GIVES_NO_FRAMES)
        self._wait_s = REOPEN_AFTER_S
        return Frame(np.asarray(image, np.uint8), at)

    def release(self) -> None:
        """Let go of the camera; the next step opens it again."""
        if self._video is not None:
            self._video.release()
            self._video = None

    def _reopen(self) -> bool:
        until = self._clock.boot_ns() + int(self._wait_s * _NS_PER_S)
        while not self.stopped and (left_ns := until - self._clock.boot_ns()) > 0:
            self._sleep(min(_SLICE_S, left_ns / _NS_PER_S))
        self._wait_s = min(LONGEST_REOPEN_AFTER_S, 2 * self._wait_s)
        self._video = None if self.stopped else self._open_video(self._source)
        if self._video is not None:
            log.info("camera opened again")
        return self._video is not None


class OpencvCamera:
    """Hands out the newest frame, one per interval."""

    def __init__(
        self,
        source: str,
        *,
        clock: Clock,
        open_video: OpenVideo | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._patience = patience or Patience()
        self._grabber = Grabber(source, clock=clock, open_video=open_video or open_with_opencv, sleep=sleep)
        self._arrived = threading.Condition()
        self._newest: Frame | Lost | None = None
        self._due_ns = self._next_at_ns = self._interval_ns = 0
        self._steps = 0
        self._silent_s = 0.0
        self._reader = threading.Thread(target=self._read_on, name="camera-reader", daemon=True)
        self._reader.start()

    def next(self, interval_ms: int) -> Frame | Lost | None:
        """See `Camera.next`."""
        self._interval_ns = interval_ms * _NS_PER_MS
        before = self._steps
        given = self._take()
        if self._grabber.stopped:
            return None
        self._silent_s = self._silent_s + self._patience.lost_after_s if given is None and self._steps == before else 0.0
        if self._silent_s >= self._patience.hung_after_s:
            raise CameraHung(
                f"camera {shown_name(self._source)} hangs; the process ends so that it is opened anew, check camera and network"
            )
        return given or Lost(self._clock.boot_ns(), GIVES_NO_FRAMES)

    def close(self) -> None:
        """See `Camera.close`."""
        self._grabber.stopped = True

    def release(self) -> None:
        """See `Camera.release`: the reader lets go of the camera when its read returns."""
        self._reader.join()

    def _take(self) -> Frame | Lost | None:
        """What came last, is due and was not handed out yet; None when nothing comes in time. `close` is noticed without the lock."""
        waited_s = 0.0
        with self._arrived:
            while not self._is_there() and not self._grabber.stopped and waited_s < self._patience.lost_after_s:
                self._arrived.wait(_SLICE_S)
                waited_s += _SLICE_S
            given, self._newest = self._newest if self._is_there() else None, None
        if isinstance(given, Frame):
            self._next_at_ns = given.at + self._interval_ns
        return given

    def _is_there(self) -> bool:
        return self._newest is not None and (isinstance(self._newest, Lost) or self._newest.at >= self._next_at_ns)

    def _read_on(self) -> None:
        while not self._grabber.stopped:
            given = self._grabber.step(self._due_ns)
            self._steps += 1
            if given is not None:
                self._hand_over(given)
        self._grabber.release()

    def _hand_over(self, given: Frame | Lost) -> None:
        if isinstance(given, Frame):
            self._due_ns = given.at + self._interval_ns
        with self._arrived:
            self._newest = given
            self._arrived.notify()


def open_with_opencv(source: str) -> Video | None:
    """A number is the index of a local camera, anything else a path or address. None when it cannot be opened."""
    if source.isdecimal():
        video = cv2.VideoCapture(int(source))
    elif "://" in source:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _NETWORK_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _NETWORK_TIMEOUT_MS]
        video = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
    else:
        video = cv2.VideoCapture(source)
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
