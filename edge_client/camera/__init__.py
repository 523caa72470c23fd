"""Where frames come from. Every camera is a `Camera`; a replay stands in for one."""

import threading
from dataclasses import dataclass
from typing import Protocol

from shared_schema.face.types import Bgr
from shared_schema.ids import BootNs


@dataclass(frozen=True, slots=True)
class Frame:
    """An image in BGR order and when it was taken, on the boot clock."""

    image: Bgr
    at: BootNs


@dataclass(frozen=True, slots=True)
class Lost:
    """The camera gave nothing usable at this moment; `reason` is a short word for the coverage of the door."""

    at: BootNs
    reason: str


class Camera(Protocol):
    """Opened when made (errors.CameraUnavailable with one sentence), used by one thread, closed and released at the end."""

    def next(self, interval_ms: int) -> Frame | Lost | None:
        """The first frame at least `interval_ms` after the last one; waits for it. None: the source is at its end.

        A wait is broken off by `close` from a signal handler; the answer is then None. Raises CameraHung when nothing comes any more
        and only a new process can help.
        """
        ...

    def close(self) -> None:
        """Give no more frames. Returns at once, may be called twice, while `next` waits, and from a signal handler."""
        ...

    def release(self) -> None:
        """Let go of the source. A driver that hangs may never return from this: see `let_go`."""
        ...


def let_go(camera: Camera, *, within_s: float) -> bool:
    """Close the camera and release it. False: its driver hangs, and the process has to be ended without waiting for it."""
    camera.close()
    releasing = threading.Thread(target=camera.release, name="camera-release", daemon=True)
    releasing.start()
    releasing.join(within_s)
    return not releasing.is_alive()
