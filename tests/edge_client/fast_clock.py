"""Time that passes faster than it does: for what runs in threads of its own, where a clock that stands still is of no use."""

import threading
import time
from dataclasses import dataclass, field
from uuid import UUID

from shared_schema.clock import ClockReading
from shared_schema.ids import BootId, BootNs


@dataclass
class FastClock:
    """A boot clock that runs `times` as fast, and waits as short. Tells whoever waits to stop once `patience_s` of it have passed."""

    times: float = 50.0
    patience_s: float = 3600.0
    boot_id: BootId = field(default_factory=lambda: BootId(UUID(int=1)))
    stop: threading.Event = field(default_factory=threading.Event)
    _began: float = field(default_factory=time.monotonic)

    def boot_ns(self) -> BootNs:
        return BootNs(10**9 + int((time.monotonic() - self._began) * self.times * 1e9))

    def reading(self) -> ClockReading:
        return self.reading_at(self.boot_ns())

    def reading_at(self, boot_ns: BootNs) -> ClockReading:
        return ClockReading(boot_id=self.boot_id, boot_ns=boot_ns, wall_ns=boot_ns, synchronised=False)

    def wait(self, seconds: float) -> bool:
        return self.stop.wait(max(seconds / self.times, 0.001)) or self.boot_ns() > self.patience_s * 1e9
