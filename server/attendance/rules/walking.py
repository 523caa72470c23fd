"""In and out: the one state machine that sessions, visits and open days walk passes with. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from server.attendance.rules.facts import Pass, Way

_OUTSIDE = {Way.IN: 0, Way.BOTH: 1, Way.OUT: 2}
_INSIDE = {Way.OUT: 0, Way.BOTH: 1, Way.IN: 2}


class Kind(Enum):
    """What a pass was. AGAIN: an entry of somebody who was inside. STRAY: an exit of somebody who was outside."""

    ENTRY = "entry"
    AGAIN = "again"
    EXIT = "exit"
    STRAY = "stray"

    @property
    def entering(self) -> bool:
        return self in (Kind.ENTRY, Kind.AGAIN)


class Step(NamedTuple):
    """A pass and what it was."""

    kind: Kind
    passed: Pass


def in_order(passes: frozenset[Pass]) -> list[Pass]:
    """By time, then by id."""
    return sorted(passes, key=attrgetter("at", "id"))


def walk(passes: Sequence[Pass], *, min_gap_s: int, inside: bool = False) -> list[Step]:
    """Walk passes (in order of time and id) and tell entries from exits.

    A pass is dropped if the kept one before it has the same way and lies less than `min_gap_s` before it. A door in
    opens, a door out closes, a door for both does what the state asks for. Of passes at the same time, somebody outside takes
    in, both, out; somebody inside takes out, both, in.
    """
    gap = timedelta(seconds=min_gap_s)
    steps: list[Step] = []
    before: Pass | None = None
    for same_time in _same_times(passes):
        if len(same_time) > 1:
            ranks = _INSIDE if inside else _OUTSIDE
            same_time.sort(key=lambda one: ranks[one.way])
        for passed in same_time:
            if before is not None and before.way is passed.way and passed.at - before.at < gap:
                continue
            before = passed
            kind = _kind(passed.way, inside=inside)
            inside = kind.entering
            steps.append(Step(kind, passed))
    return steps


def _same_times(passes: Sequence[Pass]) -> Iterator[list[Pass]]:
    return (list(group) for _, group in groupby(passes, key=attrgetter("at")))


def _kind(way: Way, *, inside: bool) -> Kind:
    if way is Way.IN or (way is Way.BOTH and not inside):
        return Kind.AGAIN if inside else Kind.ENTRY
    return Kind.EXIT if inside else Kind.STRAY
