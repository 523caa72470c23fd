"""Where frames come from. Every camera is a `Camera`; a replay stands in for one."""

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
    """Opened when made (errors.CameraUnavailable with one sentence), used by one thread, closed at the end."""

    def next(self, interval_ms: int) -> Frame | Lost | None:
        """The first frame at least `interval_ms` after the last one; waits for it. None: the source is at its end.

        A wait is broken off by `close` from a signal handler; the answer is then None.
        """
        ...

    def close(self) -> None:
        """Give no more frames and let go of the source. May be called twice, and while `next` waits."""
        ...
