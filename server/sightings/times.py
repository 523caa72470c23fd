"""When was it? Derived from a reading of a boot clock and from what is known of that clock. Pure.

Every time carries an interval that contains the truth, as far as three things hold: this server's clock is right, a boot clock strays no
further than `server.nodes.drift` says, and a kernel that calls its wall clock synchronised has it right to SYNCHRONISED_NS. The last one
is relied on only in a boot in which no contact could check it; whatever contradicts it wins.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from server.sightings.boots import BootClock

SYNCHRONISED_NS = 6 * 10**9
"""The kernel goes on calling its clock synchronised for 9 hours after a daemon last said so: 16 s of error at 0.5 ms a second. In so
long a crystal strays by at most 5 s; a daemon that steps what is more than 0.4 s off leaves the rest."""
KNOWN_WITHIN_NS = 1_800 * 10**9
"""A time that may be further off than this on either side is no time to count attendance by: it is only bounded."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reading(Protocol):
    """What the node's clocks said."""

    @property
    def boot_ns(self) -> int: ...
    @property
    def wall_ns(self) -> int: ...
    @property
    def synchronised(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Captured:
    """It was between `earliest` and `latest`. `at` stands for it: the middle, or the latest it can have been where it is only bounded."""

    at: datetime
    uncertainty_ms: int | None
    earliest: datetime
    latest: datetime

    @property
    def known(self) -> bool:
        return self.uncertainty_ms is not None


def moment(ns: int) -> datetime:
    """Nanoseconds since 1970 as an aware time."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def nanoseconds(at: datetime) -> int:
    """An aware time as nanoseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def captured(reading: Reading, clock: BootClock, *, since: datetime, received_at: datetime) -> Captured:
    """The interval in which the reading was taken: `since` there was such a node, before the record arrived, and what its clock shows."""
    outermost = nanoseconds(since), nanoseconds(received_at) + 1000
    shown = clock.between(reading.boot_ns)
    interval = outermost if shown is None else _within(outermost, shown)
    if reading.synchronised and clock.wall_is_believed:
        interval = _within(interval, (reading.wall_ns - SYNCHRONISED_NS, reading.wall_ns + SYNCHRONISED_NS))
    earliest, latest = min(interval), max(interval)
    if latest - earliest > 2 * KNOWN_WITHIN_NS:
        return Captured(moment(latest), None, moment(earliest), moment(latest))
    middle, last = moment((earliest + latest) // 2), moment(latest + 999)
    off_by = max(last - middle, middle - moment(earliest))
    return Captured(middle, -(-off_by // timedelta(milliseconds=1)), moment(earliest), last)


def _within(outer: tuple[int, int], inner: tuple[int, int]) -> tuple[int, int]:
    """What both allow. Where they contradict each other, the outer one holds: it rests on firmer ground."""
    both = max(outer[0], inner[0]), min(outer[1], inner[1])
    return both if both[0] <= both[1] else outer
