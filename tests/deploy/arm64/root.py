"""A Debian root file system for aarch64, and programs run in it through qemu's user emulation."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.node import Commands

PROJECT = Path(__file__).parents[3]
PACKAGES = "python3,python3-venv,ca-certificates,libgl1,libglib2.0-0"
NEEDED = {"debootstrap": "debootstrap", "qemu-aarch64-static": "qemu-user-static"}
PLATFORMS = ("manylinux_2_17_aarch64", "manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64")
VENV = "/opt/lintel"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")


class ArmError(Exception):
    """It cannot be proven here; the message says what to do."""


def require_emulation() -> None:
    """Root, the Debian packages, and a kernel that gives aarch64 programs to qemu. Raises ArmError."""
    if os.geteuid() != 0:
        raise ArmError("a root file system can be made by root alone: sudo make arm64")
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise ArmError(f"Debian packages are missing: apt-get install {' '.join(missing)}")
    if not (_BINFMT / "register").exists():
        _run("mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT))
    if not (_BINFMT / "qemu-aarch64").exists():
        (_BINFMT / "register").write_text(_RULE.read_text(encoding="ascii"), encoding="ascii")


def own_mounts() -> None:
    """What is mounted from here on is gone when this program ends. Call it before anything else: it starts the program anew."""
    if os.environ.get("LINTEL_ARM64_MOUNTS") != "own":
        os.environ["LINTEL_ARM64_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-m", "tests.deploy.arm64", *sys.argv[1:]])  # noqa: S606


@dataclass(frozen=True)
class Root:
    """The root file system in `folder`."""

    folder: Path

    def ensure(self) -> None:
        """Make it, some minutes, unless it is there."""
        if not (self.folder / "usr/bin/python3").exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            _run("debootstrap", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(self.folder))
        for name, kind in (("proc", ("-t", "proc", "proc")), ("dev", ("--rbind", "/dev")), ("sys", ("--rbind", "/sys"))):
            _run("mount", *kind, str(self.folder / name))

    def show(self, folder: Path) -> None:
        """Have a folder of ours under the same path in there."""
        inside = self.folder / folder.relative_to("/")
        inside.mkdir(parents=True, exist_ok=True)
        _run("mount", "--bind", str(folder), str(inside))

    def install(self, wheels: Path) -> None:
        """Lintel's node from wheels that were made for aarch64, every one with the hash of the lock."""
        lock = PROJECT / "requirements" / "edge.txt"
        only = ("--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp")
        platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
        _run(*pip, "download", *only, *platforms, "--no-deps", "--require-hashes", "-r", str(lock), "-d", str(wheels))
        _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(PROJECT))
        (wheels / "edge.txt").write_bytes(lock.read_bytes())
        if not (self.folder / "opt/lintel/bin/python").exists():
            self.run("python3", "-m", "venv", VENV)
        there = (f"{VENV}/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-index", "--no-deps")
        self.run(*there, "--find-links", str(wheels), "--require-hashes", "-r", str(wheels / "edge.txt"))
        (wheel,) = wheels.glob("lintel-*.whl")
        self.run(*there, "--force-reinstall", str(wheel))

    def run(self, *command: str) -> str:
        """Standard output of a command in there. Raises ArmError."""
        return _run("chroot", str(self.folder), *command)


class CommandsThere(Commands):
    """The node's programs, emulated."""

    def __call__(self, name: str, *arguments: str) -> tuple[str, ...]:
        return ("chroot", str(self.scripts), f"{VENV}/bin/{name}", *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise ArmError(f"`{' '.join(command)}` ended with {done.returncode}")
    return done.stdout
