import random
import subprocess
import sys
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import list_records, read_status
from tests.edge_client.fakes import FakeClock, open_outbox


def _write_and_kill(folder: Path, lines: int) -> list[tuple[int, int, str]]:
    """Start a writer, kill it without mercy after so many lines; every whole line it said counts."""
    command = [sys.executable, "-m", "tests.edge_client.outbox.writer", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as writer:
        assert writer.stdout
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        said += writer.stdout.readlines()
    whole = [line.split() for line in said if line.endswith("\n")]
    return [(int(epoch), int(seq), sha256) for epoch, seq, sha256 in whole]


def test_everything_said_to_be_recorded_is_there_after_kills(tmp_path: Path) -> None:
    choose = random.Random(20260101)  # noqa: S311
    said: list[tuple[int, int, str]] = []
    for _ in range(4):
        said += _write_and_kill(tmp_path, choose.randint(1, 40))
    records = list_records(tmp_path)
    assert set(said) <= {(record.epoch, record.seq, record.sha256) for record in records}
    assert len(said) == len(set(said))
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    outbox = open_outbox(tmp_path, FakeClock())
    assert outbox.losses == ()
    outbox.close()
    assert len(list((tmp_path / "crops").iterdir())) == len(records)


def test_looking_and_leasing_work_while_another_process_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.edge_client.outbox.writer", str(tmp_path)]
    clock = SystemClock()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as writer:
        assert writer.stdout
        writer.stdout.readline()
        deliveries = Deliveries.open(tmp_path, clock=clock)
        leased = 0
        while leased < 50:
            leased += len(deliveries.lease(10))
            assert read_status(tmp_path, clock=clock).waiting >= leased
            writer.stdout.readline()
        assert list_records(tmp_path)
        writer.kill()
        writer.stdout.read()
        deliveries.close()
