import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SPLIT_NODE = ("lintel-capture.service", "lintel-courier.service")
EXPOSURE_AT_MOST = 1.5

analyze = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(analyze is None, reason="systemd-analyze is not installed")


def directives(unit: str) -> set[str]:
    return set((UNITS / unit).read_text().splitlines())


def installable(unit: str, folder: Path) -> Path:
    """The unit with programs that exist here, and an instance name for a template: what systemd-analyze wants to see."""
    text = re.sub(r"/opt/lintel/bin/lintel-\w+", "/bin/true", (UNITS / unit).read_text())
    path = folder / unit.replace("@.", "@1.")
    path.write_text(text)
    return path


def every_unit() -> list[str]:
    return sorted(path.name for path in UNITS.glob("*.service"))


def complaints(unit: Path) -> list[str]:
    assert analyze is not None
    done = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if unit.name in line]


@needs_systemd
@pytest.mark.parametrize("unit", every_unit())
def test_systemd_accepts_the_unit(unit: str, tmp_path: Path) -> None:
    assert complaints(installable(unit, tmp_path)) == []


@needs_systemd
def test_systemd_would_have_complained_about_a_wrong_line(tmp_path: Path) -> None:
    path = installable("lintel-courier.service", tmp_path)
    path.write_text(path.read_text().replace("ProtectHome=yes", "ProtectHomes=yes"))
    assert len(complaints(path)) == 1


@needs_systemd
@pytest.mark.parametrize("unit", every_unit())
def test_the_sandbox_is_as_tight_as_promised(unit: str, tmp_path: Path) -> None:
    assert analyze is not None
    command = [analyze, "security", "--offline=true", "--no-pager", str(installable(unit, tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at units offline")
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= EXPOSURE_AT_MOST


def test_what_sees_has_no_network_and_what_sends_has_no_camera() -> None:
    capture, courier = (directives(unit) for unit in SPLIT_NODE)
    assert "PrivateNetwork=yes" in capture
    assert not any("AF_INET" in line for line in capture if line.startswith("RestrictAddressFamilies"))
    assert "PrivateDevices=yes" in courier
    assert not any(line.startswith("DeviceAllow") for line in courier)


def test_the_camera_is_named_where_the_clock_is_protected() -> None:
    capture = directives("lintel-capture.service")
    assert "ProtectClock=yes" in capture
    assert "DeviceAllow=char-video4linux rw" in capture


@pytest.mark.parametrize("unit", every_unit())
def test_a_unit_restarts_for_ever_and_not_as_root(unit: str) -> None:
    assert {"Restart=always", "StartLimitIntervalSec=0"} <= directives(unit)
    assert directives(unit) & {"User=lintel-node", "User=lintel"}
