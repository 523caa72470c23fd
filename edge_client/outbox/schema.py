"""How the outbox's database is opened: durably, at the newest version, for its accounts alone."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from edge_client.errors import OutboxDamaged, OutboxError, OutboxFull, OutboxMissing, OutboxNewer
from edge_client.files import make_private_file, sync_folder
from edge_client.outbox.migrations import MIGRATIONS, VERSION
from edge_client.outbox.reserve import free_bytes
from edge_client.outbox.rows import mark

DATABASE = "outbox.db"
_BUSY_TIMEOUT_MS = 15_000
_WAL_LIMIT_BYTES = 4 * 1024 * 1024
_SYNCHRONOUS_FULL = 2
_SMALL_PAGES = 256
_HEADER_BYTES = 100
_NEEDS_ROOM = ("SQLITE_IOERR_SHM", "SQLITE_CANTOPEN")
_ALL_BUT_NOTHING_BYTES = 65_536
"""The log's index is made of so much at once; on a full card SQLite calls that an input/output error."""
_MAGIC = b"SQLite format 3\0"
_NO_ROOM = "there is no room for {}; free disk space or let the node reach its server"


def connect(path: Path, *, create: bool = False, check: bool = False) -> sqlite3.Connection:
    """Open for writing, durably, at the newest version; `check` has the database examine itself before it is touched.

    The log's name is made durable here: SQLite does not look whether its own attempt failed.

    Raises OutboxMissing, OutboxDamaged, OutboxFull, or OutboxError when the database would not survive a power cut.
    """
    if not create and not path.exists():
        raise OutboxMissing(f"there is no outbox at {path}; start `lintel-edge capture` once")
    try:
        make_private_file(path)
    except OSError as error:
        raise refusal(error, path) from error
    if check:
        _require_header(path)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _prepare(connection)
        make_durable(connection)
        if check:
            require_sound(connection, path)
        _migrate(connection)
        if check and not has_its_tables(connection):
            raise OutboxDamaged(f"{path} is damaged: its tables are not those that were made")
        sync_folder(path.parent)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        connection.close()
        raise _as_damage(error, path) if check else translate(error, path) from error
    except OSError as error:
        connection.close()
        raise refusal(error, path) from error
    except OutboxError:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open for reading alone, whoever else has it open. Raises OutboxMissing, OutboxDamaged or OutboxError."""
    if not path.exists():
        raise OutboxMissing(f"there is no outbox at {path} yet; nothing was recorded")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        _prepare(connection)
        if _check_version(connection) < VERSION:
            raise OutboxMissing("the outbox is of an older version; start `lintel-edge capture` once, which brings it up to date")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        connection.close()
        raise translate(error, path) from error
    except OutboxError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Debian's SQLite overwrites what is deleted, which erases nothing on flash and makes receipts need more room than a full card has."""
    connection.text_factory = _text
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA secure_delete=FAST")
    connection.create_function("row_mark", -1, mark, deterministic=True)


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


def _require_header(path: Path) -> None:
    """SQLite takes a database whose format bytes are damaged for one that it may not write to."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if head and not (head.startswith(_MAGIC) and set(head[18:20]) <= {1, 2}):
        raise OutboxDamaged(f"{path} is damaged: it does not begin as a database does")


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Raises OutboxDamaged when the database's own check finds something."""
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise OutboxDamaged(f"{path} is damaged: {answer}")


def has_its_tables(connection: sqlite3.Connection) -> bool:
    """Whether the tables are those of the newest version. Raises sqlite3.Error or UnicodeDecodeError when it cannot be told."""
    return _tables(connection) == _tables_of_newest()


def _tables(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


@cache
def _tables_of_newest() -> set[tuple[str, ...]]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _prepare(connection)
    _migrate(connection)
    tables = _tables(connection)
    connection.close()
    return tables


def _as_damage(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> OutboxError:
    """While the database is examined, a table or column that is not there was damaged away."""
    if isinstance(error, UnicodeDecodeError) or getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR":
        return OutboxDamaged(f"{path} is damaged ({error}); it is salvaged")
    return translate(error, path)


def _check_version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version < 0 or (version > VERSION and has_its_tables(connection)):
        raise OutboxDamaged(
            f"the outbox calls itself of version {version} and is of {VERSION}; start `lintel-edge capture`, which salvages it"
        )
    if version > VERSION:
        raise OutboxNewer(f"the outbox is of version {version}, this program knows {VERSION}; install the newer release again")
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


def checkpoint(connection: sqlite3.Connection) -> None:
    """Bring what lies in the write-ahead log into the database, and give the log's room back as far as nobody reads it."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def shrink(connection: sqlite3.Connection) -> None:
    """Give the room of delivered records back to the card, when there are many of them and few others.

    The database is written anew for that, so what is left must be small: it goes through memory and the log.
    """
    pages, unused = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count"))
    if pages - unused <= _SMALL_PAGES < unused:
        connection.execute("VACUUM")
        checkpoint(connection)


def translate(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> OutboxError:
    """The database's complaint as the node's error."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or isinstance(error, UnicodeDecodeError):
        return OutboxDamaged(f"{path} is damaged ({error}); start `lintel-edge capture`, which salvages it")
    if name == "SQLITE_FULL" or (name.startswith(_NEEDS_ROOM) and free_bytes(path.parent) < _ALL_BUT_NOTHING_BYTES):
        return OutboxFull(_NO_ROOM.format(path))
    return OutboxError(f"{path} cannot be used: {error}; free disk space or check the card")


def refusal(error: OSError, path: Path) -> OutboxError:
    """The file system's complaint as the node's error."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return OutboxFull(_NO_ROOM.format(path))
    return OutboxError(f"{path} cannot be used: {error.strerror}; check the card and whose file it is")
