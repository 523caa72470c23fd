"""Walking through doors: who is inside after which pass."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from server.attendance.rules.facts import Pass, Way

OUTSIDE_ORDER = (Way.IN, Way.BOTH, Way.OUT)
INSIDE_ORDER = (Way.OUT, Way.BOTH, Way.IN)


@dataclass(frozen=True, slots=True)
class Stay:
    """An entry without an exit was never seen to end; an exit without an entry found somebody outside."""

    entry: Pass | None
    exit: Pass | None
    entered_twice: bool = False


@dataclass(slots=True)
class Walk:
    kept: list[Pass] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    steps: list[tuple[Pass, bool]] = field(default_factory=list)
    """Every kept pass, and whether it was an entry."""
    repeats: list[tuple[Pass, bool]] = field(default_factory=list)
    """Every pass too close to the one before it, which is what that was."""
    inside: bool = False


def walk(passes: Iterable[Pass], gap: timedelta, *, inside: bool = False, taken: Pass | None = None) -> Walk:
    """`taken` has been spent on somebody who was inside before: it leaves them outside, and only the gap remembers it."""
    passes = {one for one in passes if one is not taken}
    result = Walk(inside=inside)
    if taken is not None:
        result.kept.append(taken)
    for at in sorted({one.at for one in passes}):
        inside_order = result.inside or (taken is not None and taken.at == at)
        for way in INSIDE_ORDER if inside_order else OUTSIDE_ORDER:
            for one in sorted((p for p in passes if p.at == at and p.way is way), key=lambda p: p.id):
                if too_close(result.kept, one, gap):
                    result.repeats.append((one, result.inside))
                else:
                    step(result, one)
    return result


def too_close(kept: list[Pass], one: Pass, gap: timedelta) -> bool:
    return bool(kept) and kept[-1].way is one.way and one.at - kept[-1].at < gap


def step(result: Walk, one: Pass) -> None:
    result.kept.append(one)
    enters = one.way is Way.IN or (one.way is Way.BOTH and not result.inside)
    result.steps.append((one, enters))
    last = result.stays[-1] if result.stays else None
    if enters:
        result.stays.append(Stay(entry=one, exit=None, entered_twice=result.inside))
    elif result.inside and last is not None and last.exit is None:
        result.stays[-1] = Stay(entry=last.entry, exit=one, entered_twice=last.entered_twice)
    else:
        result.stays.append(Stay(entry=None, exit=one))
    result.inside = enters
