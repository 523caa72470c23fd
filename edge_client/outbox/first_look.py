"""Looks at the write-ahead log when the outbox is opened for the first time in a boot, and sees whether it is what was written.

Later in the same boot a log may hold the rest of a write whose process was killed; that is no damage, and whoever has the
outbox open knows where the log ends. So the log is examined once in each boot, before anybody writes to it.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge_client.errors import OutboxDamaged, OutboxMissing
from edge_client.files import make_private_file
from edge_client.outbox import epochs, losses, schema, settled, wal
from edge_client.outbox.rows import row_id
from shared_schema.ids import BootId, Seq

_LOOKED: Final = "looked_at"


def connect(path: Path, boot_id: BootId, *, create: bool = False, check: bool = False) -> sqlite3.Connection:
    """As `schema.connect`. Raises OutboxDamaged as well when the log lost what was committed: capture has to salvage it.

    Where only the last write did not come through whole, that is noted, and the number it may have had is not given again.
    """
    if _was_looked_at(path.parent, boot_id):
        return schema.connect(path, create=create, check=check)
    log = wal.state_of(path)
    if log is wal.State.BROKEN:
        raise OutboxDamaged(f"the log of {path} is damaged; start `lintel-edge capture`, which salvages it")
    connection = schema.connect(path, create=create, check=check)
    try:
        _begin_anew(connection, path.parent, boot_id, log)
    except sqlite3.Error as error:
        connection.close()
        raise schema.translate(error, path) from error
    return connection


def _begin_anew(connection: sqlite3.Connection, folder: Path, boot_id: BootId, log: wal.State) -> None:
    if log is wal.State.TORN:
        with schema.transaction(connection):
            if not _was_looked_at(folder, boot_id):
                _note_what_was_cut_off(connection)
    schema.checkpoint(connection)
    with suppress(OSError):
        make_private_file(folder / _LOOKED)
        (folder / _LOOKED).write_text(str(boot_id), encoding="ascii")


def _note_what_was_cut_off(connection: sqlite3.Connection) -> None:
    try:
        epoch = epochs.current(connection)
    except OutboxMissing:
        return
    row = row_id(epoch, Seq(epochs.last_seq(connection, epoch) + 1))
    losses.note(connection, losses.loss_of(row, row, "cut off while it was written"))
    settled.add_range(connection, row, row)


def _was_looked_at(folder: Path, boot_id: BootId) -> bool:
    try:
        return (folder / _LOOKED).read_bytes() == str(boot_id).encode()
    except OSError:
        return False
