import itertools
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from edge_client.supervisor import HEALTHY_AFTER_S, STOP_WITHIN_S, Supervisor, Time

CAPTURE = ("capture",)
COURIER = ("courier",)
DRAIN = ("courier", "--once")


@dataclass
class FakeProcess:
    """Ends with 0 when told to, unless it is deaf; or by itself at a time."""

    arguments: tuple[str, ...]
    ends_at_s: float | None = None
    code: int = 0
    deaf: bool = False
    pid: int = 1
    ended: int | None = None
    told: list[int] = field(default_factory=list)

    def poll(self) -> int | None:
        return self.ended

    def send_signal(self, sig: int, /) -> None:
        self.told.append(sig)
        if not self.deaf:
            self.ended = 0

    def kill(self) -> None:
        self.told.append(signal.SIGKILL)
        self.ended = -signal.SIGKILL


class Machine:
    """Starts fake processes as scripted; each script lists, for one command line, (seconds it runs, exit code) in order."""

    def __init__(self, **scripts: list[tuple[float, int]]) -> None:
        self.now = 0.0
        self.started: list[tuple[float, tuple[str, ...]]] = []
        self.processes: list[FakeProcess] = []
        self.deaf = False
        self.at: dict[float, Callable[[], None]] = {}
        self._scripts = {CAPTURE: scripts.get("capture", []), COURIER: scripts.get("courier", []), DRAIN: scripts.get("drain", [])}

    def start(self, arguments: tuple[str, ...]) -> FakeProcess:
        process = FakeProcess(arguments, deaf=self.deaf)
        script = self._scripts[arguments]
        if script:
            runs_s, process.code = script.pop(0)
            process.ends_at_s = self.now + runs_s
        self.started.append((self.now, arguments))
        self.processes.append(process)
        return process

    def sleep(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 3)
        for process in self.processes:
            if process.ended is None and process.ends_at_s is not None and self.now >= process.ends_at_s:
                process.ended = process.code
        for moment in [moment for moment in self.at if moment <= self.now]:
            self.at.pop(moment)()

    def run(self, *, once: bool = False, stop_at_s: float = 1000.0) -> int:
        supervisor = Supervisor(self.start, once=once, clock=Time(lambda: self.now, self.sleep))
        self.at[stop_at_s] = supervisor.stop
        return supervisor.run()

    def starts_of(self, arguments: tuple[str, ...]) -> list[float]:
        return [moment for moment, what in self.started if what == arguments]

    @property
    def left_behind(self) -> list[FakeProcess]:
        return [process for process in self.processes if process.ended is None]


def test_both_processes_run_until_the_run_is_stopped() -> None:
    machine = Machine()
    assert machine.run(stop_at_s=5) == 0
    assert [what for _, what in machine.started] == [COURIER, CAPTURE]
    assert [process.told for process in machine.processes] == [[signal.SIGTERM], [signal.SIGTERM]]
    assert machine.left_behind == []


def test_a_process_that_dies_is_started_again_later_each_time() -> None:
    machine = Machine(capture=[(0.1, 1), (0.1, -9), (0.1, 1), (0.1, 1)])
    machine.run(stop_at_s=30)
    starts = machine.starts_of(CAPTURE)
    waits = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert waits == pytest.approx([1.1, 2.1, 4.1, 8.1], abs=0.2)
    assert len(machine.starts_of(COURIER)) == 1


def test_the_wait_has_an_upper_limit() -> None:
    machine = Machine(capture=[(0.1, 1)] * 20)
    machine.run(stop_at_s=1000)
    starts = machine.starts_of(CAPTURE)
    assert starts[-1] - starts[-2] <= 61


def test_a_process_that_was_healthy_starts_again_soon() -> None:
    machine = Machine(capture=[(0.1, 1)] * 4 + [(HEALTHY_AFTER_S + 1, 1)])
    machine.run(stop_at_s=120)
    starts = machine.starts_of(CAPTURE)
    assert starts[5] - (starts[4] + HEALTHY_AFTER_S + 1) <= 1.2


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_a_child_that_will_never_work_ends_the_run_with_its_code(code: int) -> None:
    machine = Machine(capture=[(0.5, code)])
    assert machine.run() == code
    assert machine.left_behind == []


def test_the_courier_too_can_end_the_run() -> None:
    assert Machine(courier=[(0.5, 3)]).run() == 3


def test_a_source_at_its_end_leaves_the_courier_at_work() -> None:
    machine = Machine(capture=[(1, 0)])
    assert machine.run(stop_at_s=50) == 0
    assert len(machine.starts_of(CAPTURE)) == 1
    assert len(machine.starts_of(COURIER)) == 1


def test_once_the_source_has_ended_the_courier_drains_and_the_run_ends() -> None:
    machine = Machine(capture=[(3, 0)], drain=[(2, 0)])
    assert machine.run(once=True) == 0
    assert [what for _, what in machine.started] == [COURIER, CAPTURE, DRAIN]
    assert machine.now < 7


def test_a_courier_that_happens_to_end_while_capture_runs_does_not_end_the_run() -> None:
    machine = Machine(capture=[(10, 0)], courier=[(1, 0)], drain=[(1, 0)])
    assert machine.run(once=True) == 0
    assert machine.now > 10


def test_a_drain_that_dies_is_started_again() -> None:
    machine = Machine(capture=[(1, 0)], drain=[(1, 1), (1, 0)])
    assert machine.run(once=True) == 0
    assert len(machine.starts_of(DRAIN)) == 2


def test_with_once_a_capture_that_fails_is_not_played_from_the_beginning_again() -> None:
    machine = Machine(capture=[(1, 1)])
    assert machine.run(once=True) == 1
    assert len(machine.starts_of(CAPTURE)) == 1


def test_a_capture_that_was_killed_counts_as_failed() -> None:
    assert Machine(capture=[(1, -9)]).run(once=True) == 1


def test_a_process_that_does_not_stop_is_killed() -> None:
    machine = Machine()
    machine.deaf = True
    machine.run(stop_at_s=1)
    assert [process.told for process in machine.processes] == [[signal.SIGTERM, signal.SIGKILL]] * 2
    assert machine.now == pytest.approx(1 + STOP_WITHIN_S, abs=1)


def test_a_planned_end_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lintel.supervisor"):
        Machine(capture=[(3, 0)], drain=[(2, 0)]).run(once=True)
        Machine().run(stop_at_s=1)
    assert {record.levelname for record in caplog.records} == {"INFO"}


def test_an_end_that_nobody_asked_for_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lintel.supervisor"):
        Machine(courier=[(1, 1)]).run(stop_at_s=5)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == ["courier: ended with 1"]


_SUPERVISE = """
import subprocess, sys
from edge_client import supervisor
real = subprocess.Popen
def popen(command, **kw):
    child = real([sys.executable, "-c", "import time; time.sleep(60)"], **kw)
    print(child.pid, flush=True)
    return child
supervisor.subprocess.Popen = popen
supervisor.run(supervisor.Path("none.toml"), once=False)
"""


def _wait_until(true: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while not true() and time.monotonic() < deadline:
        os.sched_yield()
    return true()


def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_supervisor_however_it_ends(how: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root
    ) as run:
        assert run.stdout is not None
        children = [int(run.stdout.readline()) for _ in range(2)]
        run.send_signal(how)
        run.wait(20)
        assert _wait_until(lambda: all(_is_gone(pid) for pid in children))


def test_a_configuration_that_cannot_be_read_ends_the_run_with_two(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_client", "run", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 2
    assert "lintel-edge: cannot read" in done.stderr
    assert done.stdout == ""
