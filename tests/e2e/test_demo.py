import json
import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

WITHIN_SECONDS = 240
DEMO = Path(sysconfig.get_path("scripts")) / "lintel-demo"


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    output: str
    told: str
    data: Path

    @property
    def counts(self) -> dict[str, object]:
        counts = json.loads(self.output.splitlines()[-1])
        assert isinstance(counts, dict)
        return counts


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_once(data: Path, *arguments: str) -> Outcome:
    command = [str(DEMO), "--once", "--data", str(data), "--port", str(free_port()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN_SECONDS)
    return Outcome(done.returncode, done.stdout, done.stderr, data)


def processes_of(data: Path) -> list[str]:
    """Whoever names the data folder on its command line or was told of it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(data) in word for word in words):
            found.append(" ".join(process.cmdline()))
    return found


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach too: pytest's own are closed."""
    with TemporaryDirectory(prefix="lintel-demo-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"


@pytest.fixture(scope="module")
def first(data: Path) -> Outcome:
    return run_once(data)


def test_the_demo_recognises_whom_it_enrolled_and_does_not_name_the_stranger(first: Outcome) -> None:
    assert first.exit_code == 0, first.told
    matched = first.counts["matched"]
    assert isinstance(matched, dict)
    assert set(matched) == {"Eileen Collins"}
    unnamed = [first.counts["unknown"], first.counts["unsure"]]
    assert sum(count for count in unnamed if isinstance(count, int)) >= 1
    assert first.counts["sightings"] == sum(matched.values()) + sum(count for count in unnamed if isinstance(count, int))


def test_the_demo_shows_attendance_for_the_one_it_recognised(first: Outcome) -> None:
    attendance = first.counts["attendance"]
    assert isinstance(attendance, list)
    assert [day["person"] for day in attendance] == ["Eileen Collins"]
    assert attendance[0]["first_seen"] <= attendance[0]["last_seen"]


def test_the_demo_leaves_no_process_behind(first: Outcome) -> None:
    assert processes_of(first.data) == []


def test_the_login_is_told_and_kept_for_its_owner_alone(first: Outcome) -> None:
    kept = first.data / "demo" / "login.json"
    assert json.loads(kept.read_text())["password"] in first.told
    assert kept.stat().st_mode & 0o077 == 0


def test_a_demo_that_is_killed_takes_everything_along(first: Outcome, data: Path) -> None:
    assert first.exit_code == 0, first.told
    command = [str(DEMO), "--data", str(data), "--port", str(free_port())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        assert any(line.startswith("Replaying") for line in demo.stderr)
        assert len(processes_of(data)) > 5
        demo.kill()
    deadline = time.monotonic() + 30
    while processes_of(data) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(data) == []


def test_a_second_start_keeps_its_data_and_counts_its_own_sightings(first: Outcome, data: Path) -> None:
    second = run_once(data)
    assert second.exit_code == 0, second.told
    assert second.counts["matched"] == first.counts["matched"]
    attendance = second.counts["attendance"]
    assert isinstance(attendance, list)
    before = first.counts["attendance"]
    assert isinstance(before, list)
    # the server goes on refining when a sighting was, by milliseconds
    seen = [datetime.fromisoformat(days[0]["first_seen"]) for days in (before, attendance)]
    assert abs(seen[1] - seen[0]) < timedelta(seconds=2)
    assert processes_of(data) == []
