"""Everything attendance is derived from, for one person at one site on one local day. Pure values: no clock, no ORM, no randomness.

All times are aware UTC. A set of facts has no order; two equal facts are one.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from server.schedules.terms import AreaTerms, OpenDayTerms, Terms


class Way(StrEnum):
    """Which way a door leads."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Method(StrEnum):
    """How somebody was noticed."""

    FACE = "face"
    KIOSK = "kiosk"
    MANUAL = "manual"


class State(StrEnum):
    """The answer for a person and a session."""

    PENDING = "pending"
    PRESENT = "present"
    ABSENT = "absent"
    EXCUSED = "excused"
    NOT_COVERED = "not_covered"


@dataclass(frozen=True, slots=True, order=True)
class Pass:
    """The person passed a door: a sighting that counts for them, or a pass entered by hand. Only passes of known time are facts."""

    at: datetime
    id: str
    door: int
    way: Way
    method: Method = Method.FACE
    earliest: datetime | None = None
    """It was not before this; None: `at` is exact."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From (inclusive) until (exclusive)."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Covered:
    """The door was looked at all the time in this interval, and everything seen in it has arrived."""

    door: int
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Serving:
    """A door serves a session in this part of it (doors come and go); outside of it nobody can pass there."""

    door: int
    way: Way
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SessionFact:
    """A group is expected. `local_date` is the date it belongs to: that of its beginning."""

    key: int
    group: int
    local_date: date
    begins_at: datetime
    ends_at: datetime
    terms: Terms
    serving: frozenset[Serving]
    breaks: frozenset[Interval] = frozenset()
    cancelled: bool = False
    given_up: bool = False
    """The wait for the doors' coverage is over."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """The person belongs to the group on these days, both included; None has no end."""

    group: int
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class LeaveFact:
    """The person is away on these days, both included. Times make it a part of every day; both are given or none."""

    key: int
    first: date
    last: date
    from_time: time | None = None
    until_time: time | None = None


@dataclass(frozen=True, slots=True)
class HolidayFact:
    """The site rests on these days, both included."""

    key: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class MarkFact:
    """Staff say how it was. The newest of a session counts: the highest `key`."""

    key: int
    session: int
    state: State
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CorrectionFact:
    """An approved correction. They are laid over the record in the order of `key` (of their approval); None changes nothing."""

    key: int
    session: int
    state: State | None = None
    first_in: datetime | None = None
    last_out: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class AreaFact:
    """Doors around a room. Their passes make visits."""

    key: int
    doors: frozenset[int]
    terms: AreaTerms


@dataclass(frozen=True, slots=True)
class DayFacts:
    """The facts of one person, site and local day.

    `passes` and `covered` reach from the beginning of the day before until the end of the day after; `sessions` are those of the three
    days. What lies further away changes nothing.
    """

    person: int
    site: int
    local_date: date
    zone: str
    day_cut: time
    active_from: date | None = None
    active_until: date | None = None
    belongings: frozenset[Belonging] = frozenset()
    passes: frozenset[Pass] = frozenset()
    sessions: frozenset[SessionFact] = frozenset()
    leave: frozenset[LeaveFact] = frozenset()
    holidays: frozenset[HolidayFact] = frozenset()
    marks: frozenset[MarkFact] = frozenset()
    corrections: frozenset[CorrectionFact] = frozenset()
    covered: frozenset[Covered] = frozenset()
    areas: frozenset[AreaFact] = frozenset()
    open_day: OpenDayTerms = field(default_factory=OpenDayTerms)
