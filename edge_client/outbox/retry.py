"""Return what was parked to those who wait: what the server refused yesterday a newer server may take today."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from edge_client.outbox.schema import DATABASE, connect, row_id, transaction, translate
from shared_schema.ids import Epoch, Seq

_AGAIN = (
    "SET state = 'waiting', attempts = 0, boot_id = NULL, lease_until_ns = NULL, due_ns = NULL, code = NULL, detail = NULL"
    " WHERE state = 'parked' AND (?1 IS NULL OR id = ?1)"
)


@dataclass(frozen=True, slots=True)
class Returned:
    """How many wait again."""

    records: int
    crops: int


def retry_parked(folder: Path, *, only: tuple[Epoch, Seq] | None = None) -> Returned:
    """Everything parked, or one record and its crop. The node may run meanwhile.

    A damaged row is parked again by the courier. Raises OutboxMissing, OutboxDamaged, OutboxError.
    """
    row = None if only is None else row_id(*only)
    connection = connect(folder / DATABASE)
    try:
        with transaction(connection):
            records = connection.execute(f"UPDATE deliveries {_AGAIN}", (row,)).rowcount
            crops = connection.execute(f"UPDATE crop_deliveries {_AGAIN}", (row,)).rowcount
    except sqlite3.Error as error:
        raise translate(error, folder / DATABASE) from error
    finally:
        connection.close()
    return Returned(records, crops)
