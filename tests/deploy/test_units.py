import os
import re
import shutil
import stat
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


def exposure(unit: Path) -> float:
    assert analyze is not None
    command = [analyze, "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at units offline")
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    return float(found[1])


def with_a_network_camera(folder: Path) -> Path:
    """Capture's unit with the drop-ins for a camera in the network."""
    drop_ins = folder / "lintel-capture.service.d"
    drop_ins.mkdir()
    shutil.copy(UNITS / "lintel-capture-rtsp.conf", drop_ins / "rtsp.conf")
    (drop_ins / "camera.conf").write_text("[Service]\nIPAddressAllow=192.0.2.17\n")
    return installable("lintel-capture.service", folder)


@needs_systemd
@pytest.mark.parametrize("unit", every_unit())
def test_the_sandbox_is_as_tight_as_promised(unit: str, tmp_path: Path) -> None:
    assert exposure(installable(unit, tmp_path)) <= EXPOSURE_AT_MOST


@needs_systemd
def test_a_looser_unit_would_have_been_found(tmp_path: Path) -> None:
    path = installable("lintel-courier.service", tmp_path)
    path.write_text(re.sub(r"(?m)^(SystemCall|Protect|Restrict).*$", "", path.read_text()))
    assert exposure(path) > EXPOSURE_AT_MOST


@needs_systemd
def test_capture_of_a_network_camera_is_accepted_and_as_tight(tmp_path: Path) -> None:
    unit = with_a_network_camera(tmp_path)
    assert complaints(unit) == []
    without = tmp_path / "without"
    without.mkdir()
    assert exposure(installable("lintel-capture.service", without)) < exposure(unit) <= EXPOSURE_AT_MOST


def test_a_network_camera_is_the_only_thing_that_its_capture_reaches() -> None:
    drop_in = directives("lintel-capture-rtsp.conf")
    assert {"IPAddressDeny=any", "PrivateDevices=yes", "DeviceAllow="} <= drop_in
    assert not any(line.startswith("IPAddressAllow") for line in drop_in)


def test_what_sees_has_no_network_and_what_sends_has_no_camera() -> None:
    capture, courier = (directives(unit) for unit in SPLIT_NODE)
    assert "PrivateNetwork=yes" in capture
    assert not any("AF_INET" in line for line in capture if line.startswith("RestrictAddressFamilies"))
    assert "PrivateDevices=yes" in courier
    assert not any(line.startswith("DeviceAllow") for line in courier)


def test_what_sends_has_another_account_than_what_signs_and_no_way_to_the_keys() -> None:
    capture, courier = (directives(unit) for unit in SPLIT_NODE)
    assert "User=lintel-capture" in capture
    assert {"User=lintel-courier", "InaccessiblePaths=-/var/lib/lintel/keys"} <= courier
    assert "d /var/lib/lintel/keys 0700 lintel-capture lintel-node -" in directives("lintel.tmpfiles.conf")


@pytest.mark.parametrize("unit", SPLIT_NODE)
def test_both_share_folders_that_belong_to_neither(unit: str) -> None:
    lines = directives(unit)
    assert {"Group=lintel-node", "UMask=0007", "ReadWritePaths=/var/lib/lintel /run/lintel"} <= lines
    assert not any(line.startswith(("StateDirectory", "RuntimeDirectory")) for line in lines)
    assert {f"d {folder} 2770 root lintel-node -" for folder in ("/var/lib/lintel", "/run/lintel")} <= directives("lintel.tmpfiles.conf")


@pytest.mark.parametrize("unit", SPLIT_NODE)
def test_a_process_that_hangs_or_grows_is_started_again_and_leaves_no_faces_behind(unit: str) -> None:
    lines = directives(unit)
    assert {"Type=notify", "OOMPolicy=stop", "LimitCORE=0", "MemorySwapMax=0", "TasksMax=64", "LimitNOFILE=1024"} <= lines
    assert sum(line.startswith(("WatchdogSec=", "MemoryMax=", "TimeoutStartSec=")) for line in lines) == 3


def test_the_camera_is_named_where_the_clock_is_protected() -> None:
    capture = directives("lintel-capture.service")
    assert "ProtectClock=yes" in capture
    assert {"DeviceAllow=char-video4linux rw", "DeviceAllow=/dev/vcio rw"} <= capture


@pytest.mark.parametrize("unit", every_unit())
def test_a_unit_restarts_for_ever_and_not_as_root(unit: str) -> None:
    assert {"Restart=always", "StartLimitIntervalSec=0"} <= directives(unit)
    assert directives(unit) & {"User=lintel-capture", "User=lintel-courier", "User=lintel"}


sysusers, tmpfiles = shutil.which("systemd-sysusers"), shutil.which("systemd-tmpfiles")


@pytest.mark.skipif(sysusers is None or tmpfiles is None or os.geteuid() != 0, reason="needs systemd's programs, and root for owners")
def test_a_bare_system_gets_two_accounts_and_folders_with_their_groups(tmp_path: Path) -> None:
    assert sysusers is not None
    assert tmpfiles is not None
    for folder in ("etc", "var/lib", "run"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/group").write_text("root:x:0:\nvideo:x:44:\n")
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    subprocess.run([sysusers, f"--root={tmp_path}", str(UNITS / "lintel.sysusers.conf")], check=True, capture_output=True)
    subprocess.run([tmpfiles, f"--root={tmp_path}", "--create", str(UNITS / "lintel.tmpfiles.conf")], check=True, capture_output=True)
    accounts = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/group").read_text().splitlines()}
    assert accounts["lintel-capture"][3] == accounts["lintel-courier"][3] == groups["lintel-node"][2]
    assert groups["video"][3] == "lintel-capture"
    keys, shared = (tmp_path / "var/lib/lintel/keys").stat(), (tmp_path / "run/lintel").stat()
    assert (stat.S_IMODE(keys.st_mode), keys.st_uid) == (0o700, int(accounts["lintel-capture"][2]))
    assert (stat.S_IMODE(shared.st_mode), shared.st_uid, shared.st_gid) == (0o2770, 0, int(groups["lintel-node"][2]))
