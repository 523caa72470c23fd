"""Which epoch an outbox is in and which seq comes next: together they are never given twice on a node."""

import sqlite3
from pathlib import Path
from uuid import UUID

from edge_client.errors import OutboxDamaged, OutboxError, OutboxMissing
from edge_client.files import write_private
from edge_client.outbox import meta, settled
from edge_client.outbox.rows import MAX_EPOCH, span_of
from edge_client.outbox.schema import refusal, transaction
from shared_schema.ids import Epoch, NodeId, Seq

_COUNTER = "last_epoch"
_BEGINNING = "beginning"


def mint(folder: Path, *, at_least: Epoch) -> Epoch:
    """A new epoch: above every earlier one of this node, also one of which only the server knows.

    The counter is durable before the database that uses it is made.
    """
    return _count(folder, Epoch(max(int(at_least), _last(folder) + 1)))


def begin(connection: sqlite3.Connection, *, epoch: Epoch, node: NodeId) -> None:
    """Go on in a new epoch, from seq 1."""
    with transaction(connection):
        meta.put(connection, "epoch", str(epoch))
        meta.put(connection, "node", str(node))
        meta.remove(connection, _BEGINNING)


def begin_granted(connection: sqlite3.Connection, folder: Path, *, granted: Epoch) -> Epoch:
    """Go on in the epoch that the server granted to this copy of the node and to no other, or stay in a later one.

    The intent is noted before the counter: after a crash between the two the same epoch is begun, not one that the
    server may have granted to another copy. Returns the epoch that is in force.
    """
    if current(connection) >= granted:
        return current(connection)
    intended = int(meta.find(connection, _BEGINNING) or 0)
    epoch = Epoch(intended if intended >= granted else max(granted, _last(folder) + 1))
    if epoch != intended:
        with transaction(connection):
            meta.put(connection, _BEGINNING, str(epoch))
    begin(connection, epoch=_count(folder, epoch), node=owner(connection))
    return epoch


def ensure(connection: sqlite3.Connection, folder: Path, *, at_least: Epoch, node: NodeId) -> None:
    """Mint an epoch when the outbox has none yet, or one below what the server said at the last claim.

    A new database's epoch is minted before it is first written to. Raises OutboxError when it still holds
    another node's records: they are signed and numbered for that node alone.
    """
    of = meta.find(connection, "node")
    is_anothers = of not in {None, str(node)}
    if of is None and not _is_empty(connection):
        raise OutboxDamaged("the outbox no longer knows whose it is; it is salvaged")
    if is_anothers and not _is_empty(connection):
        raise OutboxError(f"this outbox holds records of node {of}, not of {node}; restore that node's identity or move the outbox away")
    if is_anothers or int(meta.find(connection, "epoch") or 0) < at_least:
        begin(connection, epoch=mint(folder, at_least=at_least), node=node)


def current(connection: sqlite3.Connection) -> Epoch:
    return Epoch(int(_value(connection, "epoch")))


def last_seq(connection: sqlite3.Connection, epoch: Epoch) -> Seq:
    """The highest seq ever given in `epoch`, also when its record has been delivered and removed."""
    first, last = span_of(epoch)
    (highest,) = connection.execute("SELECT max(id) FROM records WHERE id BETWEEN ? AND ?", (first, last)).fetchone()
    return Seq(max(first - 1, highest or 0, settled.highest(connection, epoch)) - first + 1)


def owner(connection: sqlite3.Connection) -> NodeId:
    """The node whose records these are."""
    return NodeId(UUID(_value(connection, "node")))


def _last(folder: Path) -> int:
    path = folder / _COUNTER
    try:
        return int(path.read_text(encoding="ascii")) if path.exists() else 0
    except ValueError as error:
        raise OutboxError(f"{path} is damaged; claim the node again, which tells it where to go on, and remove the file") from error


def _count(folder: Path, epoch: Epoch) -> Epoch:
    if epoch > MAX_EPOCH:
        raise OutboxError(f"epoch {epoch} is beyond what an outbox can hold; claim this node as a new one")
    try:
        write_private(folder / _COUNTER, str(epoch).encode("ascii"))
    except OSError as error:
        raise refusal(error, folder / _COUNTER) from error
    return epoch


def _is_empty(connection: sqlite3.Connection) -> bool:
    (rows,) = connection.execute("SELECT EXISTS (SELECT 1 FROM records) + EXISTS (SELECT 1 FROM crops)").fetchone()
    return int(rows) == 0


def _value(connection: sqlite3.Connection, name: str) -> str:
    value = meta.find(connection, name)
    if value is None:
        raise OutboxMissing("the outbox is not numbered yet; start `lintel-edge capture` once")
    return value
