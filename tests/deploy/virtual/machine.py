"""A virtual host: a Debian root file system of its own in which the real systemd boots, in a network of its own.

Needs root, `systemd-nspawn` and `nsenter`. A root file system is copied from `$LINTEL_ROOTS/<suite>` where that is set, else
made once with debootstrap in `.cache/roots`.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.processes import leash

PROJECT: Final = Path(__file__).parents[3]
SUITE: Final = "bookworm"
PACKAGES: Final = (
    "systemd", "systemd-sysv", "dbus", "python3", "python3-venv", "python3-apt", "ca-certificates", "libgl1", "libglib2.0-0",
    "openssh-server", "iproute2", "procps",
)  # fmt: skip
LIMITING: Final = ("memory", "pids", "devices")
CGROUPS: Final = Path("/sys/fs/cgroup")
BOOT_S: Final = 60
_CLONE_NEWNET: Final = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def can_be_made() -> bool:
    """Whether this machine and account can boot virtual hosts."""
    return os.geteuid() == 0 and all(map(shutil.which, ("systemd-nspawn", "nsenter", "ip", "debootstrap")))


@contextmanager
def own_network() -> Iterator[None]:
    """For the block, this thread and what it starts have a network with nothing but a loopback: nothing gets in or out."""
    before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _must(_libc.unshare(_CLONE_NEWNET))
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
    finally:
        _must(_libc.setns(before, _CLONE_NEWNET))
        os.close(before)


def _must(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def copy_of_debian(to: Path) -> Path:
    """A fresh root file system in `to`."""
    kept = Path(os.environ.get("LINTEL_ROOTS", PROJECT / ".cache" / "roots")) / SUITE
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(unfinished)], check=True)
        unfinished.rename(kept)
    subprocess.run(["cp", "-a", "--reflink=auto", str(kept), str(to)], check=True)
    return to


@dataclass(frozen=True, slots=True)
class Machine:
    """A booted one. `container`: the process that keeps it, as this machine numbers it."""

    root: Path
    container: int

    @property
    def leader(self) -> int:
        """Its first process, as this machine numbers it; 0 while it has none."""
        found = Path(f"/proc/{self.container}/task/{self.container}/children").read_text().split()
        return int(found[0]) if found else 0

    def run(self, *command: str, check: bool = True, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """A command inside, as root."""
        whole = ("nsenter", f"--target={self.leader}", "--all", "--", *command)
        done = subprocess.run(whole, check=False, capture_output=True, text=True, input=stdin, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout} {done.stderr}")
        return done

    def says(self, *command: str) -> str:
        """What a command inside prints."""
        return self.run(*command).stdout.strip()

    def property_of(self, unit: str, name: str) -> str:
        return self.says("systemctl", "show", "--value", f"--property={name}", unit)

    def switch_off(self) -> None:
        """As an operator does it. What was only in memory is gone; the root file system can be booted again."""
        self.run("systemctl", "poweroff", check=False)
        until("the host is off", BOOT_S, self._has_ended)

    def _has_ended(self) -> bool:
        return "\nState:\tZ" in Path(f"/proc/{self.container}/status").read_text()

    def wait_until_up(self) -> None:
        until("the host starts", BOOT_S, self._talks)
        _let_limits_work(self)
        self.run("systemctl", "is-system-running", "--wait", check=False)

    def _talks(self) -> bool:
        state = self.leader and self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in {"initializing", "starting", "running", "degraded"}

    def journal(self, unit: str) -> str:
        return self.says("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")


@contextmanager
def booted(root: Path, *options: str) -> Iterator[Machine]:
    """Boot the root file system in the network this thread is in; switch it off at the end of the block."""
    group = f"lintel-virtual-{os.getpid()}"
    console = root.with_suffix(".console").open("wb")
    network = f"--network-namespace-path=/proc/{os.getpid()}/ns/net"
    command = ("systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit", network, *options, "--boot")
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=console,
        stderr=console,
        preexec_fn=_before(group),  # noqa: PLW1509 (started from the main thread)
    )
    try:
        machine = Machine(root, process.pid)
        machine.wait_until_up()
        yield machine
    finally:
        _switch_off(process)
        console.close()
        _leave(group)


def _switch_off(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# Where this machine still has version 1 control groups, a virtual host sees those that limit things read-only. They are
# opened below a group of our own, so that limits work inside and nothing is left behind outside.


def _groups(name: str) -> Sequence[Path]:
    own = dict(line.split(":")[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    return [CGROUPS / one / own[one].lstrip("/") / name for one in LIMITING if one in own and (CGROUPS / one / "tasks").exists()]


def _before(group: str) -> Callable[[], None]:
    """What the container does before it starts: join the group, and end with us whatever happens."""
    hold = leash(os.getpid(), signal.SIGTERM)

    def prepare() -> None:
        hold()
        _join(group)

    return prepare


def _join(name: str) -> None:
    for group in _groups(name):
        group.mkdir(exist_ok=True)
        (group / "tasks").write_text("0")


def _leave(name: str) -> None:
    for group in _groups(name):
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        if group.exists():
            group.rmdir()


def _let_limits_work(machine: Machine) -> None:
    own = Path("/proc/self/cgroup").read_text()
    limiting = [name for name in LIMITING if f":{name}:" in own]
    for name in limiting:
        machine.run("mount", "-o", "remount,rw,bind", f"/sys/fs/cgroup/{name}")
    if limiting:
        machine.run("systemctl", "daemon-reexec")


def until(what: str, within_s: float, holds: Callable[[], object]) -> float:
    """Wait until `holds()`, at most so long; returns the seconds it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < within_s, f"not within {within_s:g} s: {what}"
        time.sleep(0.2)
    return time.monotonic() - begun
