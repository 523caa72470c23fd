"""How the machine is: heat, power, card, memory, as the kernel tells it in `/sys` and `/proc`. What it does not tell is None.

No program is started for it. A Raspberry Pi's firmware forgets its "has happened since boot" bits when they are read,
so they are remembered here.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared_schema.node import Health

_NOW: Final = {0: "under_voltage", 1: "frequency_capped", 2: "throttled", 3: "hot"}
_SINCE_BOOT_SHIFT: Final = 16
_EMMC_USED_UP: Final = 3
"""`pre_eol_info`: the reserve of blocks is used up by 90 % or more."""
READ_ONLY: Final = "read_only"
FAILING: Final = "failing"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Where the kernel tells about itself, and how a file system is asked whether it may be written to."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")
    is_read_only: Callable[[Path], bool] = lambda path: bool(os.statvfs(path).f_flag & os.ST_RDONLY)


@dataclass(slots=True)
class Machine:
    """The machine that `state` lies on. Remembers for how long the process lives what happened since boot."""

    state: Path
    kernel: Kernel = field(default_factory=Kernel)
    _seen: set[str] = field(default_factory=set)

    def health(self, *, uptime_s: int) -> Health:
        """What can be told without capture: the rest of a Health is capture's to know."""
        return Health(
            temperature_c=self._temperature_c(),
            throttled=self._throttled(),
            card=self.card(),
            memory_available_bytes=self._memory_available_bytes(),
            uptime_s=uptime_s,
        )

    def card(self) -> str:
        """`ok`, or what is wrong with what `state` lies on: `read_only`, `failing`; empty when the kernel does not tell."""
        try:
            if self.kernel.is_read_only(self.state):
                return READ_ONLY
            device = self.state.stat().st_dev
        except OSError:
            return FAILING
        block = self.kernel.sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
        errors = _number(self.kernel.sys / "fs" / "ext4" / block.resolve().name / "errors_count")
        worn = any((_number(path, base=16) or 0) >= _EMMC_USED_UP for path in self._of_mmc("pre_eol_info"))
        if errors or worn:
            return FAILING
        return "ok" if errors is not None else ""

    def _of_mmc(self, name: str) -> list[Path]:
        return sorted((self.kernel.sys / "block").glob(f"mmcblk*/device/{name}"))

    def _temperature_c(self) -> float | None:
        """The hottest zone."""
        zones = (_number(zone) for zone in (self.kernel.sys / "class" / "thermal").glob("thermal_zone*/temp"))
        found = [zone / 1000 for zone in zones if zone is not None]
        return max(found, default=None)

    def _throttled(self) -> tuple[str, ...]:
        now = self._under_voltage()
        for path in (self.kernel.sys / "devices" / "platform").glob("soc*/soc*firmware/get_throttled"):
            bits = _number(path, base=16) or 0
            now |= {word for bit, word in _NOW.items() if bits >> bit & 1}
            self._seen |= {word for bit, word in _NOW.items() if bits >> bit + _SINCE_BOOT_SHIFT & 1}
        self._seen |= now
        return (*sorted(now), *(f"{word}_before" for word in sorted(self._seen - now)))

    def _under_voltage(self) -> set[str]:
        """What the kernel's own watch on the supply says; it keeps no history."""
        alarms = (
            _number(chip.parent / "in0_lcrit_alarm")
            for chip in (self.kernel.sys / "class" / "hwmon").glob("hwmon*/name")
            if _text(chip) == "rpi_volt"
        )
        return {"under_voltage"} if any(alarms) else set()

    def _memory_available_bytes(self) -> int | None:
        for line in (_text(self.kernel.proc / "meminfo") or "").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                with suppress(ValueError, IndexError):
                    return int(value.split()[0]) * 1024
        return None


def worst_card(*said: str) -> str:
    """What is wrong with the card, by whoever noticed: the first complaint, else `ok` when anybody says so."""
    complaints = [word for word in said if word not in {"", "ok"}]
    return (complaints or (["ok"] if "ok" in said else [""]))[0]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def _number(path: Path, *, base: int = 10) -> int | None:
    try:
        return int((_text(path) or "").split()[0], base)
    except (ValueError, IndexError):
        return None
