"""Records that are lost, noted until a `gap` tells the server of them; and the courier's word to capture that something is wrong.

Only capture signs, so whoever finds a loss leaves a note, and capture reports it when it next looks.
"""

import sqlite3
from contextlib import suppress
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path
from typing import Final

from edge_client.files import make_private_file
from edge_client.outbox import meta, settled, states
from edge_client.outbox.rows import number_of, row_id
from edge_client.outbox.states import DAMAGED, Parked
from shared_schema.ids import Epoch, Seq

_NOTE: Final = "loss:"
_REPORTED: Final = "damaged_reported"
_SUSPECT: Final = "suspect"


@dataclass(frozen=True, slots=True)
class Loss:
    """Records of `epoch` from–to that are gone and were not known to be delivered."""

    epoch: int
    from_seq: int
    to_seq: int
    reason: str

    @property
    def first(self) -> int:
        return row_id(Epoch(self.epoch), Seq(self.from_seq))

    @property
    def last(self) -> int:
        return row_id(Epoch(self.epoch), Seq(self.to_seq))


def loss_of(first: int, last: int, reason: str) -> Loss:
    """Of a range of ids of one epoch."""
    epoch, from_seq = number_of(first)
    return Loss(epoch=epoch, from_seq=from_seq, to_seq=number_of(last).seq, reason=reason)


def note(connection: sqlite3.Connection, loss: Loss) -> None:
    """Within the transaction that finds it."""
    meta.put(connection, f"{_NOTE}{loss.first:020d}", dumps(asdict(loss)))


def set_apart(connection: sqlite3.Connection, row: int) -> None:
    """A record that is not what was written is parked; one that is not there at all though it should be is noted as lost."""
    if connection.execute("SELECT 1 FROM records WHERE id = ?", (row,)).fetchone():
        states.park(connection, Parked(row, DAMAGED, "the row is not what was written"))
        return
    awaited = [connection.execute(f"DELETE FROM {table} WHERE id = ?", (row,)).rowcount for table in ("waiting", "accepted")]  # noqa: S608
    if any(awaited):
        note(connection, loss_of(row, row, "row lost"))


def unreported(connection: sqlite3.Connection) -> tuple[Loss, ...]:
    """Losses of which no `gap` was recorded yet, parked rows that are damaged among them."""
    noted = [Loss(**loads(value)) for _, value in meta.every(connection, _NOTE)]
    return (*noted, *(loss_of(why.id, why.id, "row damaged") for why in states.parked(connection) if why.code == DAMAGED))


def settle(connection: sqlite3.Connection, loss: Loss) -> None:
    """It was reported, in the transaction that holds its `gap`. A damaged row stays parked for people to see."""
    found = connection.execute("SELECT detail FROM parked WHERE id = ? AND code = ?", (loss.first, DAMAGED)).fetchone()
    if loss.first == loss.last and found:
        states.park(connection, Parked(loss.first, _REPORTED, found[0]))
    meta.remove(connection, f"{_NOTE}{loss.first:020d}")
    settled.add_range(connection, loss.first, loss.last)


def suspect(folder: Path) -> None:
    """Tell capture to look: it alone may salvage."""
    with suppress(OSError):
        make_private_file(folder / _SUSPECT)


def is_suspected(folder: Path) -> bool:
    return (folder / _SUSPECT).exists()


def clear_suspicion(folder: Path) -> None:
    (folder / _SUSPECT).unlink(missing_ok=True)
