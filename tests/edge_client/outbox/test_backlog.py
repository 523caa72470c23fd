"""A month's backlog: no question that is asked all the time reads it through."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.leases import LEASE_NS
from edge_client.outbox.schema import DATABASE, connect
from edge_client.outbox.shed import choose
from edge_client.outbox.status import COUNTS, OLDEST, read_status
from tests.edge_client.fakes import FakeClock, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, put

BACKLOG = 60_000
_BASE = 1 << 40


@pytest.fixture
def backlog(tmp_path: Path, clock: FakeClock) -> Path:
    """Sixty thousand waiting numbers, of which the first and the last few have records, and as many queued crops."""
    outbox = open_outbox(tmp_path, clock)
    put(outbox, 1)
    outbox.close()
    connection = connect(tmp_path / DATABASE)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO waiting VALUES (?, 1)", ((_BASE + seq,) for seq in range(2, BACKLOG + 1)))
    connection.executemany("INSERT INTO accepted VALUES (?)", ((_BASE + seq,) for seq in range(BACKLOG + 1, 2 * BACKLOG + 1)))
    connection.executemany("INSERT INTO crop_queue VALUES (?)", ((_BASE + seq,) for seq in range(BACKLOG)))
    connection.execute("COMMIT")
    connection.close()
    return tmp_path


class Counting(sqlite3.Connection):
    """Counts the steps of SQLite's machine."""

    steps = 0

    def watch(self) -> None:
        self.set_progress_handler(self._count, 100)

    def _count(self) -> int:
        self.steps += 100
        return 0


@pytest.fixture
def watched(backlog: Path) -> Iterator[Counting]:
    connection = sqlite3.connect(backlog / DATABASE, isolation_level=None, factory=Counting)
    connection.watch()
    yield connection
    connection.close()


def _plan(connection: sqlite3.Connection, query: str, *given: object) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", given)]


@pytest.mark.parametrize("direction", ["DESC", "ASC"])
def test_a_lease_reads_only_what_it_hands_out(backlog: Path, clock: FakeClock, watched: Counting, direction: str) -> None:
    query = f"SELECT id FROM waiting ORDER BY id {direction}"  # noqa: S608
    assert _plan(watched, query) == ["SCAN waiting"], "in the order of the key, without sorting"
    rows = watched.execute(query)
    assert len(rows.fetchmany(200)) == 200
    assert watched.steps < 2_000
    rows.close()


def test_control_a_question_that_reads_all_is_noticed(watched: Counting) -> None:
    watched.execute("SELECT sum(id) FROM waiting").fetchone()
    assert watched.steps > BACKLOG


def test_what_was_handed_out_before_is_passed_over_quickly(backlog: Path, clock: FakeClock) -> None:
    deliveries = Deliveries.open(backlog, clock=clock)
    leases = deliveries._records
    for row in leases.choose(deliveries._connection, 2_000):
        leases.hand_out(row)
    assert len(leases.choose(deliveries._connection, 200)) == 200
    clock.now += LEASE_NS
    assert leases.choose(deliveries._connection, 4)[-1] == _BASE + BACKLOG
    deliveries.close()


def test_the_heartbeat_counts_numbers_and_no_records(backlog: Path, clock: FakeClock, watched: Counting) -> None:
    assert not [step for step in _plan(watched, COUNTS) if "SCAN" in step and ("records" in step or "crops c" in step)]
    assert "USING INTEGER PRIMARY KEY" in " ".join(_plan(watched, OLDEST, _BASE, str(clock.boot_id)))
    status = read_status(backlog, clock=clock)
    assert (status.waiting, status.accepted) == (BACKLOG, BACKLOG)


def test_the_age_of_the_oldest_record_of_this_boot_is_found_without_those_of_others(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path, FakeClock())
    for number in range(20):
        put(outbox, number)
    outbox.close()
    later = FakeClock(boot=2, boot_ns=10**10)
    outbox = open_outbox(tmp_path, later)
    assert read_status(tmp_path, clock=later).oldest_boot_age_ms is None
    put(outbox, 20)
    later.go_on(3)
    assert read_status(tmp_path, clock=later).oldest_boot_age_ms == 3_000
    outbox.close()


def test_shedding_looks_at_a_batch_and_not_at_the_backlog(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    for number in range(5):
        put(outbox, number, crop=crop_of(number))
    connection = outbox._connection
    plans = " ".join(_plan(connection, "SELECT c.id FROM crop_queue q JOIN crops c ON c.id = q.id ORDER BY q.id"))
    assert "TEMP B-TREE" not in plans
    assert len(choose(connection, 1)) == 1
    outbox.close()


def test_fresh_records_go_first_at_every_batch_of_a_backlog(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    for number in range(60):
        put(outbox, number)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server = ModelServer()
    for fresh in range(60, 65):
        recorded = put(outbox, fresh)
        leased = deliveries.lease(8)
        assert leased[-1].seq == recorded.seq
        deliveries.ack(leased, server.receive(leased))
    server.drain(deliveries)
    assert len(server.payloads()) == 65
    deliveries.close()
    outbox.close()
