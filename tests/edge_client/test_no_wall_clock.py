"""A board without a battery does not know what time it is: nothing waits, expires or is decided by its wall clock."""

import ast
import time
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

import edge_client
from edge_client.clock import SystemClock
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import read_status
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.node import HeartbeatAnswer
from tests.edge_client.fakes import SIGNER, FakeServer, an_identity, make_claimed

ROOT = Path(edge_client.__file__).parent
WALL = {
    "time",
    "time_ns",
    "localtime",
    "gmtime",
    "ctime",
    "strftime",
    "now",
    "utcnow",
    "today",
    "CLOCK_REALTIME",
    "wall_ns",
    "synchronised",
}
READS_IT = {
    "capture.py": "opening hours of a node that no contact has told the time in this boot",
    "clock.py": "the reading in a record, a fact for the server",
    "doctor.py": "told to whoever asks",
    "simulate/boots.py": "clocks of simulated nodes",
}


def wall_clocks_in(source: str) -> list[str]:
    """Uses of the wall clock: attributes of `time`, `datetime` and `date`, and of a reading."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute) or node.attr not in WALL:
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner in {"time", "datetime", "date"} or node.attr in {"wall_ns", "synchronised", "CLOCK_REALTIME"}:
            found.append(f"{node.lineno}: {owner}.{node.attr}")
    return found


def test_no_module_but_the_clock_looks_at_the_wall_clock() -> None:
    used = {str(path.relative_to(ROOT)): wall_clocks_in(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
    assert {name: where for name, where in used.items() if where and name not in READS_IT} == {}
    assert all(used[name] for name in READS_IT)


@pytest.mark.parametrize(
    "line", ["time.time()", "datetime.now(UTC)", "date.today()", "at.wall_ns", "time.CLOCK_REALTIME", "a.b.synchronised"]
)
def test_control_a_look_at_the_wall_clock_is_found(line: str) -> None:
    assert wall_clocks_in(f"x = {line}\n")
    assert not wall_clocks_in("x = time.monotonic() + clock.boot_ns() + settings.time\n")


def open_outbox(folder: Path) -> Outbox:
    return Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=SystemClock())


@pytest.fixture
def _jumping_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at it shows another day, often one before 1980."""
    looks, days = count(), (0, 20_000, -1, 400, 7)

    def jumping_ns() -> int:
        return days[next(looks) % len(days)] % 20_001 * 86_400 * 10**9

    monkeypatch.setattr(time, "time_ns", jumping_ns)
    monkeypatch.setattr(time, "time", lambda: jumping_ns() / 1e9)


@pytest.mark.usefixtures("_jumping_wall")
def test_a_lease_lasts_and_ends_by_the_boot_clock_however_the_wall_clock_jumps(tmp_path: Path) -> None:
    clock = SystemClock()
    outbox = open_outbox(tmp_path)
    for _ in range(3):
        outbox.put(Kind.OBSERVATION, str(uuid4()).encode())
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(10)
    assert len(leased) == 3
    for _ in range(20):
        assert deliveries.lease(10) == ()
    deliveries.retry_later((record, 0.0) for record in leased)
    assert [record.seq for record in deliveries.lease(10)] == [1, 2, 3]
    deliveries.close()
    outbox.close()


@pytest.mark.usefixtures("_jumping_wall")
def test_everything_is_delivered_while_the_wall_clock_jumps_at_every_look(tmp_path: Path, server: FakeServer) -> None:
    server.answers["heartbeat"] = lambda _: HeartbeatAnswer(server_ns=1, gallery_revision=0, settings_revision=0).model_dump_json()
    server.faults = {"records": ["commit_then_reset"]}
    make_claimed(tmp_path)
    outbox = open_outbox(tmp_path / "outbox")
    for _ in range(5):
        outbox.put(Kind.OBSERVATION, str(uuid4()).encode())
    outbox.close()
    deadline = time.monotonic() + 20

    def wait(seconds: float) -> bool:
        time.sleep(min(seconds, 0.01))
        return time.monotonic() > deadline

    config = NodeConfig(state=tmp_path, server=server.url, camera=CameraConfig(kind="replay", source="clip.mp4"))
    courier = build(config, Surroundings(clock=SystemClock(), wait=wait, random=lambda: 0.0))
    courier.run(once=True)
    courier.close()
    assert read_status(tmp_path / "outbox", clock=SystemClock()).is_drained
    assert len(server.stored) == 5
