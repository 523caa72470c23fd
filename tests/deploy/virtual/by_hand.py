"""A node installed by hand, command for command as the operators' guide says it."""

import shutil
from pathlib import Path
from typing import Final

from deploy.local import walk
from tests.deploy.virtual.machine import PROJECT, Machine

UNITS: Final = ("lintel-capture.service", "lintel-courier.service")
CONFIGURATION: Final = """\
state = "/var/lib/lintel"

[camera]
kind = "replay"
source = "/opt/clip/walk.avi"
repeat = true
"""
PLACES: Final = {
    "lintel.sysusers.conf": "etc/sysusers.d/lintel.conf",
    "lintel.tmpfiles.conf": "etc/tmpfiles.d/lintel.conf",
    "lintel.journald.conf": "etc/systemd/journald.conf.d/lintel.conf",
    "60-lintel.rules": "etc/udev/rules.d/60-lintel.rules",
    **{unit: f"etc/systemd/system/{unit}" for unit in UNITS},
}


def bring(root: Path, wheels: Path, clip: Path) -> None:
    """Everything that is copied before the host starts."""
    shutil.copytree(wheels, root / "var/cache/lintel/wheelhouse")
    for name, place in PLACES.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / "systemd" / name, root / place)
    bring_clip(root, clip)
    (root / "etc/lintel").mkdir()
    (root / "etc/lintel/edge.toml").write_text(CONFIGURATION)


def bring_clip(root: Path, clip: Path) -> None:
    """The recording that stands in for a camera. The units hide /srv, so it lies elsewhere."""
    (root / "opt/clip").mkdir(parents=True)
    shutil.copy(clip, root / "opt/clip/walk.avi")


def build_clip(folder: Path) -> Path:
    """Two people who walk through a door."""
    clip = folder / "walk.avi"
    walk.build(clip)
    return clip


def install(machine: Machine, *, server: str, token: str) -> None:
    """The commands of the guide."""
    machine.run("python3", "-m", "venv", "--system-site-packages", "/opt/lintel")
    pip = ("/opt/lintel/bin/pip", "install", "--quiet", "--no-index", "--require-hashes")
    machine.run(*pip, "--find-links=/var/cache/lintel/wheelhouse", "--requirement=/var/cache/lintel/wheelhouse/requirements.txt")
    machine.run("systemd-sysusers")
    machine.run("systemd-tmpfiles", "--create", "lintel.conf")
    machine.run("/opt/lintel/bin/lintel-edge", "claim", "--server", server, "--token", token)
    machine.run("systemctl", "restart", "systemd-journald")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "enable", "--now", *UNITS)
