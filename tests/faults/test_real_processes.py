"""`lintel-edge run` itself, with its camera loop, its models and its courier: killed, and on a disk that fails for a while."""

import errno
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.archive import read_log
from tests.faults.real_node import RealNode, real_node
from tests.faults.test_disk_errors import ERRNOS, kinds_of
from tests.faults.witness import Verdict, judge

KILLS = 20
_SERVICE_S = 60.0
_FAULT_S = 8.0


def verdict_of(node: RealNode) -> tuple[Verdict, int]:
    """After the rest was delivered. The number is of records that the server holds."""
    node.deliver_the_rest()
    emitted = node.notes.close()
    held = read_log(node.archive.log)
    assert emitted
    return judge(emitted, held.envelopes, public_key=held.public_key, images=held.images), len(held.envelopes)


def fail_for_a_while(node: RealNode, errno_: int) -> float:
    """Every change of the disk fails until some did and a while has passed. Seconds from the end of that to the next sighting."""
    node.wait_for_sightings(2)
    node.disk.control.fail(errno_, kinds=kinds_of(errno_))
    time.sleep(_FAULT_S)
    assert node.disk.control.count > 0
    node.disk.control.obey()
    return node.wait_for_sightings(1)


@pytest.mark.slow
def test_a_node_whose_disk_failed_for_a_while_works_again_by_itself(card: Path, tell: Callable[[str], None]) -> None:
    with real_node(card) as node:
        node.start()
        back_s = fail_for_a_while(node, errno.EIO)
        node.stop()
        verdict, held = verdict_of(node)
    assert verdict.broken() == ()
    assert back_s < _SERVICE_S
    tell(f"real processes (short): EIO for {_FAULT_S:.0f} s, next sighting {back_s:.1f} s after its end, {held} records held, 0 lost")


@pytest.mark.faults
def test_real_processes_come_back_from_every_kind_of_disk_error(card: Path, tell: Callable[[str], None]) -> None:
    with real_node(card) as node:
        node.start()
        back_s = {os.strerror(errno_): fail_for_a_while(node, errno_) for errno_ in ERRNOS}
        node.stop()
        verdict, held = verdict_of(node)
    assert verdict.broken() == ()
    assert max(back_s.values()) < _SERVICE_S
    times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in back_s.items())
    tell(f"real processes, disk errors for {_FAULT_S:.0f} s: next sighting after their end: {times}; {held} records held, 0 lost")


@pytest.mark.faults
def test_real_processes_that_are_killed_lose_and_repeat_nothing(card: Path, tell: Callable[[str], None]) -> None:
    chance = random.Random(1)  # noqa: S311 (not for secrets)
    with real_node(card) as node:
        for _ in range(KILLS):
            node.start()
            node.wait_for_sightings(1)
            time.sleep(chance.uniform(0.0, 1.5))
            node.kill()
        verdict, held = verdict_of(node)
    assert verdict.broken(lives=node.lives) == ()
    tell(
        f"real processes: supervisor, capture and courier killed {KILLS} times: {held} records held, {len(verdict.lost)} lost, "
        f"{len(verdict.duplicated)} duplicated"
    )
