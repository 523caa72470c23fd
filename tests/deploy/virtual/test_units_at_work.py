"""The two units under a real systemd: what they do, what they survive, and what they may not."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.deploy.virtual import by_hand
from tests.deploy.virtual.by_hand import UNITS
from tests.deploy.virtual.conftest import TARGET
from tests.deploy.virtual.house import House
from tests.deploy.virtual.machine import PROJECT, Machine, booted, copy_of_debian, until

pytestmark = pytest.mark.virtual

CAPTURE, COURIER = UNITS
READY_S, RESTART_S = 60, 5
PYTHON = "/opt/lintel/bin/python"
TRY = """
import json, socket, sys
def told(attempt):
    try:
        attempt()
    except OSError as error:
        return error.strerror or str(error)
    return "done"
def write(path):
    with open(path, "w") as file:
        file.write("x")
print("TRIED " + json.dumps({
    "key": told(lambda: open("/var/lib/lintel/keys/signing.key", "rb").read()),
    "token": told(lambda: open("/var/lib/lintel/identity/token.json", "rb").read()),
    "camera": told(lambda: open("/dev/video0", "rb")),
    "network": told(lambda: socket.create_connection(("127.0.0.1", 8000), 3)),
    "state": told(lambda: write("/var/lib/lintel/outbox/probe")),
    "system": told(lambda: write("/etc/probe")),
}))
"""
GROW = "held = bytearray(int(__import__('sys').argv[1]) << 20); print('has it all')"


@pytest.fixture(scope="module")
def machine(house: House, folder: Path, wheels: Path, clip: Path) -> Iterator[Machine]:
    root = copy_of_debian(folder / "units")
    by_hand.bring(root, wheels / TARGET, clip)
    camera = folder / "video0"
    camera.touch()
    with booted(root, f"--bind={camera}:/dev/video0") as machine:
        by_hand.install(machine, server=house.url, token=house.claim_token("by hand"))
        yield machine


def is_ready(machine: Machine, unit: str) -> bool:
    """Active, which a unit of this type is only once its process has said READY."""
    return machine.property_of(unit, "ActiveState") == "active"


def restarts(machine: Machine, unit: str) -> int:
    return int(machine.property_of(unit, "NRestarts"))


def in_the_sandbox_of(machine: Machine, unit: str, *command: str) -> str:
    """Run something under every restriction of a unit; returns its journal."""
    text = machine.says("systemctl", "cat", unit)
    once = re.sub(r"(?m)^(Type|NotifyAccess|WatchdogSec|Restart|RestartSec|ExecStart)=.*$", "", text)
    quoted = " ".join(json.dumps(word.replace("%", "%%")) for word in command)
    probe = once.replace("[Service]", f"[Service]\nType=oneshot\nExecStart=:{quoted}", 1)
    machine.run("sh", "-c", "cat > /run/systemd/system/lintel-probe.service", stdin=probe)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "lintel-probe.service", check=False)
    return machine.journal("lintel-probe.service")


def tried(machine: Machine, unit: str) -> dict[str, str]:
    machine.run("sh", "-c", "cat > /opt/try.py", stdin=TRY)
    said = in_the_sandbox_of(machine, unit, PYTHON, "/opt/try.py")
    found: dict[str, str] = json.loads(said.rpartition("TRIED ")[2].splitlines()[0])
    return found


def test_both_become_ready_and_a_replayed_sighting_reaches_the_server(machine: Machine, house: House) -> None:
    for unit in UNITS:
        took = until(f"{unit} is ready", READY_S, partial(is_ready, machine, unit))
        print(f"\n{unit}: ready after {took:.1f} s, says {machine.property_of(unit, 'StatusText')!r}")
    took = until("a sighting is on the server", 60, house.sightings)
    print(f"first sighting on the server after {took:.1f} s: {house.sightings()[0]}")


def test_each_runs_as_its_own_account_and_what_they_share_is_the_groups(machine: Machine) -> None:
    listing = machine.says("find", "/var/lib/lintel", "/run/lintel", "-printf", "%M %u:%g %p\\n")
    print(f"\n{listing}")
    assert "drwx------ lintel-capture:lintel-node /var/lib/lintel/keys" in listing
    assert "-rw------- lintel-capture:lintel-node /var/lib/lintel/keys/signing.key" in listing
    assert "drwxrws--- root:lintel-node /var/lib/lintel" in listing
    assert not re.search(r"(?m)^.{7}[^-]", listing.replace("drwxrws---", "drwxrwx---"))


@pytest.mark.parametrize("unit", UNITS)
def test_a_killed_process_is_started_again(machine: Machine, unit: str) -> None:
    before = restarts(machine, unit)
    machine.run("systemctl", "kill", "--signal=SIGKILL", unit)
    until("it is started again", RESTART_S + READY_S, lambda: restarts(machine, unit) > before and is_ready(machine, unit))


@pytest.mark.parametrize(("unit", "allowed_s"), [(CAPTURE, 30), (COURIER, 60)])
def test_a_process_that_hangs_is_started_again_by_the_watchdog_and_the_other_is_left_alone(
    machine: Machine, unit: str, allowed_s: int
) -> None:
    (other,) = {*UNITS} - {unit}
    for each in UNITS:
        until(f"{each} is ready", READY_S, partial(is_ready, machine, each))
    before, of_the_other = restarts(machine, unit), restarts(machine, other)
    assert machine.property_of(unit, "WatchdogUSec") == {30: "30s", 60: "1min"}[allowed_s]
    machine.run("systemctl", "kill", "--signal=SIGSTOP", unit)
    took = until("the watchdog acts", allowed_s + RESTART_S + 10, lambda: restarts(machine, unit) > before)
    until("it is ready again", READY_S, partial(is_ready, machine, unit))
    assert "Watchdog timeout" in machine.says("journalctl", "--no-pager", "--output=cat", "_PID=1", f"UNIT={unit}")
    assert restarts(machine, other) == of_the_other
    print(f"\n{unit}: started again {took:.1f} s after it was stopped; WatchdogSec is {allowed_s} s")


def test_the_courier_has_neither_key_nor_camera_and_capture_has_no_network(machine: Machine) -> None:
    capture, courier = tried(machine, CAPTURE), tried(machine, COURIER)
    anybody = json.loads(machine.says(PYTHON, "/opt/try.py").removeprefix("TRIED "))
    print(f"\nunrestricted: {anybody}\ncapture: {capture}\ncourier: {courier}")
    assert set(anybody.values()) == {"done"}
    assert (capture["key"], capture["state"]) == (courier["token"], courier["state"]) == ("done", "done")
    assert capture["network"] in {"Network is unreachable", "Connection refused", "Address family not supported by protocol"}
    assert courier["network"] == "done"
    assert courier["key"] == "Permission denied"
    assert courier["camera"] == "No such file or directory"
    assert capture["token"] == "Permission denied"
    assert capture["system"] == courier["system"] == "Read-only file system"


@pytest.mark.parametrize(("unit", "limit_mib"), [(CAPTURE, 600), (COURIER, 300)])
def test_a_process_that_grows_beyond_its_limit_is_ended_and_nothing_else(machine: Machine, unit: str, limit_mib: int) -> None:
    assert int(machine.property_of(unit, "MemoryMax")) == limit_mib << 20
    assert "has it all" in in_the_sandbox_of(machine, unit, PYTHON, "-c", GROW, str(limit_mib - 100))
    before = machine.journal("lintel-probe.service").count("has it all")
    said = in_the_sandbox_of(machine, unit, PYTHON, "-c", GROW, str(limit_mib + 100))
    assert said.count("has it all") == before
    assert machine.property_of("lintel-probe.service", "Result") in {"oom-kill", "signal"}
    assert machine.property_of(unit, "TasksMax") == "64"


def test_the_journal_never_takes_more_than_its_share(machine: Machine) -> None:
    said = machine.says("journalctl", "--no-pager", "--output=cat", "--unit=systemd-journald")
    caps = re.findall(r"System Journal \(\S+\) is \S+, max (\S+),", said)
    print(f"\njournald: max {caps[-1]}")
    assert caps[-1] == "100.0M"


def test_capture_of_a_network_camera_gets_the_network_for_the_camera_devices(machine: Machine) -> None:
    drop_ins = "/run/systemd/system/lintel-capture.service.d"
    machine.run("mkdir", "-p", drop_ins)
    machine.run("sh", "-c", f"cat > {drop_ins}/rtsp.conf", stdin=(PROJECT / "systemd" / "lintel-capture-rtsp.conf").read_text())
    machine.run("sh", "-c", f"cat > {drop_ins}/camera.conf", stdin="[Service]\nIPAddressAllow=127.0.0.1\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", CAPTURE)
    assert is_ready(machine, CAPTURE)
    found = tried(machine, CAPTURE)
    print(f"\ncapture of a network camera: {found}")
    assert (found["network"], found["camera"], found["key"]) == ("done", "No such file or directory", "done")
    machine.run("rm", "-r", drop_ins)


def test_after_a_restart_of_the_host_both_are_at_work_by_themselves(machine: Machine, house: House) -> None:
    machine.switch_off()
    before = len(house.sightings())
    with booted(machine.root) as again:
        for unit in UNITS:
            until(f"{unit} is ready", READY_S, partial(is_ready, again, unit))
        took = until("another sighting is on the server", 60, lambda: len(house.sightings()) > before)
        print(f"\na sighting of the new boot on the server {took:.1f} s after both were ready")
        assert "drwxrws--- root lintel-node" in again.says("stat", "--format=%A %U %G", "/run/lintel")
