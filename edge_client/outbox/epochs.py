"""Which epoch an outbox is in and which seq comes next: together they are never given twice on a node."""

import sqlite3
from pathlib import Path
from uuid import UUID

from edge_client.errors import OutboxError, OutboxMissing
from edge_client.files import write_private
from edge_client.outbox.schema import MAX_EPOCH, MAX_SEQ, row_id, transaction
from shared_schema.ids import Epoch, NodeId, Seq

_COUNTER = "last_epoch"


def mint(folder: Path, *, at_least: Epoch) -> Epoch:
    """A new epoch: above every earlier one of this node, also one of which only the server knows.

    The counter is durable before the database that uses it is made.
    """
    path = folder / _COUNTER
    try:
        last = int(path.read_text(encoding="ascii")) if path.exists() else 0
    except ValueError as error:
        raise OutboxError(f"{path} is damaged; claim the node again, which tells it where to go on, and remove the file") from error
    epoch = max(int(at_least), last + 1)
    if epoch > MAX_EPOCH:
        raise OutboxError(f"epoch {epoch} is beyond what an outbox can hold; claim this node as a new one")
    write_private(path, str(epoch).encode("ascii"))
    return Epoch(epoch)


def begin(connection: sqlite3.Connection, *, epoch: Epoch, node: NodeId) -> None:
    """Go on in a new epoch, from seq 1."""
    with transaction(connection):
        connection.executemany(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
            (("epoch", str(epoch)), ("node", str(node)), ("floor_seq", "0")),
        )


def ensure(connection: sqlite3.Connection, folder: Path, *, at_least: Epoch, node: NodeId) -> None:
    """Mint an epoch when the outbox has none yet, or one below what the server said at the last claim.

    A new database's epoch is minted before it is first written to. Raises OutboxError when it still holds
    another node's records: they are signed and numbered for that node alone.
    """
    owner = _find(connection, "node")
    is_anothers = owner not in {None, str(node)}
    if is_anothers and not _is_empty(connection):
        raise OutboxError(f"this outbox holds records of node {owner}, not of {node}; restore that node's identity or move the outbox away")
    if is_anothers or int(_find(connection, "epoch") or 0) < at_least:
        begin(connection, epoch=mint(folder, at_least=at_least), node=node)


def _is_empty(connection: sqlite3.Connection) -> bool:
    (rows,) = connection.execute("SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM crops)").fetchone()
    return int(rows) == 0


def current(connection: sqlite3.Connection) -> Epoch:
    return Epoch(int(_value(connection, "epoch")))


def last_seq(connection: sqlite3.Connection, epoch: Epoch) -> Seq:
    """The highest seq ever given in `epoch`, also when its record has been delivered and removed."""
    first, last = row_id(epoch, Seq(1)), row_id(epoch, Seq(MAX_SEQ))
    (highest,) = connection.execute("SELECT max(id) FROM records WHERE id BETWEEN ? AND ?", (first, last)).fetchone()
    floor = int(_value(connection, "floor_seq"))
    return Seq(max(floor, 0 if highest is None else highest - first + 1))


def raise_floor(connection: sqlite3.Connection, removed: list[tuple[Epoch, Seq]]) -> None:
    """Remember, in the transaction that removes records, that their seqs are used up."""
    epoch = current(connection)
    highest = max((seq for of, seq in removed if of == epoch), default=0)
    if highest > int(_value(connection, "floor_seq")):
        connection.execute("UPDATE meta SET value = ? WHERE name = 'floor_seq'", (str(highest),))


def owner(connection: sqlite3.Connection) -> NodeId:
    """The node whose records these are."""
    return NodeId(UUID(_value(connection, "node")))


def _value(connection: sqlite3.Connection, name: str) -> str:
    value = _find(connection, name)
    if value is None:
        raise OutboxMissing("the outbox is not numbered yet; start `lintel-edge capture` once")
    return value


def _find(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])
