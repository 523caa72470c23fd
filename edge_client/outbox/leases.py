"""Whose turn it is. Leases live in the courier's memory, so what a courier that died had in hand is simply ready again.

Nothing depends on them but politeness: the server answers a record that comes twice as if it had come once.
"""

import heapq
import sqlite3
from collections.abc import Iterable, Iterator

from edge_client.clock import Clock

LEASE_NS = 60 * 10**9
REASK_NS = 600 * 10**9
_BACKLOG_SHARE = 4
"""One in so many places of a full batch is for the oldest; the rest is for the newest."""


class Leases:
    """What of one table of ids is in hand or put off. `attempts` counts how often each was handed out by this courier."""

    def __init__(self, clock: Clock, *, table: str) -> None:
        self._clock = clock
        self._table = table
        self._until: dict[int, int] = {}
        self._attempts: dict[int, int] = {}

    def choose(self, connection: sqlite3.Connection, limit: int) -> list[int]:
        """Ids whose turn it is, in order of age: mostly the newest, and always some of the oldest."""
        backlog = limit // _BACKLOG_SHARE
        chosen = self._first(connection, "DESC", limit - backlog)
        if len(chosen) == limit - backlog and backlog:
            known = set(chosen)
            chosen += [row for row in self._first(connection, "ASC", backlog) if row not in known]
        return sorted(chosen)

    def hand_out(self, row: int) -> int:
        """Lease it. Returns how often that was done before."""
        self._until[row] = self._clock.boot_ns() + LEASE_NS
        before = self._attempts.get(row, 0)
        self._attempts[row] = before + 1
        return before

    def put_off(self, row: int, delay_ns: int) -> None:
        self._until[row] = self._clock.boot_ns() + delay_ns

    def forget(self, rows: Iterable[int]) -> None:
        for row in rows:
            self._until.pop(row, None)
            self._attempts.pop(row, None)

    def _first(self, connection: sqlite3.Connection, direction: str, limit: int) -> list[int]:
        rows = connection.execute(f"SELECT id FROM {self._table} ORDER BY id {direction}")  # noqa: S608 (constants)
        try:
            return list(self._ready(rows, limit))
        finally:
            rows.close()

    def _ready(self, rows: Iterable[tuple[int]], limit: int) -> Iterator[int]:
        now, left = self._clock.boot_ns(), limit
        for (row,) in rows:
            if not left:
                return
            if self._until.get(row, 0) <= now:
                left -= 1
                yield row


class Reasks:
    """When to ask again about records that the server has, but not yet for good: every ten minutes, the longest waited first."""

    def __init__(self, clock: Clock, rows: Iterable[int]) -> None:
        self._clock = clock
        self._due = dict.fromkeys(rows, 0)
        self._order = [(0, row) for row in self._due]
        heapq.heapify(self._order)

    def __contains__(self, row: int) -> bool:
        return row in self._due

    def choose(self, limit: int) -> list[int]:
        """Ids that are due; each is due again after a lease's time unless it is put off or forgotten before."""
        chosen: list[int] = []
        now = self._clock.boot_ns()
        while self._order and len(chosen) < limit and self._order[0][0] <= now:
            due, row = heapq.heappop(self._order)
            if self._due.get(row) == due:
                chosen.append(row)
        for row in chosen:
            self.put_off(row, LEASE_NS)
        return chosen

    def put_off(self, row: int, delay_ns: int) -> None:
        due = self._clock.boot_ns() + delay_ns
        if self._due.get(row) != due:
            self._due[row] = due
            heapq.heappush(self._order, (due, row))

    def forget(self, rows: Iterable[int]) -> None:
        for row in rows:
            self._due.pop(row, None)
