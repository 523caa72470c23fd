"""A folder of images or a clip as a camera: at the pace it was recorded, or as fast as it can be looked at."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import cv2
import numpy as np

from edge_client.camera import Frame, Lost
from edge_client.clock import Clock
from edge_client.errors import CameraUnavailable
from shared_schema.face.images import decode_image
from shared_schema.face.types import Bgr, FaceError
from shared_schema.ids import BootNs

Pace = Literal["own", "fast"]
_IMAGES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
_WHAT_TO_DO: Final = "name a folder of images or a video file as [camera] source"
_NS_PER_S: Final = 1_000_000_000
_NS_PER_MS: Final = 1_000_000
_SLICE_S: Final = 0.1
"""A wait is cut into slices, after each of which `close` is noticed."""
_MAX_TIMESTAMP_STEP_S: Final = 3600.0
"""A timestamp that jumps farther is damaged; the frame is then taken to follow at the clip's rate."""

log = logging.getLogger("lintel.camera")


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a source, `at_ns` after the source's beginning. `image` is None where it cannot be read."""

    image: Bgr | None
    at_ns: int


class Source(Protocol):
    """Pictures with their own times. `duration_ns` is an estimate that reaches at least to the last picture."""

    @property
    def duration_ns(self) -> int: ...

    def pictures(self, interval_ns: int) -> Iterator[Shown]:
        """From the beginning, in order, at least about `interval_ns` apart: pictures in between need not be decoded."""
        ...


class Folder:
    """The images of a folder in the order of their names, `frames_per_second` of them each second."""

    def __init__(self, folder: Path, frames_per_second: float) -> None:
        self._files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _IMAGES)
        if not self._files:
            raise CameraUnavailable(f"{folder} holds no images (.jpg, .png, .webp, .bmp); {_WHAT_TO_DO}")
        self._step_ns = round(_NS_PER_S / frames_per_second)

    @property
    def duration_ns(self) -> int:
        return len(self._files) * self._step_ns

    def pictures(self, interval_ns: int) -> Iterator[Shown]:
        chosen = _Chosen(interval_ns)
        for index, file in enumerate(self._files):
            if chosen.takes(index * self._step_ns):
                yield Shown(_read_image(file), index * self._step_ns)


class Clip:
    """A video file; frames carry its own timestamps."""

    def __init__(self, path: Path) -> None:
        self._path = path
        capture = self._open()
        try:
            if not capture.grab():
                raise self._unusable()
            rate = float(capture.get(cv2.CAP_PROP_FPS))
            self._step_ns = round(_NS_PER_S / rate) if 0 < rate < 1000 else _NS_PER_S // 25
            self._duration_ns = max(1, int(capture.get(cv2.CAP_PROP_FRAME_COUNT))) * self._step_ns
        finally:
            capture.release()

    @property
    def duration_ns(self) -> int:
        return self._duration_ns

    def pictures(self, interval_ns: int) -> Iterator[Shown]:
        capture = self._open()
        try:
            yield from self._decoded(capture, _Chosen(interval_ns))
        finally:
            capture.release()

    def _decoded(self, capture: cv2.VideoCapture, chosen: "_Chosen") -> Iterator[Shown]:
        at_ns = -self._step_ns
        while capture.grab():
            at_ns = self._timestamp(capture, at_ns)
            if chosen.takes(at_ns):
                whole, image = capture.retrieve()
                yield Shown(np.asarray(image, np.uint8) if whole and image is not None else None, at_ns)

    def _timestamp(self, capture: cv2.VideoCapture, before_ns: int) -> int:
        """The grabbed frame's time; later than the one before, whatever the file says."""
        stated = round(float(capture.get(cv2.CAP_PROP_POS_MSEC)) * _NS_PER_MS)
        if before_ns < stated < before_ns + _MAX_TIMESTAMP_STEP_S * _NS_PER_S:
            return stated
        return before_ns + self._step_ns

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise self._unusable()
        return capture

    def _unusable(self) -> CameraUnavailable:
        return CameraUnavailable(f"{self._path} is not a clip that can be played; {_WHAT_TO_DO}")


class ReplayCamera:
    """Plays a source once, or again and again.

    At its own pace a frame comes when its time has come, and carries the boot clock's reading of that moment. As fast as possible,
    the times of the frames keep their distances and end about now, so that the same source gives the same decisions at any pace.
    """

    def __init__(
        self, source: Source, *, clock: Clock, pace: Pace, repeat: bool = False, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._source = source
        self._clock = clock
        self._pace = pace
        self._repeat = repeat
        self._sleep = sleep
        self._stopped = False
        self._pictures: Iterator[Shown] | None = None
        self._interval_ns = 0
        self._start_ns = 0
        self._last_at_ns = -1

    def next(self, interval_ms: int) -> Frame | Lost | None:
        """See `Camera.next`."""
        if self._stopped:
            return None
        shown = self._next_picture(interval_ms * _NS_PER_MS)
        if shown is None:
            return None
        at = BootNs(max(self._last_at_ns + 1, self._start_ns + shown.at_ns))
        if self._pace == "own" and not self._wait_until(at):
            return None
        self._last_at_ns = at
        return Lost(at, "image_unreadable") if shown.image is None else Frame(shown.image, at)

    def close(self) -> None:
        """See `Camera.close`."""
        self._stopped = True

    def release(self) -> None:
        """See `Camera.release`."""
        self._pictures = None

    def _next_picture(self, interval_ns: int) -> Shown | None:
        if self._pictures is None:
            self._begin(interval_ns)
        assert self._pictures is not None  # noqa: S101 (for the checker)
        shown = next(self._pictures, None)
        if shown is None and self._repeat:
            self._begin(interval_ns)
            shown = next(self._pictures, None)
        return shown

    def _begin(self, interval_ns: int) -> None:
        """Start the source; its end lies about now when it is played fast, its beginning does when it keeps its own pace."""
        now = int(self._clock.boot_ns())
        start = now if self._pace == "own" else max(0, now - self._source.duration_ns)
        self._start_ns = start if self._last_at_ns < 0 else max(start, self._last_at_ns + interval_ns)
        self._pictures = self._source.pictures(interval_ns)

    def _wait_until(self, at: BootNs) -> bool:
        """False when the camera was closed meanwhile."""
        while not self._stopped and (left_ns := at - self._clock.boot_ns()) > 0:
            self._sleep(min(_SLICE_S, left_ns / _NS_PER_S))
        return not self._stopped


class _Chosen:
    """Chooses pictures by time: one for every interval since the first, so that a slightly late one does not shift the next."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._due_ns: int | None = None

    def takes(self, at_ns: int) -> bool:
        if self._due_ns is None:
            self._due_ns = at_ns
        if at_ns < self._due_ns:
            return False
        self._due_ns += self._interval_ns * (1 + (at_ns - self._due_ns) // max(1, self._interval_ns))
        return True


def open_source(source: str, *, frames_per_second: float) -> Source:
    """The folder or clip at that path. Raises CameraUnavailable."""
    path = Path(source)
    if path.is_dir():
        return Folder(path, frames_per_second)
    if not path.exists():
        raise CameraUnavailable(f"{path} does not exist; {_WHAT_TO_DO}")
    return Clip(path)


def _read_image(file: Path) -> Bgr | None:
    try:
        return decode_image(file.read_bytes())
    except (OSError, FaceError) as error:
        log.warning("image skipped", extra={"facts": {"file": file.name, "reason": str(error)}})
        return None
