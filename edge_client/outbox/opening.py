"""How capture opens the outbox: examined, numbered, salvaged if need be, its tables in agreement, no file left over."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_client.errors import OutboxDamaged, OutboxError, OutboxNewer
from edge_client.outbox import epochs, first_look, first_page, losses, meta, salvage, settled
from edge_client.outbox.crops import CropFolder
from edge_client.outbox.pen import Author, Pen
from edge_client.outbox.repair import repair
from edge_client.outbox.rows import row_id
from edge_client.outbox.schema import refusal, transaction, translate
from shared_schema.ids import Epoch

BOOT: Final = "boot"
"""Under this name the outbox notes the boot in which capture last opened it, and the first row id of that boot."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`damage` counts what was found wrong and was put right or salvaged."""

    pen: Pen
    damage: int
    orphans_removed: int


def open_or_salvage(path: Path, author: Author, crops: CropFolder) -> Opened:
    """Raises OutboxError. Whatever it was doing when it was interrupted, it does again."""
    try:
        pen = _open(path, author)
    except (OutboxDamaged, OutboxNewer) as error:
        if isinstance(error, OutboxNewer) and not first_page.is_newer_by_damage_alone(path):
            raise
        salvage.set_aside(path)
        pen = _open(path, author)
    try:
        damage = salvage.copy_all(path.parent, pen, crops) + repair(pen, crops)
        orphans = _remove_orphans(pen.connection, crops)
        _note_boot(pen)
        losses.clear_suspicion(path.parent)
    except sqlite3.Error as error:
        pen.connection.close()
        raise translate(error, path) from error
    except OSError as error:
        pen.connection.close()
        raise refusal(error, path) from error
    return Opened(pen, damage, orphans)


def _open(path: Path, author: Author) -> Pen:
    if not path.exists():
        salvage.finish_setting_aside(path)
    connection = first_look.connect(path, author.clock.boot_id, create=True, check=True)
    identity = author.identity
    try:
        list(meta.every(connection))
        list(settled.every(connection))
        epochs.ensure(connection, path.parent, at_least=Epoch(identity.next_epoch), node=identity.node)
        first_page.keep(connection, path)
        return Pen(connection, author)
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    except (OutboxError, OSError):
        connection.close()
        raise


def _remove_orphans(connection: sqlite3.Connection, crops: CropFolder) -> int:
    """Files that a crash left before a row named them or after it no longer did."""
    named = {file for (file,) in connection.execute("SELECT file FROM crops")}
    orphans = list(crops.unnamed(named))
    for file in orphans:
        crops.remove(file)
    return len(orphans)


def _note_boot(pen: Pen) -> None:
    """So that the oldest record of this boot is found without looking at those of others."""
    boot_id = str(pen.author.clock.boot_id)
    if (meta.find(pen.connection, BOOT) or "").partition(" ")[0] != boot_id:
        with transaction(pen.connection):
            meta.put(pen.connection, BOOT, f"{boot_id} {row_id(*pen.next)}")
