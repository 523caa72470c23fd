"""The courier's threads: each worker in one of its own, so that none of them waits for another. One that dies ends them all."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge_client.clock import Clock
from edge_client.errors import EdgeError
from edge_client.notify import Notifier
from edge_client.reporting import Reporter
from edge_client.server_api import Observe

IDLE_S: Final = 0.5
HANGS_AFTER_S: Final = 900.0
"""Longer than the slowest exchange that goes its course; who takes longer over one step will not come back."""
_STOP_WITHIN_S: Final = 3.0

Wait = Callable[[float], bool]
"""Sleeps so many seconds, or less when the courier is to stop. True: stop now. Any thread may call it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the courier has from outside. `observe` is told of every request, `notifier` tells systemd how the process is."""

    clock: Clock
    wait: Wait
    random: Callable[[], float] = random.random
    observe: Observe | None = None
    notifier: Notifier | None = None


class Worker(Protocol):
    """Does a piece of its work in each step. Made anywhere; from the first step on it belongs to one thread, which also closes it."""

    @property
    def name(self) -> str: ...

    def step(self) -> bool:
        """True when there is more to do at once."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Life:
    worker: Worker
    since_s: float
    thread: threading.Thread | None = None
    died_of: BaseException | None = None


class Crew:
    """The workers while they run."""

    def __init__(self, workers: Sequence[Worker], *, wait: Wait, now_s: Callable[[], float] = time.monotonic) -> None:
        self._wait = wait
        self._now_s = now_s
        self._over = threading.Event()
        self._lives = [_Life(worker, now_s()) for worker in workers]
        self._report = Reporter("courier")

    def start(self) -> None:
        for life in self._lives:
            life.since_s = self._now_s()
            life.thread = threading.Thread(target=self._live, args=(life,), name=life.worker.name, daemon=True)
            life.thread.start()

    def check(self) -> None:
        """Raises what a worker died of, or EdgeError when one hangs: the process is started again then, rather than half alive."""
        for life in self._lives:
            if life.died_of is not None:
                raise life.died_of
            if self._now_s() - life.since_s > HANGS_AFTER_S:
                raise EdgeError(f"the courier's {life.worker.name} has not come back for {HANGS_AFTER_S:.0f} s; starting again")

    def stop(self) -> None:
        """Every worker ends after its step. One that is still in a request after some seconds is left: it dies with the process."""
        self._over.set()
        deadline = self._now_s() + _STOP_WITHIN_S
        for life in self._lives:
            if life.thread is not None:
                life.thread.join(max(0.0, deadline - self._now_s()))
                if life.thread.is_alive():
                    self._report.say("stopped in the middle of a request", worker=life.worker.name)

    def _live(self, life: _Life) -> None:
        try:
            while not self._over.is_set():
                life.since_s = self._now_s()
                busy = life.worker.step()
                if self._wait(0.0 if busy else IDLE_S):
                    break
        except BaseException as error:  # noqa: BLE001 (the top of the loop: told, and raised by check)
            self._report.warn("a worker died", worker=life.worker.name, reason=f"{type(error).__name__}: {error}")
            life.died_of = error
        finally:
            life.worker.close()
