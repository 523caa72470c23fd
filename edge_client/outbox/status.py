"""Looking into the outbox without disturbing it: for people, the heartbeat and the supervisor."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_client.clock import Clock
from edge_client.outbox import epochs
from edge_client.outbox.schema import DATABASE, connect_to_read, translate
from shared_schema.ids import Epoch, Seq, record_id


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How much lies in the outbox. `waiting` has no receipt yet; `accepted` is kept until the server archived it."""

    epoch: int
    last_seq: int
    waiting: int
    accepted: int
    parked: int
    crops_waiting: int
    crops_parked: int
    oldest_boot_age_ms: int | None

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left to send."""
        return not self.waiting and not self.crops_waiting


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """One record's place and state."""

    record_id: str
    epoch: int
    seq: int
    kind: str
    sha256: str
    state: str
    attempts: int
    code: str | None
    detail: str | None


def read_status(folder: Path, *, clock: Clock) -> OutboxStatus:
    """Raises OutboxMissing before anything was recorded."""
    with _reading(folder) as connection:
        states = dict(
            connection.execute(
                "SELECT coalesce(d.state, 'waiting'), count(*) FROM records t LEFT JOIN deliveries d ON d.id = t.id GROUP BY 1"
            )
        )
        crops = dict(
            connection.execute(
                "SELECT coalesce(d.state, 'waiting'), count(*) FROM crops t LEFT JOIN crop_deliveries d ON d.id = t.id GROUP BY 1"
            )
        )
        held = _crops_of_parked_records(connection)
        epoch = epochs.current(connection)
        return OutboxStatus(
            epoch=epoch,
            last_seq=epochs.last_seq(connection, epoch),
            waiting=states.get("waiting", 0),
            accepted=states.get("accepted", 0),
            parked=states.get("parked", 0),
            crops_waiting=crops.get("waiting", 0) - held,
            crops_parked=crops.get("parked", 0) + held,
            oldest_boot_age_ms=_oldest_age_ms(connection, clock),
        )


def list_records(folder: Path) -> tuple[ListedRecord, ...]:
    """Every record in the outbox, in order. Raises OutboxMissing before anything was recorded."""
    with _reading(folder) as connection:
        node = epochs.owner(connection)
        rows = connection.execute(
            "SELECT t.epoch, t.seq, t.kind, t.sha256, coalesce(d.state, 'waiting'), coalesce(d.attempts, 0), d.code, d.detail"
            " FROM records t LEFT JOIN deliveries d ON d.id = t.id ORDER BY t.id"
        ).fetchall()
    return tuple(ListedRecord(str(record_id(node, Epoch(row[0]), Seq(row[1]))), *row) for row in rows)


def _crops_of_parked_records(connection: sqlite3.Connection) -> int:
    """Crops that wait for nothing: their record was refused, so they are never sent."""
    (count,) = connection.execute(
        "SELECT count(*) FROM crops t JOIN deliveries r ON r.id = t.id AND r.state = 'parked'"
        " LEFT JOIN crop_deliveries d ON d.id = t.id WHERE coalesce(d.state, 'waiting') = 'waiting'"
    ).fetchone()
    return int(count)


def _oldest_age_ms(connection: sqlite3.Connection, clock: Clock) -> int | None:
    row = connection.execute(
        "SELECT t.boot_id, t.put_boot_ns FROM records t LEFT JOIN deliveries d ON d.id = t.id"
        " WHERE coalesce(d.state, 'waiting') = 'waiting' AND t.boot_id = ? ORDER BY t.id LIMIT 1",
        (str(clock.boot_id),),
    ).fetchone()
    return None if row is None else max(0, (clock.boot_ns() - int(row[1])) // 1_000_000)


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / DATABASE
    connection = connect_to_read(path)
    try:
        connection.execute("BEGIN")
        yield connection
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        connection.close()
