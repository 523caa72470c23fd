"""Programs on a watched disk: builds `powercut.c`, starts programs with it, and says what the disk does to them."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from mmap import mmap
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("powercut.c")
NO_COMPILER = "no C compiler: the watched disk cannot be built (sudo apt-get install gcc libc6-dev)"
_PAGE_BYTES = 4096


class Kind(IntEnum):
    """The changes that `powercut.c` tells apart."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    FSYNC = 4
    MKDIR = 5
    RENAME = 6
    LINK = 7
    UNLINK = 8
    RMDIR = 9
    FSYNC_FOLDER = 10
    SAY = 11
    SYNC = 12
    MAPPED = 13
    OPEN = 14


CHANGES = frozenset(Kind) - {Kind.SAY, Kind.SYNC, Kind.MAPPED, Kind.OPEN}
"""What alters the disk or makes it durable."""


class _Block(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int64) for name in ("count", "counted", "kill_at", "fail_from", "fail_to", "fail_errno"))


class Control:
    """What the disk does from now on, to all programs that were started with this file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(_PAGE_BYTES))
        with path.open("r+b") as file:
            self._map = mmap(file.fileno(), _PAGE_BYTES)
        self._block = _Block.from_buffer(self._map)
        self.obey()

    @property
    def count(self) -> int:
        """Changes since it was last told what to do."""
        return int(self._block.count)

    @property
    def has_killed(self) -> bool:
        return int(self._block.kill_at) == 0

    def obey(self) -> None:
        """Do what is asked of it."""
        self._set()

    def kill_at(self, change: int) -> None:
        """End the program that is about to make the `change`-th change from now."""
        self._set(kill_at=change)

    def fail(self, errno: int, *, first: int = 1, last: int = 2**62, kinds: frozenset[Kind] = CHANGES) -> None:
        """Let the changes from `first` to `last`, counted from now among `kinds`, fail with `errno`."""
        self._set(fail_from=first, fail_to=last, fail_errno=errno, kinds=kinds)

    def _set(
        self, *, kill_at: int = 0, fail_from: int = 0, fail_to: int = 0, fail_errno: int = 0, kinds: frozenset[Kind] = CHANGES
    ) -> None:
        block = self._block
        block.fail_from = block.kill_at = 0
        block.fail_to, block.fail_errno = fail_to, fail_errno
        block.counted = sum(1 << kind for kind in kinds)
        block.count = 0
        block.kill_at, block.fail_from = kill_at, fail_from


@dataclass(frozen=True, slots=True)
class WatchedDisk:
    """The folder `card` and what watches it; journal and control lie outside of it."""

    card: Path
    control: Control
    journal: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        card = folder.resolve() / "card"
        card.mkdir(parents=True)
        return cls(card, Control(folder.resolve() / "control"), folder.resolve() / "journal")

    def environment(self, *, journalled: bool = False) -> dict[str, str]:
        """For programs that are to run on the watched disk."""
        found = {**plain_environment(), "LD_PRELOAD": str(library()), "POWERCUT_FOLDER": str(self.card)}
        found["POWERCUT_CONTROL"] = str(self.control.path)
        return {**found, "POWERCUT_JOURNAL": str(self.journal)} if journalled else found


def plain_environment() -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def has_compiler() -> bool:
    return shutil.which("cc") is not None and Path("/usr/include/stdio.h").exists()


def library() -> Path:
    """The built library, made once for each text of its source."""
    path = ROOT / ".cache" / f"powercut-{sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        made = path.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-lpthread"], check=True)
        made.replace(path)
    return path
