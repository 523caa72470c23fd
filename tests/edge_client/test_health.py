import os
from pathlib import Path

import pytest

from edge_client.health import Kernel, Machine, worst_card
from shared_schema.node import Health


class Pi:
    """What a board's kernel shows under /sys and /proc."""

    def __init__(self, root: Path, *, is_read_only: bool = False) -> None:
        self.root = root
        self.state = root / "state"
        self.state.mkdir()
        self.machine = Machine(self.state, Kernel(sys=root / "sys", proc=root / "proc", is_read_only=lambda _: is_read_only))

    def tell(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")

    def tell_throttled(self, bits: int) -> None:
        self.tell("sys/devices/platform/soc/soc:firmware/get_throttled", f"{bits:x}\n")

    def tell_ext4_errors(self, count: int) -> None:
        device = self.state.stat().st_dev
        (self.root / "sys/dev/block").mkdir(parents=True, exist_ok=True)
        link = self.root / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
        if not link.is_symlink():
            link.symlink_to("../../devices/mmcblk0p2")
        self.tell("sys/fs/ext4/mmcblk0p2/errors_count", f"{count}\n")

    def health(self) -> Health:
        return self.machine.health(uptime_s=77)


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    return Pi(tmp_path)


def test_what_a_plain_computer_does_not_tell_is_none(pi: Pi) -> None:
    assert pi.health() == Health(uptime_s=77)


def test_heat_is_that_of_the_hottest_zone(pi: Pi) -> None:
    pi.tell("sys/class/thermal/thermal_zone0/temp", "48312\n")
    pi.tell("sys/class/thermal/thermal_zone1/temp", "71200\n")
    pi.tell("sys/class/thermal/thermal_zone2/temp", "broken\n")
    assert pi.health().temperature_c == 71.2


def test_throttling_is_told_in_words(pi: Pi) -> None:
    pi.tell_throttled(0x50005)
    assert pi.health().throttled == ("throttled", "under_voltage")


def test_what_the_firmware_forgets_once_it_was_read_is_still_told(pi: Pi) -> None:
    pi.tell_throttled(0xD0008)
    assert pi.health().throttled == ("hot", "throttled_before", "under_voltage_before")
    pi.tell_throttled(0)
    assert pi.health().throttled == ("hot_before", "throttled_before", "under_voltage_before")


def test_the_kernels_own_watch_on_the_supply_is_heard(pi: Pi) -> None:
    pi.tell("sys/class/hwmon/hwmon2/name", "rpi_volt\n")
    pi.tell("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "1\n")
    pi.tell("sys/class/hwmon/hwmon3/name", "other\n")
    pi.tell("sys/class/hwmon/hwmon3/in0_lcrit_alarm", "1\n")
    assert pi.health().throttled == ("under_voltage",)
    pi.tell("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "0\n")
    assert pi.health().throttled == ("under_voltage_before",)


@pytest.mark.parametrize(("errors", "said"), [(0, "ok"), (3, "failing")])
def test_errors_that_the_file_system_counted_are_told(pi: Pi, errors: int, said: str) -> None:
    pi.tell_ext4_errors(errors)
    assert pi.machine.card() == said


@pytest.mark.parametrize(("left", "said"), [("0x01", "ok"), ("0x03", "failing")])
def test_a_card_that_says_it_is_worn_out_is_told(pi: Pi, left: str, said: str) -> None:
    pi.tell_ext4_errors(0)
    pi.tell("sys/block/mmcblk0/device/pre_eol_info", f"{left}\n")
    assert pi.machine.card() == said


def test_a_card_that_was_remounted_for_reading_alone_is_told(tmp_path: Path) -> None:
    pi = Pi(tmp_path, is_read_only=True)
    pi.tell_ext4_errors(3)
    assert pi.machine.card() == "read_only"


def test_a_state_that_cannot_be_looked_at_is_a_failing_card(tmp_path: Path) -> None:
    assert Machine(tmp_path / "gone", Kernel(sys=tmp_path, proc=tmp_path)).card() == "failing"


def test_memory_is_what_can_still_be_had(pi: Pi) -> None:
    pi.tell("proc/meminfo", "MemTotal:  948304 kB\nMemAvailable:  412000 kB\n")
    assert pi.health().memory_available_bytes == 412_000 * 1024
    pi.tell("proc/meminfo", "MemAvailable:\n")
    assert pi.health().memory_available_bytes is None


@pytest.mark.parametrize(
    ("said", "worst"), [(("", ""), ""), (("", "ok"), "ok"), (("ok", "failing"), "failing"), (("full", "read_only"), "full")]
)
def test_a_complaint_about_the_card_counts_whoever_makes_it(said: tuple[str, str], worst: str) -> None:
    assert worst_card(*said) == worst


def test_this_machine_can_be_asked(tmp_path: Path) -> None:
    health = Machine(tmp_path).health(uptime_s=1)
    assert health.memory_available_bytes
    assert health.card in {"", "ok", "failing", "read_only"}
