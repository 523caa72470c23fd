import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from edge_client.courier_crew import HANGS_AFTER_S, Crew
from edge_client.errors import EdgeError


@dataclass
class Hand:
    """A worker whose step is the test's."""

    name: str
    work: Callable[[], bool] = lambda: False
    steps: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)

    def step(self) -> bool:
        self.steps += 1
        self.began.set()
        return self.work()

    def close(self) -> None:
        self.closed.set()


def wait(_seconds: float) -> bool:
    return threading.Event().wait(0.001)


def test_every_worker_goes_on_while_another_is_stuck_and_is_closed_in_the_end() -> None:
    released = threading.Event()
    stuck, busy = Hand("stuck", lambda: released.wait(20)), Hand("busy")
    crew = Crew([stuck, busy], wait=wait)
    crew.start()
    assert stuck.began.wait(10)
    before = busy.steps
    for _ in range(10_000):
        if busy.steps > before + 3:
            break
        wait(0)
    assert (busy.steps > before, stuck.steps) == (True, 1)
    crew.check()
    released.set()
    crew.stop()
    assert stuck.closed.is_set()
    assert busy.closed.is_set()


def test_a_worker_that_dies_is_told_and_ends_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    def die() -> bool:
        raise ZeroDivisionError("a mistake")

    dying, other = Hand("dying", die), Hand("other")
    crew = Crew([dying, other], wait=wait)
    with caplog.at_level(logging.INFO, "lintel.courier"):
        crew.start()
        assert dying.closed.wait(10)
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        crew.check()
    crew.stop()
    assert other.closed.is_set()
    assert [record.getMessage() for record in caplog.records] == ["a worker died"]


def test_a_worker_that_does_not_come_back_is_found() -> None:
    now, released = [0.0], threading.Event()
    crew = Crew([Hand("records", lambda: released.wait(20))], wait=wait, now_s=lambda: now[0])
    crew.start()
    now[0] = HANGS_AFTER_S
    crew.check()
    now[0] = HANGS_AFTER_S + 1
    with pytest.raises(EdgeError, match="records has not come back"):
        crew.check()
    released.set()
    crew.stop()


def test_a_stop_does_not_wait_for_a_request_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    released, now = threading.Event(), [0.0]
    hand = Hand("crops", lambda: released.wait(20))

    def later() -> float:
        now[0] += 3.0
        return now[0]

    crew = Crew([hand], wait=wait, now_s=later)
    with caplog.at_level(logging.INFO, "lintel.courier"):
        crew.start()
        assert hand.began.wait(10)
        crew.stop()
    assert [record.getMessage() for record in caplog.records] == ["stopped in the middle of a request"]
    released.set()
    assert hand.closed.wait(10)
