"""What was looked at for certain, from intervals on boot clocks. Pure.

Observations of one boot that follow each other without a hole are one stretch: inside of it nobody could pass unseen, whatever is not
known of the clock. Only where a stretch begins and ends the width of its times counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.nodes.drift import strayed_ns

Span = tuple[datetime, datetime]
"""From (inclusive) until (exclusive)."""


@dataclass(frozen=True, slots=True)
class Look:
    """One observation: an interval on the clock of a boot, the middles of the times at which it began and ended, and blind parts of it.

    `starts`, `ends`: a stretch does with it. `doubtful`: it goes on from one of an earlier epoch, and what was seen during it may have
    been recorded at the end of that epoch, of which nobody knows whether it has arrived as a whole.
    """

    from_boot_ns: int
    until_boot_ns: int
    begins_at: datetime
    ends_at: datetime
    uncertainty_ms: int
    starts: bool
    ends: bool
    doubtful: bool = False
    blind: tuple[tuple[int, int], ...] = ()

    @property
    def width(self) -> timedelta:
        return timedelta(milliseconds=self.uncertainty_ms)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that are in order, do not touch and are not empty."""
    joined: list[Span] = []
    for begins, ends in sorted(spans):
        if joined and begins <= joined[-1][1]:
            if ends > joined[-1][1]:
                joined[-1] = (joined[-1][0], ends)
        elif begins < ends:
            joined.append((begins, ends))
    return joined


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What remains of the spans outside of the holes, in order."""
    left, pending = union(spans), union(holes)
    kept: list[Span] = []
    first = 0
    for begins, ends in left:
        while first < len(pending) and pending[first][1] <= begins:
            first += 1
        at = begins
        for hole_begins, hole_ends in pending[first:]:
            if hole_begins >= ends:
                break
            kept.append((at, hole_begins))
            at = hole_ends
        kept.append((at, ends))
    return [(begins, ends) for begins, ends in kept if begins < ends]


def within(spans: Iterable[Span], begins: datetime, ends: datetime) -> list[Span]:
    """The parts between the two moments."""
    return [(max(one, begins), min(other, ends)) for one, other in spans if one < ends and begins < other]


def certain(looks: Sequence[Look], holes: Iterable[Span]) -> list[Span]:
    """When a node watched its door for certain and everything it saw has arrived.

    Of its looks, in the order of their boot clocks, those inside of a stretch may be left out unless they are doubtful or blind.
    """
    return without(watched(looks), [*holes, *(blind for look in looks for blind in _blind(look))])


def watched(looks: Iterable[Look]) -> list[Span]:
    """The stretches, less the width of their times at both ends."""
    found: list[Span] = []
    begun: datetime | None = None
    for look in looks:
        if look.starts:
            begun = look.begins_at + look.width
        if look.ends and begun is not None:
            found.append((begun, look.ends_at - look.width))
            begun = None
    return union(found)


def _blind(look: Look) -> list[Span]:
    """Blind parts in the time, with the width of its times and what the clock may have strayed meanwhile."""
    if look.doubtful:
        return [(look.begins_at - look.width, look.ends_at + look.width)]
    return [_span(look, begins, ends) for begins, ends in look.blind]


def _span(look: Look, begins_ns: int, ends_ns: int) -> Span:
    begins, ends = sorted((_cut(look, begins_ns), _cut(look, ends_ns)))
    return _at(look, begins) - _width(look, begins), _at(look, ends) + _width(look, ends)


def _cut(look: Look, boot_ns: int) -> int:
    return max(look.from_boot_ns, min(boot_ns, look.until_boot_ns))


def _at(look: Look, boot_ns: int) -> datetime:
    return look.begins_at + timedelta(microseconds=(boot_ns - look.from_boot_ns) // 1000)


def _width(look: Look, boot_ns: int) -> timedelta:
    return look.width + timedelta(microseconds=strayed_ns(boot_ns - look.from_boot_ns) // 1000 + 1)
