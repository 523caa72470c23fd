"""When was an observation? The times of both of its ends, from what is known of its boot's clock. Pure."""

from dataclasses import dataclass
from datetime import datetime

from server.nodes.drift import strayed_ns
from server.sightings.boots import BootClock
from server.sightings.times import Captured, captured
from shared_schema.clock import ClockReading
from shared_schema.observation import Observation


@dataclass(frozen=True, slots=True)
class Times:
    """The middles of the intervals in which it began and ended; the true times lie within ± the uncertainty. None: only bounded."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    uncertainty_ms: int | None = None


def times_of(said: Observation, clock: BootClock, *, since: datetime, received_at: datetime) -> Times:
    """What is known of an observation's times. One that ends before it began has none."""
    if said.from_boot_ns > said.until_boot_ns:
        return Times()
    began, ended = (
        _captured(said.at, boot_ns, clock, since=since, received_at=received_at) for boot_ns in (said.from_boot_ns, said.until_boot_ns)
    )
    if began.uncertainty_ms is None or ended.uncertainty_ms is None or began.at > ended.at:
        return Times()
    return Times(began.at, ended.at, max(began.uncertainty_ms, ended.uncertainty_ms) + _strayed_ms(said, clock))


def _captured(at: ClockReading, boot_ns: int, clock: BootClock, *, since: datetime, received_at: datetime) -> Captured:
    moved = at.model_copy(update={"boot_ns": boot_ns, "wall_ns": at.wall_ns + boot_ns - at.boot_ns})
    return captured(moved, clock, since=since, received_at=received_at)


def _strayed_ms(said: Observation, clock: BootClock) -> int:
    """Where the wall clock was read once, it may have been moved since the observation began."""
    if not (said.at.synchronised and clock.wall_is_believed):
        return 0
    furthest = max(abs(said.at.boot_ns - said.from_boot_ns), abs(said.at.boot_ns - said.until_boot_ns))
    return -(-strayed_ns(furthest) // 10**6)
