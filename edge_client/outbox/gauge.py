"""How the outbox and its card are doing, counted since it was opened."""

import errno
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from edge_client.clock import Clock
from edge_client.errors import OutboxFull

_PUTS: Final = 200
_DISK: Final = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY", "SQLITE_CANTOPEN")


@dataclass(frozen=True, slots=True)
class Facts:
    """`card`: ok, or full, read_only, failing. `refused`: records that could not be put for want of room."""

    fsync_p99_ms: float | None
    disk_errors: int
    card: str
    refused: int
    crops_shed: int


@dataclass
class Gauge:
    """Counts what went wrong and measures how long it takes to make a record durable."""

    clock: Clock
    disk_errors: int = 0
    refused: int = 0
    crops_shed: int = 0
    card: str = "ok"
    _took_ns: deque[int] = field(default_factory=lambda: deque(maxlen=_PUTS))

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Around what makes a record and its images durable. What fails does not count."""
        began = self.clock.boot_ns()
        yield
        self._took_ns.append(self.clock.boot_ns() - began)
        self.card = "ok"

    def failed(self, error: Exception) -> None:
        """The file system or the database complained."""
        name = getattr(error, "sqlite_errorname", "")
        if isinstance(error, OutboxFull) or name == "SQLITE_FULL":
            self.card = "full"
        elif name.startswith("SQLITE_READONLY") or (isinstance(error, OSError) and error.errno == errno.EROFS):
            self.card, self.disk_errors = "read_only", self.disk_errors + 1
        elif isinstance(error, OSError) or (isinstance(error, sqlite3.Error) and name.startswith(_DISK)):
            self.card, self.disk_errors = "failing", self.disk_errors + 1

    def facts(self) -> Facts:
        return Facts(self._p99_ms(), self.disk_errors, self.card, self.refused, self.crops_shed)

    def _p99_ms(self) -> float | None:
        if not self._took_ns:
            return None
        ordered = sorted(self._took_ns)
        return ordered[ceil(len(ordered) * 0.99) - 1] / 1e6
