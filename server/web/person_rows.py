"""What a person's page tells: the last weeks as a calendar, the share of sessions attended, hours, visits. A fixed number of queries."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.rules.facts import State
from server.attendance.selectors import attendance_visible, open_days_visible, visits_visible
from server.core.permissions import Resource, Verb, scope_for
from server.people.models import Person
from server.web.attendance_words import hours, remarks, state_words

WEEKS = 8
WEEK = timedelta(days=7)
SESSIONS, VISITS = 60, 20
SEEN = "seen"
MIXED = "mixed"
MARKS = {
    State.PRESENT.value: "✓",
    State.ABSENT.value: "✗",
    State.EXCUSED.value: "e",
    State.NOT_COVERED.value: "?",
    State.PENDING.value: "…",
    SEEN: "✓",
    MIXED: "±",
}
WORDS = {
    State.PRESENT.value: "present",
    State.ABSENT.value: "absent",
    State.EXCUSED.value: "excused",
    State.NOT_COVERED.value: "not covered: a door was not watched",
    State.PENDING.value: "not decided yet",
    SEEN: "seen, no session",
    MIXED: "present at some sessions, absent from others",
}


@dataclass(slots=True)
class Day:
    """A day of the calendar. `state`: one of `WORDS`, empty where nothing is known of it."""

    date: date
    states: list[str] = field(default_factory=list)
    late: bool = False
    seen: bool = False
    worked_s: int = 0
    open_s: int = 0

    @property
    def state(self) -> str:
        """Of several sessions the one that staff should see; both present and absent are mixed."""
        told = set(self.states)
        if {State.PRESENT.value, State.ABSENT.value} <= told:
            return MIXED
        for state in (State.ABSENT, State.PRESENT, State.NOT_COVERED, State.EXCUSED, State.PENDING):
            if state.value in told:
                return state.value
        return SEEN if self.seen else ""

    @property
    def mark(self) -> str:
        return MARKS.get(self.state, "")

    @property
    def words(self) -> str:
        return f"{WORDS.get(self.state, 'nothing')}{', late' if self.late else ''}"

    @property
    def counted_s(self) -> int:
        """Hours of the sessions; on a day without any, from first to last seen."""
        return self.worked_s if self.states else self.open_s


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday."""

    first: date
    days: Sequence[Day]

    @property
    def hours(self) -> str:
        """Empty where there are none."""
        return hours(sum(day.counted_s for day in self.days) or None)


@dataclass(frozen=True, slots=True)
class Told:
    """A session with the record of it; times are in the zone of its site."""

    record: AttendanceRecord
    begins: datetime
    first_in: datetime | None
    last_out: datetime | None

    @property
    def state(self) -> str:
        return state_words(self.record)

    @property
    def remarks(self) -> list[str]:
        return remarks(self.record)

    @property
    def hours(self) -> str:
        return hours(self.record.worked_s)


@dataclass(frozen=True, slots=True)
class Visited:
    """A visit; times are in the zone of its site."""

    visit: VisitRow
    entered: datetime | None
    left: datetime | None
    lasted: str


@dataclass(frozen=True, slots=True)
class Attended:
    """The last weeks of a person. `rate`: of the sessions that were decided, in percent; None: there were none."""

    weeks: Sequence[Week]
    present: int
    absent: int
    late: int
    left_out: int
    sessions: Sequence[Told]
    visits: Sequence[Visited]

    @property
    def rate(self) -> float | None:
        judged = self.present + self.absent
        return 100 * self.present / judged if judged else None


def attended(*, user: object, person: Person, today: date) -> Attended:
    """What this account may see of the last eight weeks; sessions and visits the newest first."""
    first = today - timedelta(days=today.weekday()) - (WEEKS - 1) * WEEK
    scope = scope_for(user, Resource.ATTENDANCE, Verb.VIEW)
    mine = attendance_visible(user=user, scope=scope).filter(person=person, session__cancelled_at__isnull=True)
    records = list(mine.filter(local_date__gte=first, local_date__lte=today).order_by("-session__begins_at", "-session_id"))
    opened = open_days_visible(user=user, scope=scope).filter(person=person, local_date__gte=first, local_date__lte=today)
    visits = visits_visible(user=user, scope=scope_for(user, Resource.VISITS, Verb.VIEW)).filter(person=person)
    states = Counter(record.state for record in records)
    return Attended(
        weeks=weeks_of(first, records, opened),
        present=states[State.PRESENT],
        absent=states[State.ABSENT],
        late=sum(1 for record in records if record.late_by_s),
        left_out=states[State.EXCUSED] + states[State.NOT_COVERED],
        sessions=[_told(record) for record in records[:SESSIONS]],
        visits=[_visited(visit) for visit in visits.order_by("-at", "-id")[:VISITS]],
    )


def weeks_of(first: date, records: Iterable[AttendanceRecord], opened: Iterable[OpenDayRecord]) -> list[Week]:
    """Eight weeks from this Monday, the newest first."""
    days = {first + timedelta(days=away): Day(first + timedelta(days=away)) for away in range(7 * WEEKS)}
    for record in records:
        day = days[record.local_date]
        day.states.append(record.state)
        day.late |= bool(record.late_by_s)
        day.worked_s += record.worked_s or 0
    for row in opened:
        days[row.local_date].seen = True
        days[row.local_date].open_s += row.worked_s
    mondays = [first + number * WEEK for number in range(WEEKS)]
    return [Week(monday, [days[monday + timedelta(days=away)] for away in range(7)]) for monday in reversed(mondays)]


def _told(record: AttendanceRecord) -> Told:
    zone = record.session.site.zone
    times = [None if at is None else at.astimezone(zone) for at in (record.first_in, record.last_out)]
    return Told(record, record.session.begins_at.astimezone(zone), times[0], times[1])


def _visited(visit: VisitRow) -> Visited:
    zone = visit.area.site.zone
    entered, left = (None if at is None else at.astimezone(zone) for at in (visit.entered_at, visit.left_at))
    return Visited(visit, entered, left, hours(visit.duration_s))
