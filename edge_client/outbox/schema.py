"""The outbox's database: how it is opened, what its tables hold, how it grows into a newer version.

A record's row never changes. What happens to its delivery lies in a small table of its own, where no row means
"waiting and never tried": so recording writes one row, and a lease rewrites no payload.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from edge_client.errors import OutboxDamaged, OutboxError, OutboxMissing
from shared_schema.ids import Epoch, Seq

DATABASE = "outbox.db"
VERSION = 1
MAX_EPOCH = 2**22 - 1
MAX_SEQ = 2**40 - 1
_BUSY_TIMEOUT_MS = 15_000
_WAL_LIMIT_BYTES = 4 * 1024 * 1024
_SYNCHRONOUS_FULL = 2

_DELIVERY = """
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'parked')),
  attempts INTEGER NOT NULL DEFAULT 0,
  boot_id TEXT,
  lease_until_ns INTEGER,
  due_ns INTEGER,
  code TEXT,
  detail TEXT
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE records (
          id INTEGER PRIMARY KEY,
          epoch INTEGER NOT NULL,
          seq INTEGER NOT NULL,
          protocol INTEGER NOT NULL,
          kind TEXT NOT NULL,
          payload BLOB NOT NULL,
          sha256 TEXT NOT NULL,
          signature BLOB NOT NULL,
          sealed_probe BLOB,
          boot_id TEXT NOT NULL,
          put_boot_ns INTEGER NOT NULL,
          row_sha256 BLOB NOT NULL,
          CHECK (epoch >= 1 AND seq >= 1 AND id = epoch * 1099511627776 + seq)
        )""",
        f"CREATE TABLE deliveries (id INTEGER PRIMARY KEY, {_DELIVERY})",
        """CREATE TABLE crops (
          id INTEGER PRIMARY KEY,
          sha256 TEXT NOT NULL,
          file TEXT NOT NULL UNIQUE,
          file_sha256 TEXT NOT NULL,
          size_bytes INTEGER NOT NULL
        )""",
        f"CREATE TABLE crop_deliveries (id INTEGER PRIMARY KEY, {_DELIVERY})",
    ),
)
"""The steps from one version to the next: `user_version` says how many were made."""


def row_id(epoch: Epoch, seq: Seq) -> int:
    """The key of a row: one number for (epoch, seq), in their order, so their uniqueness costs no second index."""
    if not (1 <= epoch <= MAX_EPOCH and 1 <= seq <= MAX_SEQ):
        raise OutboxError(f"epoch {epoch}, seq {seq} is beyond what an outbox can hold")
    return int(epoch) * (MAX_SEQ + 1) + int(seq)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record as it lies in the database. `row_sha256` covers all the rest."""

    epoch: Epoch
    seq: Seq
    protocol: int
    kind: str
    payload: bytes
    sha256: str
    signature: bytes
    sealed_probe: bytes | None
    boot_id: UUID
    put_boot_ns: int

    @property
    def id(self) -> int:
        return row_id(self.epoch, self.seq)

    def row_sha256(self) -> bytes:
        """The row's own hash: a damaged page is otherwise not always noticed."""
        whole = sha256()
        head = (self.epoch, self.seq, self.protocol, self.kind, self.sha256, self.boot_id, self.put_boot_ns)
        for part in ("|".join(map(str, head)).encode(), self.payload, self.signature, self.sealed_probe or b""):
            whole.update(len(part).to_bytes(8, "little"))
            whole.update(part)
        return whole.digest()

    def insert(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            f"INSERT INTO records (id, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
            (
                *(self.id, self.epoch, self.seq, self.protocol, self.kind, self.payload, self.sha256, self.signature),
                *(self.sealed_probe, str(self.boot_id), self.put_boot_ns, self.row_sha256()),
            ),
        )


COLUMNS = "epoch, seq, protocol, kind, payload, sha256, signature, sealed_probe, boot_id, put_boot_ns, row_sha256"


def read_row(columns: tuple[object, ...]) -> RecordRow | None:
    """A row from its COLUMNS; None when it is not what was written."""
    *values, row_sha256 = columns
    try:
        values[8] = UUID(str(values[8]))
        row = RecordRow(*values)  # type: ignore[arg-type]  # a changed value makes another hash
        intact = row.row_sha256() == row_sha256 and sha256(row.payload).hexdigest() == row.sha256
    except (TypeError, ValueError):
        return None
    return row if intact else None


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """Open for writing, durably, at the newest version.

    Raises OutboxMissing, OutboxDamaged, or OutboxError when the database would not survive a power cut.
    """
    if not create and not path.exists():
        raise OutboxMissing(f"there is no outbox at {path}; start `lintel-edge capture` once")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = _text
    try:
        make_durable(connection)
        _migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    except OutboxError:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open for reading alone, whoever else has it open. Raises OutboxMissing or OutboxDamaged."""
    if not path.exists():
        raise OutboxMissing(f"there is no outbox at {path} yet; nothing was recorded")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = _text
    try:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        _check_version(connection)
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    return connection


def _text(raw: bytes) -> str:
    """Damaged text is text that the row's hash does not fit, not a failure of everything that reads."""
    return raw.decode("utf-8", "replace")


def make_durable(connection: sqlite3.Connection) -> None:
    """WAL and `synchronous=FULL`, set and read back. Raises OutboxError when either did not take."""
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}")
    require_durable(connection)


def require_durable(connection: sqlite3.Connection) -> None:
    """Read both back: with anything less a power cut loses acknowledged rows."""
    journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if journal != "wal" or synchronous != _SYNCHRONOUS_FULL:
        raise OutboxError(
            f"the outbox would lose records in a power cut (journal_mode={journal}, synchronous={synchronous}); "
            "put `state` on a local file system that supports SQLite's WAL"
        )


def _check_version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise OutboxError(f"the outbox is of version {version}, this program knows {VERSION}; install the newer release again")
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    if _check_version(connection) == VERSION:
        return
    with transaction(connection):
        for step in range(_check_version(connection), VERSION):
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it is durable when this ends, or nothing of it is there."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def translate(error: sqlite3.Error, path: Path) -> OutboxError:
    """The database's complaint as the node's error."""
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return OutboxDamaged(f"{path} is damaged ({error}); start `lintel-edge capture`, which salvages it")
    return OutboxError(f"{path} cannot be used: {error}; free disk space or check the card")
