"""A node whose true times are known: boots, drifting and slewed boot clocks, wall clocks that jump, contacts with unequal delays.

Everything the server may know of it is collected as facts. What the server derives from them is compared with the truth.
"""

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from server.nodes.clocks import Contact, contact_of_exchange, contact_of_request
from server.nodes.drift import DRIFT_PPM, MOST_SLEWED_NS, SLEW_PPM
from server.sightings.boot_rows import tells_the_time
from server.sightings.boots import Boot, BootClock, Said, chains_of, clock_of, clocks_by_order, shown_by, stretch
from server.sightings.times import SYNCHRONISED_NS, Captured, captured, nanoseconds
from shared_schema.clock import ClockReading, Exchange

SECOND = 10**9
DAY = 86_400 * SECOND
CLAIMED = datetime(2026, 3, 1, 6, tzinfo=UTC)
_LONGEST_DELAY_NS = 60 * SECOND
_LONGEST_STALL_NS = 400 * SECOND


@dataclass(frozen=True)
class TrueClock:
    """One boot: its clock began at `began_ns` of true time; between the knots (boot clock, offset) the offset changes evenly."""

    boot_id: UUID
    began_ns: int
    knots: tuple[tuple[int, int], ...]

    @property
    def lasts_ns(self) -> int:
        return self.knots[-1][0]

    def time_at(self, boot_ns: int) -> int:
        """The true time of a reading."""
        at = min(max(1, bisect_right(self.knots, (boot_ns, 2**63))), len(self.knots) - 1)
        (from_ns, low), (until_ns, high) = self.knots[at - 1], self.knots[at]
        return self.began_ns + boot_ns + low + (high - low) * (boot_ns - from_ns) // (until_ns - from_ns)


@dataclass(frozen=True)
class Fact:
    """A record that arrived, and the truth about it."""

    said: Said
    true_ns: int

    @property
    def received_at(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.said[3] // 1000)


@dataclass
class World:
    """What happened, from a seed."""

    seed: int
    contacts: list[Contact] = field(default_factory=list)
    without_half_trip: list[Contact] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    contested: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311
        self._claimed_ns = nanoseconds(CLAIMED)
        cloned = self.random.random() < 0.1
        for epoch in (1, 2) if cloned else (1,):
            self._live(epoch, machine=epoch)
        if cloned:
            self.contested.add(1)

    def _live(self, epoch: int, *, machine: int) -> None:
        """One machine. A second one began as a copy of the first: in its epoch, at an early seq, at the same time."""
        now, seq = self._claimed_ns + self._some(20 * SECOND), 0
        epoch = 1
        boots = self.random.randint(1, 6)
        for number in range(boots):
            boot = self._a_boot(UUID(int=(machine << 32) + number + 1), now)
            is_last = number == boots - 1
            online = is_last or self.random.random() < 0.5
            in_touch = self._touch(boot) if online else False
            step = self._some_wall(boot, truthful=not in_touch)
            seq = self._record(boot, epoch, seq, step)
            if self.random.random() < 0.1:
                epoch, seq = 1000 * machine + number, 0
            now = boot.time_at(boot.lasts_ns) + self._some(self.random.choice((30 * SECOND, 3600 * SECOND, 12 * DAY)))

    def _a_boot(self, boot_id: UUID, began_ns: int) -> TrueClock:
        """Temperature changes the rate; a time daemon slews once."""
        lasts = 10 * SECOND + self._some(self.random.choice((600 * SECOND, 8 * 3600 * SECOND, 30 * DAY)))
        cuts = sorted({0, lasts, *(self.random.randrange(1, lasts) for _ in range(self.random.randint(0, 5)))})
        slewed_at, knots, offset = self.random.choice(cuts[:-1]), [(0, 0)], 0
        for from_ns, until_ns in pairwise(cuts):
            worst = self.random.choice((-DRIFT_PPM, DRIFT_PPM, self.random.uniform(-DRIFT_PPM, DRIFT_PPM)))
            length = until_ns - from_ns
            if from_ns == slewed_at:
                slew = self.random.choice((-1, 0, 1)) * min(MOST_SLEWED_NS, length * SLEW_PPM // 10**6)
                middle = from_ns + min(length, max(1, abs(slew) * 10**6 // SLEW_PPM))
                if from_ns < middle < until_ns:
                    knots.append((middle, offset + slew + int((middle - from_ns) * worst) // 10**6))
                offset += slew
            offset += int(length * worst) // 10**6
            knots.append((until_ns, offset))
        return TrueClock(boot_id, began_ns, tuple(knots))

    def _touch(self, boot: TrueClock) -> bool:
        """Heartbeats over some part of the boot. True: at least one round trip became known."""
        previous: Exchange | None = None
        known = False
        for at in sorted(self.random.randrange(boot.lasts_ns) for _ in range(self.random.randint(1, 8))):
            reading = ClockReading(boot_id=boot.boot_id, boot_ns=at, wall_ns=0, synchronised=False)
            sent = at + self._some(SECOND // 10)
            stamped = sent + self._some(self.random.choice((SECOND // 50, SECOND, _LONGEST_DELAY_NS, _LONGEST_STALL_NS)))
            stamp_ns = boot.time_at(min(stamped, boot.lasts_ns)) + max(0, stamped - boot.lasts_ns)
            known = self._report(reading, previous, stamp_ns) or known
            received = stamped + self._some(self.random.choice((SECOND // 50, SECOND, _LONGEST_DELAY_NS)))
            was_answered = received < boot.lasts_ns and self.random.random() < 0.8
            previous = (
                Exchange(boot_id=boot.boot_id, sent_boot_ns=sent, received_boot_ns=received, server_ns=stamp_ns) if was_answered else None
            )
        return known

    def _report(self, at: ClockReading, previous: Exchange | None, now_ns: int) -> bool:
        self.contacts.append(contact_of_request(at, now_ns, claimed_ns=self._claimed_ns))
        contact = None if previous is None else contact_of_exchange(previous, at, now_ns, claimed_ns=self._claimed_ns)
        if contact is None:
            return False
        self.contacts.append(contact)
        self.without_half_trip.append(Contact(contact.boot_id, contact.at_boot_ns, contact.offset_ns, 1))
        return tells_the_time([contact])

    def _some_wall(self, boot: TrueClock, *, truthful: bool) -> "Wall":
        """Wrong by anything, and jumping; called synchronised where it is right or where a contact of the boot can tell."""
        wrong = self.random.choice((-nanoseconds(CLAIMED), -DAY, DAY, self.random.randint(-DAY, DAY)))
        jump_at = self._some(boot.lasts_ns)
        right = self.random.randint(-SYNCHRONISED_NS, SYNCHRONISED_NS)
        if truthful:
            return Wall(wrong, jump_at, right, synchronised_before=False)
        return Wall(wrong, jump_at, self.random.choice((right, DAY, -DAY)), synchronised_before=self.random.random() < 0.5)

    def _record(self, boot: TrueClock, epoch: int, seq: int, wall: "Wall") -> int:
        """Records of this boot; they arrive at any time later, in any order, and some never do."""
        for at in sorted(self.random.randrange(boot.lasts_ns) for _ in range(self.random.randint(1, 4))):
            seq += 1
            best_at = max(0, at - self._some(3 * SECOND))
            true_ns = boot.time_at(best_at)
            error, synchronised = wall.at(at)
            reading = ClockReading(boot_id=boot.boot_id, boot_ns=best_at, wall_ns=max(0, true_ns + error), synchronised=synchronised)
            arrived = boot.time_at(at) + self._some(self.random.choice((SECOND, 3600 * SECOND, 60 * DAY)))
            if self.random.random() < 0.9:
                self.facts.append(Fact((epoch, seq, reading, arrived), true_ns))
        return seq

    def _some(self, most: int) -> int:
        return self.random.randrange(1, most)


@dataclass(frozen=True)
class Wall:
    """A wall clock's error: `wrong` until `jump_at` of the boot clock, `right` from there on, when it calls itself synchronised."""

    wrong: int
    jump_at: int
    right: int
    synchronised_before: bool

    def at(self, boot_ns: int) -> tuple[int, bool]:
        return (self.right, True) if boot_ns >= self.jump_at else (self.wrong, self.synchronised_before)


def derived(facts: Sequence[Fact], contacts: Sequence[Contact], contested: set[int]) -> dict[tuple[int, int, UUID], Captured]:
    """What the server makes of these facts, in the order in which they come."""
    kept = _best_of_every_hour(contacts)
    known = {boot for boot, of in kept.items() if tells_the_time(of)}
    clocks: dict[UUID, BootClock] = {boot: clock_of(of) for boot, of in kept.items()}
    for chain in chains_of(_epochs(facts), contested):
        wanted = {boot.boot_id for boot in chain} - known
        clocks |= {boot: c for boot, c in clocks_by_order(stretch(chain, wanted, known), kept, known).items() if boot in wanted}
    return {
        (epoch, seq, at.boot_id): captured(at, clocks[at.boot_id], since=CLAIMED, received_at=fact.received_at)
        for fact in facts
        for epoch, seq, at, _ in [fact.said]
    }


def _best_of_every_hour(contacts: Sequence[Contact]) -> dict[UUID, list[Contact]]:
    best: dict[tuple[UUID, int], Contact] = {}
    for contact in contacts:
        known = best.get((contact.boot_id, contact.hour))
        if known is None or (contact.half_width_ns, contact.at_boot_ns) < (known.half_width_ns, known.at_boot_ns):
            best[contact.boot_id, contact.hour] = contact
    kept: dict[UUID, list[Contact]] = {}
    for contact in best.values():
        kept.setdefault(contact.boot_id, []).append(contact)
    return kept


def _epochs(facts: Sequence[Fact]) -> Mapping[int, list[Boot]]:
    found: dict[tuple[int, UUID], list[Said]] = {}
    for fact in facts:
        found.setdefault((fact.said[0], fact.said[2].boot_id), []).append(fact.said)
    epochs: dict[int, list[Boot]] = {}
    for (epoch, _), said in found.items():
        epochs.setdefault(epoch, []).append(shown_by(said))
    return epochs
