"""What the rules derive. Pure values; lists are sorted, so equal facts give equal records."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from server.attendance.rules.facts import Method, State


class Problem(StrEnum):
    """What staff should look at."""

    NO_EXIT = "no_exit"
    EXIT_WITHOUT_ENTRY = "exit_without_entry"
    ENTERED_TWICE = "entered_twice"
    TOO_SHORT = "too_short"
    ON_LEAVE = "on_leave"
    ON_HOLIDAY = "on_holiday"
    NOT_ACTIVE = "not_active"


class Excuse(StrEnum):
    """Why somebody is excused."""

    LEAVE = "leave"
    HOLIDAY = "holiday"
    STAFF = "staff"


class VisitState(StrEnum):
    """OPEN: no exit was seen. EXIT_ONLY: no entry was seen. AUTO_CLOSED: the exit is a rule's, not seen."""

    CLOSED = "closed"
    OPEN = "open"
    AUTO_CLOSED = "auto_closed"
    EXIT_ONLY = "exit_only"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One person at one session. `decided`: coverage (or staff) has settled it; before, only what was seen is told."""

    person: int
    session: int
    local_date: date
    state: State
    decided: bool
    late_by_s: int | None = None
    """How long after the beginning they came, where that is more than the grace; 0: in time; None: not judged."""
    late_uncertain: bool = False
    left_early_by_s: int | None = None
    early_uncertain: bool = False
    half_day: bool = False
    worked_s: int | None = None
    first_in: datetime | None = None
    last_out: datetime | None = None
    method: Method | None = None
    excuse: Excuse | None = None
    note: str = ""
    problems: tuple[Problem, ...] = ()
    evidence: tuple[str, ...] = ()
    mark: int | None = None
    corrections: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """An entry and its exit in an area. `entry` and `exit` are the ids of the passes; a visit is known by the one it has."""

    person: int
    area: int
    local_date: date
    state: VisitState
    entered_at: datetime | None
    left_at: datetime | None
    duration_s: int | None
    entry: str | None
    exit: str | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class DayRecord:
    """A person's open day at a site."""

    person: int
    site: int
    local_date: date
    first_seen: datetime
    last_seen: datetime
    passes: int
    worked_s: int
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """Everything that follows from the facts of one person, site and local day. Sorted by session, and by time of visit."""

    sessions: tuple[SessionRecord, ...] = ()
    visits: tuple[VisitRecord, ...] = ()
    day: DayRecord | None = None
