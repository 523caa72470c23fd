import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.wal import State, examine, state_of
from shared_schema.envelope import Kind
from tests.edge_client.fakes import FakeClock, open_outbox


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def write(database: Path, rows: int) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, content BLOB)")
    for number in range(rows):
        connection.execute("INSERT INTO t (content) VALUES (?)", (bytes([number]) * 900,))
    return connection


def log_of(database: Path) -> bytes:
    return database.with_name("a.db-wal").read_bytes()


def rows_that_sqlite_reads(folder: Path, log: bytes, database: bytes) -> int:
    folder.mkdir()
    (folder / "a.db").write_bytes(database)
    (folder / "a.db-wal").write_bytes(log)
    with sqlite3.connect(folder / "a.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM t").fetchone()
    connection.close()
    return int(count)


def test_a_log_that_is_whole_is_not_broken(database: Path) -> None:
    connection = write(database, 20)
    assert examine(log_of(database)) is State.WHOLE
    assert state_of(database) is State.WHOLE
    connection.close()


def test_without_a_log_there_is_nothing_to_complain_of(database: Path) -> None:
    write(database, 3).close()
    assert state_of(database) is State.WHOLE


@pytest.mark.parametrize("changed", [1, 16])
def test_any_change_that_makes_sqlite_forget_rows_is_found(database: Path, tmp_path: Path, changed: int) -> None:
    connection = write(database, 20)
    log, below = log_of(database), database.read_bytes()
    chance = random.Random(1)  # noqa: S311 (not for secrets)
    forgot = 0
    for trial in range(150):
        at = chance.randrange(len(log) - changed)
        spoilt = log[:at] + bytes(byte ^ chance.randrange(1, 256) for byte in log[at : at + changed]) + log[at + changed :]
        try:
            lost = rows_that_sqlite_reads(tmp_path / str(trial), spoilt, below) < 20
        except sqlite3.Error:
            lost = True
        forgot += lost
        assert examine(spoilt) is not State.WHOLE or not lost
    assert forgot > 100
    connection.close()


def test_a_transaction_that_was_never_finished_is_no_damage(database: Path) -> None:
    connection = write(database, 20)
    log = log_of(database)
    frame = 24 + 4096
    for kept in range(32, len(log), frame // 2):
        assert examine(log[:kept]) is State.WHOLE
    connection.close()


def test_frames_of_an_older_log_behind_the_end_are_no_damage(database: Path) -> None:
    connection = write(database, 20)
    connection.execute("PRAGMA wal_checkpoint(RESTART)")
    before = len(log_of(database))
    connection.execute("INSERT INTO t (content) VALUES (x'00')")
    assert len(log_of(database)) == before
    assert examine(log_of(database)) is State.WHOLE
    connection.close()


def test_half_a_frame_is_looked_at_again(database: Path) -> None:
    connection = write(database, 20)
    log = log_of(database)
    path = database.with_name("a.db-wal")
    path.write_bytes(log[:-1] + b"\xff")

    def restore(_seconds: float) -> None:
        path.write_bytes(log)

    assert state_of(database, sleep=restore) is State.WHOLE
    connection.close()


def test_a_log_that_stays_broken_is_said_to_be_damaged(database: Path) -> None:
    connection = write(database, 20)
    log = bytearray(log_of(database))
    log[len(log) // 2] ^= 1
    database.with_name("a.db-wal").write_bytes(log)
    slept: list[float] = []
    assert state_of(database, sleep=slept.append) is State.BROKEN
    assert sum(slept) < 1
    connection.close()


def test_a_change_in_the_last_commit_alone_may_be_a_write_that_was_cut_off(database: Path) -> None:
    connection = write(database, 20)
    log = bytearray(log_of(database))
    log[-1] ^= 1
    assert examine(bytes(log)) is State.TORN
    connection.close()


@pytest.mark.parametrize(("from_the_end", "epoch", "last"), [(1, 1, 9), (30_000, 2, 9)])
def test_records_that_a_damaged_log_forgets_are_reported_lost_and_their_numbers_not_given_again(
    tmp_path: Path, from_the_end: int, epoch: int, last: int
) -> None:
    outbox = open_outbox(tmp_path / "outbox")
    for number in range(9):
        outbox.put(Kind.OBSERVATION, str(number).encode())
    folder = tmp_path / "after"
    shutil.copytree(tmp_path / "outbox", folder)
    outbox.close()
    log = bytearray((folder / "outbox.db-wal").read_bytes())
    log[-from_the_end] ^= 1
    (folder / "outbox.db-wal").write_bytes(log)
    again = open_outbox(folder, FakeClock(boot=2))
    (loss,) = again.losses
    new = again.put(Kind.OBSERVATION, b"new")
    again.close()
    assert (loss.epoch, loss.from_seq <= last <= loss.to_seq, again.epoch) == (1, True, epoch)
    assert (new.epoch, new.seq) > (1, last)


def test_a_courier_that_looks_first_leaves_the_cut_off_write_for_capture_to_report(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox")
    for number in range(9):
        outbox.put(Kind.OBSERVATION, str(number).encode())
    folder = tmp_path / "after"
    shutil.copytree(tmp_path / "outbox", folder)
    outbox.close()
    log = bytearray((folder / "outbox.db-wal").read_bytes())
    log[-1] ^= 1
    (folder / "outbox.db-wal").write_bytes(log)
    clock = FakeClock(boot=2)
    deliveries = Deliveries.open(folder, clock=clock)
    assert [record.seq for record in deliveries.lease(100)] == list(range(1, 9))
    deliveries.close()
    again = open_outbox(folder, clock)
    assert [(loss.from_seq, loss.to_seq) for loss in again.losses] == [(9, 9)]
    assert again.put(Kind.OBSERVATION, b"new").seq > 9
    again.close()


def test_what_a_killed_process_left_in_the_log_is_no_damage_later_in_the_boot(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox")
    outbox.put(Kind.OBSERVATION, b"first")
    log = tmp_path / "outbox" / "outbox.db-wal"
    with log.open("ab") as file:
        file.write(log.read_bytes()[-4120:])
    outbox.put(Kind.OBSERVATION, b"second")
    outbox.close()
    again = open_outbox(tmp_path / "outbox")
    assert (again.losses, again.last_seq) == ((), 2)
    again.close()
