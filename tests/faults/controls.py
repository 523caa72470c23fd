"""Nodes that are wrong in one way each: a fault test that finds nothing in them is worth nothing."""

import json
import sqlite3
import sys
from collections.abc import Callable
from functools import partial, partialmethod
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

from edge_client.files import sync_folder
from edge_client.outbox import crops, schema
from edge_client.outbox.store import Outbox, Recorded
from shared_schema.envelope import Kind

CONTROLS = ("NORMAL", "OFF", "rename without folder fsync", "row before crop")
LOSE_IMAGES = CONTROLS[2:]
"""The others lose records."""
HASTY = "announced before it is recorded"
"""Loses what it was announcing when it was killed or refused."""


def spoil(control: str | None) -> None:
    """Make this process's outbox wrong, for good."""
    if control in {"NORMAL", "OFF"}:
        patch.object(schema, "make_durable", partial(_make_less_durable, control)).start()
    elif control == "rename without folder fsync":
        patch.object(crops, "sync_folder", _forget).start()
    elif control == "row before crop":
        patch.object(Outbox, "put", partialmethod(_put_row_before_crop, Outbox.put)).start()
    elif control == HASTY:
        patch.object(Outbox, "put", partialmethod(_announce_and_put, Outbox.put)).start()


def _make_less_durable(synchronous: str, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=15000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")


def _forget(_folder: Path) -> None:
    """In place of an fsync."""


def _announce_and_put(outbox: Outbox, put: Callable[..., Recorded], kind: Kind, payload: bytes, **images: bytes | None) -> Recorded:
    line = {"recorded": "", "epoch": outbox.epoch, "seq": outbox.last_seq + 1, "sha256": sha256(payload).hexdigest()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return put(outbox, kind, payload, **images)


def _put_row_before_crop(outbox: Outbox, put: Callable[..., Recorded], kind: Kind, payload: bytes, **images: bytes | None) -> Recorded:
    """The crop goes to the disk after its row."""
    folder = outbox._folder / "crops"
    held: dict[Path, bytes] = {}
    write = outbox._crops.write

    def hold_back(*given: Any, **named: Any) -> Any:
        stored = write(*given, **named)
        path = folder / stored.file
        held[path] = path.read_bytes()
        path.unlink()
        sync_folder(folder)
        return stored

    with patch.object(outbox._crops, "write", hold_back):
        recorded = put(outbox, kind, payload, **images)
    for path, sealed in held.items():
        path.write_bytes(sealed)
    return recorded
