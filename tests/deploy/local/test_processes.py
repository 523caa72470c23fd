import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import DemoError
from deploy.local.processes import Part, Program, fresh_log, run_to_end

LONG = "import time; print('up', flush=True); time.sleep(600)"


def python(tmp_path: Path, code: str) -> Program:
    return Program("thing", (sys.executable, "-c", code), tmp_path / "thing.log")


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def eventually_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if gone(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_part_stops_with_everything_it_started(tmp_path: Path) -> None:
    starts_another = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {LONG!r}]).pid, flush=True); {LONG}"
    part = Part.start(python(tmp_path, starts_another))
    part.wait_until(lambda: "up" in part.program.log.read_text(), within_seconds=20)
    grandchild = int(part.program.log.read_text().split()[0])
    part.stop()
    assert gone(part.process.pid)
    assert eventually_gone(grandchild)


def test_a_part_that_ignores_its_stop_signal_is_killed(tmp_path: Path) -> None:
    part = Part.start(python(tmp_path, f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LONG}"))
    part.wait_until(lambda: "up" in part.program.log.read_text(), within_seconds=20)
    part.stop(within_seconds=0.1)
    assert part.process.returncode == -signal.SIGKILL


def test_a_part_that_ends_at_once_shows_the_end_of_its_log_and_where_it_is(tmp_path: Path) -> None:
    part = Part.start(python(tmp_path, "import sys; sys.exit('the reason')"))
    with pytest.raises(DemoError, match="the reason") as caught:
        part.wait_until(lambda: False, within_seconds=20)
    assert str(tmp_path / "thing.log") in str(caught.value)
    part.stop()


def test_a_part_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    part = Part.start(python(tmp_path, LONG))
    with pytest.raises(DemoError, match="was not ready within"):
        part.wait_until(lambda: False, within_seconds=0.2)
    part.stop()


def test_a_command_that_fails_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="exit code 7"):
        run_to_end(python(tmp_path, "import sys; sys.exit(7)"), within_seconds=20)
    assert run_to_end(python(tmp_path, "print('fine')"), within_seconds=20) == "fine\n"


def test_a_missing_program_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="cannot start /no/such/program"):
        Part.start(Program("thing", ("/no/such/program",), tmp_path / "thing.log"))


def test_when_the_demo_is_killed_its_children_go_too(tmp_path: Path) -> None:
    starter = f"""
import time
from pathlib import Path
from deploy.local.processes import Part, Program
import sys
part = Part.start(Program("thing", (sys.executable, "-c", {LONG!r}), Path({str(tmp_path / "thing.log")!r})))
print(part.process.pid, flush=True)
time.sleep(600)
"""
    demo = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert demo.stdout is not None
    child = int(demo.stdout.readline())
    assert not gone(child)
    os.kill(demo.pid, signal.SIGKILL)
    demo.wait()
    demo.stdout.close()
    assert eventually_gone(child)


def test_a_fresh_log_keeps_the_previous_one(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("before")
    assert fresh_log(log).read_text() == ""
    assert (tmp_path / "server.previous.log").read_text() == "before"
