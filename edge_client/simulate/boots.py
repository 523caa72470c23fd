"""The clocks of simulated nodes: a boot clock that begins anew with every boot, and a wall clock that may be wrong."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from pydantic import ValidationError

from edge_client.clock import SystemClock
from shared_schema.base import WireModel
from shared_schema.clock import ClockReading
from shared_schema.ids import BootId, BootNs

DAY_NS: Final = 86_400 * 10**9
_STARTING_NS: Final = 20 * 10**9
_DOWN_NS: Final = 60 * 10**9
_MOST_BOOTS: Final = 5
_WORST_WALL_ERROR_NS: Final = 6 * 3600 * 10**9

Now = Callable[[], int]
"""Nanoseconds on this machine's CLOCK_BOOTTIME, carried on below zero for what was before it."""


class Past:
    """A time that stands still until it is set."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def leap_from(self, boot: "Boot") -> Callable[[BootNs], bool]:
        """Goes at once to moments of the boot's clock. Never wants to stop."""

        def leap(moment: BootNs) -> bool:
            self.now_ns = boot.zero_ns + moment
            return False

        return leap


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot of a node: when its clock stood at zero, from when until when it looked, how wrong its wall clock is."""

    id: BootId
    zero_ns: int
    from_ns: int
    until_ns: int
    wall_error_ns: int


class SimulatedClock:
    """The clocks of a node in one of its boots."""

    def __init__(self, boot: Boot, now: Now) -> None:
        self._boot = boot
        self._now = now
        self._wall_of_zero = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + boot.zero_ns

    @property
    def boot_id(self) -> BootId:
        return self._boot.id

    def boot_ns(self) -> BootNs:
        return BootNs(self._now() - self._boot.zero_ns)

    def reading(self) -> ClockReading:
        return self.reading_at(self.boot_ns())

    def reading_at(self, boot_ns: BootNs) -> ClockReading:
        wall_ns = max(0, self._wall_of_zero + boot_ns + self._boot.wall_error_ns)
        return ClockReading(boot_id=self.boot_id, boot_ns=boot_ns, wall_ns=wall_ns, synchronised=not self._boot.wall_error_ns)


def boots_until(now_ns: int, *, days: float, chance: random.Random) -> list[Boot]:
    """The boots of a node that was without its server for so long; the last one goes on. Only the first had the right time."""
    begin = now_ns - int(days * DAY_NS)
    cuts = sorted(chance.randrange(begin, now_ns) for _ in range(_MOST_BOOTS - 1)) if days else []
    edges = [begin, *cuts, now_ns]
    return [
        _boot(start, until, wall_error_ns=-chance.randrange(1, _WORST_WALL_ERROR_NS) if number else 0)
        for number, (start, until) in enumerate(pairwise(edges))
        if until - start > _DOWN_NS or until == now_ns
    ]


def _boot(start_ns: int, until_ns: int, *, wall_error_ns: int) -> Boot:
    zero = start_ns - _STARTING_NS - _DOWN_NS
    return Boot(BootId(uuid4()), zero, start_ns, until_ns, wall_error_ns)


class _Kept(WireModel):
    machine: UUID
    boot: UUID
    zero_ns: int
    wall_error_ns: int


def keep(boot: Boot, path: Path) -> None:
    """Leave a note of the boot that goes on."""
    kept = _Kept(machine=SystemClock().boot_id, boot=boot.id, zero_ns=boot.zero_ns, wall_error_ns=boot.wall_error_ns)
    path.write_text(kept.model_dump_json(), encoding="utf-8")


def kept_boot(path: Path) -> Boot | None:
    """The boot of the note; None when there is none, or the machine itself was started again since."""
    try:
        kept = _Kept.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    if kept.machine != SystemClock().boot_id:
        return None
    now = real_now()
    return Boot(BootId(kept.boot), kept.zero_ns, now, now, kept.wall_error_ns)


def real_now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
