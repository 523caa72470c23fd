"""The node's clocks. Everything that waits or measures takes a Clock, so that tests can set it."""

import ctypes
import functools
import time
from pathlib import Path
from typing import Protocol
from uuid import UUID

from shared_schema.clock import ClockReading
from shared_schema.ids import BootId, BootNs

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STA_UNSYNC = 0x40
_TIME_ERROR = 5


class Clock(Protocol):
    """What the node knows about time."""

    @property
    def boot_id(self) -> BootId:
        """Which boot the boot clock counts."""
        ...

    def boot_ns(self) -> BootNs:
        """CLOCK_BOOTTIME: goes on during suspend, is never set."""
        ...

    def reading(self) -> ClockReading:
        """All clocks at this moment."""
        ...

    def reading_at(self, boot_ns: BootNs) -> ClockReading:
        """All clocks as they stood at `boot_ns`, a moment of this boot not long ago."""
        ...


class SystemClock:
    """The clocks of the machine."""

    @functools.cached_property
    def boot_id(self) -> BootId:
        return BootId(UUID(_BOOT_ID.read_text(encoding="ascii").strip()))

    def boot_ns(self) -> BootNs:
        return BootNs(time.clock_gettime_ns(time.CLOCK_BOOTTIME))

    def reading(self) -> ClockReading:
        return self.reading_at(self.boot_ns())

    def reading_at(self, boot_ns: BootNs) -> ClockReading:
        wall_ns = time.time_ns() - (self.boot_ns() - boot_ns)
        return ClockReading(boot_id=self.boot_id, boot_ns=boot_ns, wall_ns=max(0, wall_ns), synchronised=kernel_says_synchronised())


class _Timex(ctypes.Structure):
    """The head of the kernel's `struct timex`; the rest is room for what is not looked at."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def kernel_says_synchronised() -> bool:
    """Whether the kernel calls its wall clock synchronised (adjtimex). False when it cannot be asked."""
    timex = _Timex()
    try:
        state = int(_libc().adjtimex(ctypes.byref(timex)))
    except (OSError, AttributeError):
        return False
    return 0 <= state != _TIME_ERROR and not timex.status & _STA_UNSYNC
