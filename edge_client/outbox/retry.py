"""Return what was parked to those who wait: what the server refused yesterday a newer server may take today."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from edge_client.clock import Clock
from edge_client.outbox import first_look, states
from edge_client.outbox.rows import row_id
from edge_client.outbox.schema import DATABASE, transaction, translate
from shared_schema.ids import Epoch, Seq


@dataclass(frozen=True, slots=True)
class Returned:
    """How many wait again."""

    records: int
    crops: int


def retry_parked(folder: Path, *, clock: Clock, only: tuple[Epoch, Seq] | None = None) -> Returned:
    """Everything parked, or one record and its crop. The node may run meanwhile.

    What is damaged stays parked: sending it again makes it no better. Raises OutboxMissing, OutboxDamaged, OutboxError.
    """
    row = None if only is None else row_id(*only)
    connection = first_look.connect(folder / DATABASE, clock.boot_id)
    try:
        with transaction(connection):
            records, crops = _parked(connection, "parked", row), _parked(connection, "parked_crops", row)
            states.wait_again(connection, records)
            states.queue_again(connection, crops)
    except sqlite3.Error as error:
        raise translate(error, folder / DATABASE) from error
    finally:
        connection.close()
    return Returned(len(records), len(crops))


def _parked(connection: sqlite3.Connection, table: str, row: int | None) -> list[int]:
    return [why.id for why in states.parked(connection, table) if row in {None, why.id} and not why.code.startswith(states.DAMAGED)]
