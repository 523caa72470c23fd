"""When was it? Derived from the node's clock readings and from what its contacts showed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

DRIFT_PPM = 50
SYNCHRONISED_MS = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Offset(Protocol):
    """A contact: time = boot clock + offset_ns ± half_width_ns at `at_boot_ns`, drifting from there."""

    @property
    def at_boot_ns(self) -> int: ...
    @property
    def offset_ns(self) -> int: ...
    @property
    def half_width_ns(self) -> int: ...


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
    """`at` ± `uncertainty_ms`. Not known: it was before `at`, nobody can tell by how much."""

    at: datetime
    uncertainty_ms: int | None

    @property
    def known(self) -> bool:
        return self.uncertainty_ms is not None


def moment(ns: int) -> datetime:
    """Nanoseconds since 1970 as an aware time."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def nanoseconds(at: datetime) -> int:
    """An aware time as nanoseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def captured(reading: Reading, offsets: Iterable[Offset], received_at: datetime) -> Captured:
    """The narrowest of what the contacts of this boot and a synchronised wall clock say, never after it was received."""
    guesses = [_by_contact(reading.boot_ns, offset) for offset in offsets]
    if reading.synchronised:
        guesses.append((SYNCHRONISED_MS, reading.wall_ns))
    received_ns = nanoseconds(received_at)
    possible = [(width, ns) for width, ns in guesses if ns - width * 10**6 <= received_ns and ns > 0]
    if not possible:
        return Captured(received_at, None)
    width, ns = min(possible)
    return Captured(min(moment(ns), received_at), width)


def _by_contact(boot_ns: int, offset: Offset) -> tuple[int, int]:
    width = offset.half_width_ns + abs(boot_ns - offset.at_boot_ns) * DRIFT_PPM // 10**6
    return width // 10**6 + 1, boot_ns + offset.offset_ns
