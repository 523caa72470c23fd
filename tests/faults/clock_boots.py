"""The node's real processes in boots of their own: another boot id, a boot clock that began with it, a wall clock that is wrong.

A boot is a mount and a time namespace. The wall clock alone is faked, the boot clock is the kernel's, so the true time of every reading
is known.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_ROOT = Path(__file__).parents[2]
_SOURCE = Path(__file__).with_name("wrong_wall.c")


@cache
def why_not() -> str | None:
    """Why boots cannot be made here; None: they can."""
    if shutil.which("cc") is None:
        return "there is no C compiler (sudo apt-get install gcc libc6-dev)"
    command = ["unshare", "--mount", "--time", "--boottime=0", "--fork", "mount", "--bind", "/dev/null", _BOOT_ID]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"mount and time namespaces are not allowed here: {tried.stderr.strip()}"


@cache
def wrong_wall(folder: Path) -> Path:
    """The library that makes a wall clock wrong, built there."""
    library = folder / "wrong_wall.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(_SOURCE)], check=True)
    return library


@dataclass
class Boot:
    """One boot of the node whose files are in `folder`. Its wall clock is wrong by so many seconds."""

    folder: Path
    wrong_by_s: int
    boot_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self._behind_s = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + 1
        while time.clock_gettime(time.CLOCK_BOOTTIME) < self._behind_s:  # a machine's clock does not begin before the boot before has ended
            time.sleep(0.01)
        self._files = self.folder / f"boot-{self.boot_id}"
        self._files.mkdir()
        (self._files / "boot_id").write_text(f"{self.boot_id}\n", encoding="ascii")
        self.jump_to(self.wrong_by_s)

    def jump_to(self, wrong_by_s: int) -> None:
        """Set the wall clock, also of running processes."""
        (self._files / "wall.new").write_text(f"{wrong_by_s}\n", encoding="ascii")
        (self._files / "wall.new").rename(self._files / "wall")

    def true_ns(self, boot_ns: int) -> int:
        """The true time of a reading of this boot's clock: this machine's."""
        return boot_ns + self._behind_s * 10**9 + time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def start(self, *arguments: str, config: Path) -> "subprocess.Popen[bytes]":
        """`lintel-edge` in this boot."""
        enter = ("unshare", "--mount", "--time", f"--boottime=-{self._behind_s}", "--fork", "--kill-child")
        bind = ("sh", "-c", f'mount --bind "$0" {_BOOT_ID} && exec "$@"', str(self._files / "boot_id"))
        fake = ("env", f"LD_PRELOAD={wrong_wall(self.folder)}", f"WRONG_WALL={self._files / 'wall'}")
        node = (sys.executable, "-m", "edge_client", *arguments, "--config", str(config))
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (self.folder / "said").open("ab") as said, (self.folder / "errors").open("ab") as errors:
            return subprocess.Popen([*enter, *bind, *fake, *node], stdout=said, stderr=errors, env=environment, cwd=_ROOT)

    def run(self, *arguments: str, config: Path, within_s: float = 90) -> int:
        return self.start(*arguments, config=config).wait(within_s)


def cut_off(process: "subprocess.Popen[bytes]") -> None:
    """As a power cut ends it: the namespace's parent dies and takes the node with it."""
    process.send_signal(signal.SIGKILL)
    process.wait(30)
