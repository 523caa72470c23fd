"""Runs the two processes of a node, capture and courier: starts them, restarts what dies, stops both, leaves none behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from edge_client.reporting import Reporter

NEVER_WORKS: Final = frozenset({2, 3, 4, 5})
"""Exit codes after which starting again is of no use: configuration, identity, camera, model set. The child has said why."""
STOP_WITHIN_S: Final = 15.0
"""A process that has not ended so long after it was told to stop is killed."""
HEALTHY_AFTER_S: Final = 60.0
"""Who ran for so long starts again with the shortest wait."""
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.05
_DRAIN: Final = "--once"
"""The courier ends when nothing is left to send."""
_PR_SET_PDEATHSIG: Final = 1

reporter = Reporter("supervisor")


class Process(Protocol):
    """The part of `subprocess.Popen` that is used."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int, /) -> None: ...

    def kill(self) -> None: ...


Start = Callable[[tuple[str, ...]], Process]
"""Starts `lintel-edge` with these arguments; the first is `capture` or `courier`."""


@dataclass(frozen=True, slots=True)
class Time:
    """A clock that only grows, in seconds, and how to wait on it."""

    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Child:
    """One process that is kept running."""

    def __init__(self, name: str, start: Start, clock: Time) -> None:
        self.name = name
        self.ended_as: tuple[str, ...] = ()
        self._arguments: tuple[str, ...] = (name,)
        self._running_as: tuple[str, ...] = ()
        self._start = start
        self._time = clock
        self._process: Process | None = None
        self._started_s = 0.0
        self._again_s = 0.0
        self._wait_s = _FIRST_WAIT_S
        self._told_to_end = False

    @property
    def running(self) -> bool:
        return self._process is not None

    def run(self) -> None:
        """Start it unless it runs or has to wait."""
        if self._process is None and self._time.now_s() >= self._again_s:
            self._process = self._start(self._arguments)
            self._running_as = self._arguments
            self._told_to_end = False
            self._started_s = self._time.now_s()
            reporter.state(self.name, "ok", pid=self._process.pid)

    def look(self) -> int | None:
        """Its exit code when it has just ended, else None. The next start waits, longer each time it ends soon."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return None
        self._process = None
        self.ended_as = self._running_as
        now = self._time.now_s()
        if now - self._started_s >= HEALTHY_AFTER_S:
            self._wait_s = _FIRST_WAIT_S
        self._again_s = now + self._wait_s
        self._wait_s = min(_LONGEST_WAIT_S, max(_FIRST_WAIT_S, 2 * self._wait_s))
        reporter.state(self.name, f"ended with {code}", expected=self._told_to_end or code == 0)
        return code

    def go_on_with(self, *options: str) -> None:
        """End it; its successor starts at once, with these options."""
        self.tell(signal.SIGTERM)
        self._arguments = (self.name, *options)
        self._wait_s = 0.0

    def tell(self, signal_number: int) -> None:
        if self._process is not None:
            self._told_to_end = True
            self._process.send_signal(signal_number)

    def kill(self) -> None:
        if self._process is not None:
            reporter.warn("killed, it did not stop", process=self.name)
            self._process.kill()


class Supervisor:
    """`once`: when capture ends with 0, the courier is told to drain the outbox, and its end is the end of the run."""

    def __init__(self, start: Start, *, once: bool, clock: Time | None = None) -> None:
        self._time = clock or Time()
        self._once = once
        self._stopping = False
        self._captured = False
        self._capture = Child("capture", start, self._time)
        self._courier = Child("courier", start, self._time)

    def stop(self) -> None:
        """End the run. May be called from a signal handler."""
        self._stopping = True

    def run(self) -> int:
        """The exit code of the run: 0, or that of a child that will never work."""
        try:
            return self._supervise()
        finally:
            self._stop_children()

    def _supervise(self) -> int:
        while not self._stopping:
            self._courier.run()
            if not self._captured:
                self._capture.run()
            ended = self._result()
            if ended is not None:
                return ended
            self._time.sleep(_LOOK_EVERY_S)
        return 0

    def _result(self) -> int | None:
        """The run's exit code, None while it goes on."""
        delivered, captured = self._courier.look(), self._capture.look()
        for code in (captured, delivered):
            if code is not None and code in NEVER_WORKS:
                return code
        if delivered == 0 and self._courier.ended_as == ("courier", _DRAIN):
            return 0
        if captured == 0:
            self._captured = True
            self._drain()
        elif captured is not None and self._once:
            return _as_exit_code(captured)
        return None

    def _drain(self) -> None:
        """Nothing more will be recorded. A courier that was told to stop ends with 0 as well, so only its successor's end counts."""
        if self._once:
            self._courier.go_on_with(_DRAIN)

    def _stop_children(self) -> None:
        children = (self._capture, self._courier)
        for child in children:
            child.tell(signal.SIGTERM)
        deadline = self._time.now_s() + STOP_WITHIN_S
        while self._any_runs(children) and self._time.now_s() < deadline:
            self._time.sleep(_LOOK_EVERY_S)
        for child in children:
            child.kill()
        while self._any_runs(children):
            self._time.sleep(_LOOK_EVERY_S)

    @staticmethod
    def _any_runs(children: tuple[Child, ...]) -> bool:
        for child in children:
            child.look()
        return any(child.running for child in children)


def run(config_path: Path, *, once: bool) -> int:
    """Supervise until SIGTERM or SIGINT, or, with `once`, until everything the source showed has been delivered."""
    supervisor = Supervisor(lambda arguments: start_process(arguments, config_path), once=once)

    def handle(_number: int, _frame: FrameType | None) -> None:
        supervisor.stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return supervisor.run()


def start_process(arguments: tuple[str, ...], config_path: Path) -> Process:
    """Start `lintel-edge` with these arguments. Its output is this process's output; only capture writes any."""
    parent = os.getpid()
    command = [sys.executable, "-m", "edge_client", *arguments, "--config", str(config_path)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=lambda: _die_with(parent))  # noqa: PLW1509 (no threads here)


def _die_with(parent: int) -> None:
    """In the child: the kernel kills it when the supervisor dies, however that dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _as_exit_code(code: int) -> int:
    """A process killed by a signal counts as failed."""
    return code if code > 0 else 1
