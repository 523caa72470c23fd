"""In and out: the one state machine that sessions, visits and open days walk passes with. Pure."""

from collections.abc import Iterable, Mapping, Sequence
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

    @property
    def entering(self) -> bool:
        return self in _ENTERING


_ENTERING = frozenset({Kind.ENTRY, Kind.AGAIN})
_OUTSIDE = {Way.IN: Kind.ENTRY, Way.BOTH: Kind.ENTRY, Way.OUT: Kind.STRAY}
_INSIDE = {Way.OUT: Kind.EXIT, Way.BOTH: Kind.EXIT, Way.IN: Kind.AGAIN}
"""What a pass is to somebody outside or inside; of passes at the same time they take them in this order."""


class Step(NamedTuple):
    """A pass and what it was."""

    kind: Kind
    passed: Pass


def in_order(passes: Iterable[Pass]) -> list[Pass]:
    """By time, then by id."""
    return sorted(passes, key=attrgetter("at", "id"))


def walk(passes: Sequence[Pass], *, min_gap_s: int, inside: bool = False, doubles: bool = False) -> list[Step]:
    """Walk passes (in order of time and id) and tell entries from exits.

    A pass is dropped if the kept one before it has the same way and lies less than `min_gap_s` before it. A door in
    opens, a door out closes, a door for both does what the state asks for. Of passes at the same time, somebody outside takes
    in, both, out; somebody inside takes out, both, in. `doubles`: a dropped pass is told too, as what the kept one was.
    """
    gap = timedelta(seconds=min_gap_s)
    steps: list[Step] = []
    ordered, before = list(passes), None
    for place in range(len(ordered)):
        if place == 0 or ordered[place].at != ordered[place - 1].at:
            _order_same_time(ordered, place, _INSIDE if inside else _OUTSIDE)
        passed = ordered[place]
        if before is not None and before.way is passed.way and passed.at - before.at < gap:
            if doubles:
                steps.append(Step(steps[-1].kind, passed))
            continue
        before = passed
        kind = (_INSIDE if inside else _OUTSIDE)[passed.way]
        inside = kind in _ENTERING
        steps.append(Step(kind, passed))
    return steps


def _order_same_time(passes: list[Pass], place: int, kinds: Mapping[Way, Kind]) -> None:
    """Put the passes that share their time with the one at `place`, and follow it, into the order of `kinds`."""
    at, after = passes[place].at, place + 1
    while after < len(passes) and passes[after].at == at:
        after += 1
    if after > place + 1:
        ways = list(kinds)
        passes[place:after] = sorted(passes[place:after], key=lambda one: ways.index(one.way))
