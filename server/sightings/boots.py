"""What is known of a boot's clock: from its contacts and, where it had none, from the order of boots. Pure.

Time = boot clock + offset, and the offset hardly changes, so every fact bounds it: from below, from above or both, best at one moment and
less well the further away. A boot without a contact began after the boot before it was last read, and was last read before the boot after
it began; its clock began with it, at 0. Boots are in the order of their records, (epoch, seq). That holds for one card in one machine, so
where two were found to use the same numbers nothing is read from the order.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol
from uuid import UUID

from server.nodes.drift import strayed_ns
from shared_schema.clock import ClockReading

Said = tuple[int, int, ClockReading, int]
"""Epoch, seq, the reading in the record, and when the record arrived in nanoseconds since 1970."""
Place = tuple[int, int]
"""(epoch, seq)."""
_WALLS_MAY_DIFFER_NS = 12 * 10**9


class Offset(Protocol):
    """A contact: time = boot clock + offset_ns ± half_width_ns at `at_boot_ns`."""

    @property
    def at_boot_ns(self) -> int: ...
    @property
    def offset_ns(self) -> int: ...
    @property
    def half_width_ns(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Bound:
    """At `at_boot_ns` the offset was at least `floor_ns` and at most `ceiling_ns`; None: nobody knows."""

    at_boot_ns: int
    floor_ns: int | None
    ceiling_ns: int | None


@dataclass(frozen=True, slots=True)
class BootClock:
    """The clock of one boot. `wall_is_believed`: only its own wall clock can tell more, and nothing is known against that."""

    bounds: tuple[Bound, ...] = ()
    wall_is_believed: bool = True

    def between(self, boot_ns: int) -> tuple[int, int] | None:
        """The earliest and the latest it can have been at this reading; None when too little is known, or what is known cannot be."""
        earliest, latest = self.earliest(boot_ns), self.latest(boot_ns)
        if earliest is None and latest is None:
            return None
        low, high = (-(2**66) if earliest is None else earliest), (2**66 if latest is None else latest)
        return (low, high) if low <= high else None

    def earliest(self, boot_ns: int) -> int | None:
        floors = [bound.floor_ns - strayed_ns(boot_ns - bound.at_boot_ns) for bound in self.bounds if bound.floor_ns is not None]
        return max(floors) + boot_ns if floors else None

    def latest(self, boot_ns: int) -> int | None:
        ceilings = [bound.ceiling_ns + strayed_ns(boot_ns - bound.at_boot_ns) for bound in self.bounds if bound.ceiling_ns is not None]
        return min(ceilings) + boot_ns if ceilings else None

    def after(self, began_ns: int) -> "BootClock":
        """It began after this moment."""
        return replace(self, bounds=(*self.bounds, Bound(0, began_ns, None)))

    def before(self, read_boot_ns: int, ended_ns: int) -> "BootClock":
        """At this reading it was not yet this moment."""
        return replace(self, bounds=(*self.bounds, Bound(read_boot_ns, None, ended_ns - read_boot_ns)))


@dataclass(frozen=True, slots=True)
class Boot:
    """What the records of a boot show: their places, its last reading, when one of them had arrived, and its wall clock's offsets.

    `wall_ns`: the least and the greatest of wall clock − boot clock over the readings called synchronised.
    """

    boot_id: UUID
    first: Place
    last: Place
    last_boot_ns: int
    arrived: Bound | None = None
    wall_ns: tuple[int, int] | None = None

    def joined(self, other: "Boot") -> "Boot":
        """The same boot, whose records are in two epochs."""
        walls = [*(self.wall_ns or ()), *(other.wall_ns or ())]
        arrivals = [bound for bound in (self.arrived, other.arrived) if bound is not None]
        return Boot(
            self.boot_id,
            min(self.first, other.first),
            max(self.last, other.last),
            max(self.last_boot_ns, other.last_boot_ns),
            min(arrivals, key=_tightest) if arrivals else None,
            (min(walls), max(walls)) if walls else None,
        )

    @property
    def wall_contradicts_itself(self) -> bool:
        """It was stepped while it called itself synchronised, so it was wrong at least once."""
        allowed = _WALLS_MAY_DIFFER_NS + strayed_ns(self.last_boot_ns)
        return self.wall_ns is not None and self.wall_ns[1] - self.wall_ns[0] > allowed


def shown_by(said: Iterable[Said]) -> Boot:
    """What these records of one boot show together. At least one."""
    return reduce(
        Boot.joined,
        (
            Boot(
                boot_id=at.boot_id,
                first=(epoch, seq),
                last=(epoch, seq),
                last_boot_ns=at.boot_ns,
                arrived=Bound(at.boot_ns, None, arrived_ns - at.boot_ns),
                wall_ns=(at.wall_ns - at.boot_ns, at.wall_ns - at.boot_ns) if at.synchronised else None,
            )
            for epoch, seq, at, arrived_ns in said
        ),
    )


def chains_of(epochs: Mapping[int, Sequence[Boot]], contested: Collection[int]) -> list[list[Boot]]:
    """Boots whose order counts: all in one, or each epoch apart once two copies of the node were found; in those epochs each by itself."""
    if contested:
        alone = [[boot] for epoch in sorted(epochs) if epoch in contested for boot in epochs[epoch]]
        return alone + [list(epochs[epoch]) for epoch in sorted(epochs) if epoch not in contested]
    boots: dict[UUID, Boot] = {}
    for boot in (boot for epoch in sorted(epochs) for boot in epochs[epoch]):
        boots[boot.boot_id] = boots[boot.boot_id].joined(boot) if boot.boot_id in boots else boot
    return [list(boots.values())]


def stretch(chain: Sequence[Boot], wanted: Collection[UUID], known: Collection[UUID]) -> list[Boot]:
    """Those of the chain that are wanted, with the neighbours on either side up to the first that contacts tell of."""
    line = in_line(chain)
    chosen: set[int] = set()
    for start in (position for position, boot in enumerate(line) if boot.boot_id in wanted):
        chosen.add(start)
        for way in (range(start - 1, -1, -1), range(start + 1, len(line))):
            for position in way:
                chosen.add(position)
                if line[position].boot_id in known:
                    break
    in_order = {boot.boot_id for boot in line}
    return [*(line[position] for position in sorted(chosen)), *(b for b in chain if b.boot_id in wanted and b.boot_id not in in_order)]


def clock_of(contacts: Iterable[Offset]) -> BootClock:
    """The clock of a boot that was in contact; its wall clock is not asked."""
    bounds = (Bound(each.at_boot_ns, each.offset_ns - each.half_width_ns, each.offset_ns + each.half_width_ns) for each in contacts)
    return BootClock(tuple(bounds), wall_is_believed=False)


def clocks_by_order(boots: Sequence[Boot], contacts: Mapping[UUID, Sequence[Offset]], known: Collection[UUID]) -> dict[UUID, BootClock]:
    """The clock of each of these boots of one chain. Those in `known` have contacts that tell their times, which need no order."""
    clocks = {boot.boot_id: _alone(boot, contacts.get(boot.boot_id, ()), is_known=boot.boot_id in known) for boot in boots}
    line = in_line(boots)
    after: int | None = None
    for boot in line:
        clock = clocks[boot.boot_id]
        if after is not None and boot.boot_id not in known:
            clock = clocks[boot.boot_id] = clock.after(after)
        after = max(_given(after, clock.earliest(boot.last_boot_ns)), default=None)
    before: int | None = None
    for boot in reversed(line):
        clock = clocks[boot.boot_id]
        if before is not None and boot.boot_id not in known:
            clock = clocks[boot.boot_id] = clock.before(boot.last_boot_ns, before)
        before = min(_given(before, clock.latest(0)), default=None)
    return clocks


def in_line(boots: Iterable[Boot]) -> list[Boot]:
    """The boots in their order, without those whose records lie between another's: these were not one after the other."""
    line: list[Boot] = []
    tangled: set[UUID] = set()
    furthest: Boot | None = None
    for boot in sorted(boots, key=lambda each: (each.first, each.last)):
        if furthest is not None and boot.first <= furthest.last:
            tangled |= {boot.boot_id, furthest.boot_id}
        if furthest is None or boot.last > furthest.last:
            furthest = boot
        line.append(boot)
    return [boot for boot in line if boot.boot_id not in tangled]


def _alone(boot: Boot, contacts: Iterable[Offset], *, is_known: bool) -> BootClock:
    clock = clock_of(contacts)
    if is_known:
        return clock
    arrived = () if boot.arrived is None else (boot.arrived,)
    return BootClock((*clock.bounds, *arrived), wall_is_believed=not boot.wall_contradicts_itself)


def _tightest(bound: Bound) -> tuple[int, int]:
    return (2**66 if bound.ceiling_ns is None else bound.ceiling_ns), bound.at_boot_ns


def _given(*values: int | None) -> list[int]:
    return [value for value in values if value is not None]
