import time

from edge_client.clock import SystemClock, kernel_says_synchronised
from shared_schema.ids import BootNs


def test_readings_of_one_boot_grow_and_name_the_boot() -> None:
    clock = SystemClock()
    first, second = clock.reading(), clock.reading()
    assert first.boot_id == second.boot_id == clock.boot_id
    assert first.boot_ns <= second.boot_ns


def test_an_earlier_moment_has_an_earlier_wall_reading() -> None:
    clock = SystemClock()
    earlier = clock.reading_at(BootNs(clock.boot_ns() - 10**9))
    assert abs(time.time_ns() - earlier.wall_ns - 10**9) < 10**9


def test_the_kernel_answers_whether_its_clock_is_synchronised() -> None:
    assert kernel_says_synchronised() in {True, False}
