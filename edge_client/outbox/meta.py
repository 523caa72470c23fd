"""What the outbox knows about itself: names and values, each pair with a mark that fits both."""

import sqlite3
from collections.abc import Iterator

from edge_client.errors import OutboxDamaged
from edge_client.outbox.rows import mark


def find(connection: sqlite3.Connection, name: str) -> str | None:
    """The value of `name`; None when there is none. Raises OutboxDamaged when it is not what was written."""
    found = connection.execute("SELECT value, mark FROM meta WHERE name = ?", (name,)).fetchone()
    return None if found is None else _checked(name, *found)


def every(connection: sqlite3.Connection, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names that begin with `prefix`, and their values. Raises OutboxDamaged when one is not what was written."""
    for name, value, written in connection.execute("SELECT name, value, mark FROM meta ORDER BY name").fetchall():
        checked = _checked(name, value, written)
        if name.startswith(prefix):
            yield name, checked


def put(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta (name, value, mark) VALUES (?, ?, ?)", (name, value, mark("meta", name, value)))


def remove(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("DELETE FROM meta WHERE name = ?", (name,))


def _checked(name: str, value: str, written: int) -> str:
    if mark("meta", name, value) != written:
        raise OutboxDamaged(f"what the outbox notes under {name} is damaged; start `lintel-edge capture`, which salvages it")
    return value
