"""In and out: the one state machine that sessions, visits and open days walk passes with. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from server.attendance.rules.facts import Pass, Way


class Kind(Enum):
    """What a pass was. AGAIN: an entry of somebody who was inside. STRAY: an exit of somebody who was outside."""

    ENTRY = "entry"
    AGAIN = "again"
    EXIT = "exit"
    STRAY = "stray"


_OUTSIDE = {Way.IN: (Kind.ENTRY, True), Way.BOTH: (Kind.ENTRY, True), Way.OUT: (Kind.STRAY, False)}
_INSIDE = {Way.OUT: (Kind.EXIT, False), Way.BOTH: (Kind.EXIT, False), Way.IN: (Kind.AGAIN, True)}
"""What a pass is to somebody outside or inside, and whether it leads in; passes at the same time are taken in this order."""


class Step(NamedTuple):
    """A pass and what it was: into the place (`entering`) or out of it."""

    kind: Kind
    passed: Pass
    entering: bool


def in_order(passes: Iterable[Pass]) -> list[Pass]:
    """By time, then by id."""
    return sorted(passes, key=attrgetter("at", "id"))


def walk(passes: Sequence[Pass], *, min_gap_s: int, inside: bool = False, doubles: bool = False) -> list[Step]:
    """Walk passes (in order of time and id) and tell entries from exits.

    A pass is dropped if the kept one before it has the same way and lies less than `min_gap_s` before it. A door in opens, a door out
    closes, a door for both does what the state asks for. Of passes at the same time, somebody outside takes in, both, out; somebody
    inside takes out, both, in. `doubles`: a dropped pass is told too, as what the kept one was.
    """
    gap = timedelta(seconds=min_gap_s)
    steps: list[Step] = []
    ordered, before = list(passes), None
    for place, first in enumerate(passes):
        if place + 1 < len(passes) and first.at == passes[place + 1].at and (place == 0 or first.at != passes[place - 1].at):
            _order_same_time(ordered, place, _INSIDE if inside else _OUTSIDE)
        passed = ordered[place]
        if before is not None and before.way is passed.way and passed.at - before.at < gap:
            if doubles:
                steps.append(Step(steps[-1].kind, passed, inside))
            continue
        before = passed
        kind, inside = (_INSIDE if inside else _OUTSIDE)[passed.way]
        steps.append(Step(kind, passed, inside))
    return steps


def _order_same_time(passes: list[Pass], place: int, order: Iterable[Way]) -> None:
    """Put the passes that share their time with the one at `place`, and follow it, into the order of their ways."""
    after = bisect_right(passes, passes[place].at, lo=place, key=attrgetter("at"))
    ways = list(order)
    passes[place:after] = sorted(passes[place:after], key=lambda one: ways.index(one.way))
