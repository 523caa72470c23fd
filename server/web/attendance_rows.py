"""What the attendance pages show of a week and of a day, in a fixed number of queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from server.attendance.corrections_selectors import sessions_to_speak_of
from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.attendance.rules.facts import State
from server.attendance.seal_models import Seal
from server.attendance.selectors import attendance_visible, open_days_visible
from server.core.permissions import Resource, Verb, scope_for
from server.schedules.models import Session
from server.sites.days import local_day
from server.sites.models import Site
from server.web.attendance_words import coverage_words, hours, remarks

SHOWN = 200
WEEK = timedelta(days=7)
LATE = "late"


@dataclass(frozen=True, slots=True)
class DayCounts:
    """A local day of a site: how many records of each state, how many late ones, sessions and open days."""

    day: date
    counts: Mapping[str, int]
    sessions: int
    open_days: int
    seal: Seal | None


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """A session of a day."""

    session: Session
    begins: datetime
    ends: datetime
    counts: Mapping[str, int]
    words: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Somebody to look at, and why."""

    record: AttendanceRecord
    words: str


@dataclass(frozen=True, slots=True)
class OpenDay:
    """Times are in the zone of the site."""

    record: OpenDayRecord
    first: datetime
    last: datetime
    hours: str


@dataclass(slots=True)
class Day:
    """Everything of a day that the account may see; at most `SHOWN` of each kind of people."""

    sessions: list[SessionCounts]
    late: list[Noticed] = field(default_factory=list)
    missing: list[Noticed] = field(default_factory=list)
    open_days: list[OpenDay] = field(default_factory=list)
    further_open_days: int = 0


def records_of(user: object) -> QuerySet[AttendanceRecord]:
    """The records this account may see; cancelled sessions have none that count."""
    found = attendance_visible(user=user, scope=scope_for(user, Resource.ATTENDANCE, Verb.VIEW))
    return found.filter(session__cancelled_at__isnull=True)


def sessions_of(user: object) -> QuerySet[Session]:
    """The sessions whose page this account may open."""
    return sessions_to_speak_of(user=user, scope=scope_for(user, Resource.SESSIONS, Verb.VIEW))


def week_of(*, user: object, site: Site, first: date) -> list[DayCounts]:
    """Seven days beginning with this one."""
    days = (first, first + WEEK - timedelta(days=1))
    counts = _counts(records_of(user).filter(session__site=site, local_date__range=days), "local_date")
    sessions = sessions_of(user).filter(site=site, local_date__range=days, cancelled_at__isnull=True)
    numbers = dict(sessions.order_by().values_list("local_date").annotate(number=Count("pk")))
    scope = scope_for(user, Resource.ATTENDANCE, Verb.VIEW)
    opened = open_days_visible(user=user, scope=scope).filter(site=site, local_date__range=days)
    open_days = dict(opened.order_by().values_list("local_date").annotate(number=Count("pk")))
    seals = list(seals_near(site, *days))
    return [
        DayCounts(day, counts[day], numbers.get(day, 0), open_days.get(day, 0), _seal_on(day, seals))
        for day in (first + timedelta(days=away) for away in range(7))
    ]


def seals_near(site: Site, first: date, last: date) -> QuerySet[Seal]:
    """Seals that hold some of these days."""
    seals = Seal.objects.filter(site=site, lifted_at__isnull=True, first_day__lte=last, last_day__gte=first)
    return seals.select_related("sealed_by").order_by("first_day")


def day_of(*, user: object, site: Site, day: date, now: datetime) -> Day:
    """The sessions of the day, whom to look at, and who came by."""
    records = records_of(user).filter(session__site=site, local_date=day)
    counts = _counts(records, "session")
    sessions = sessions_of(user).filter(site=site, local_date=day).order_by("begins_at", "pk")
    shown = Day([_session(session, counts[session.pk], site.zone, now) for session in sessions])
    noticed = records.order_by("session__begins_at", "person__name")
    shown.late = [_noticed(record) for record in noticed.filter(late_by_s__gt=0)[:SHOWN]]
    shown.missing = [_noticed(record) for record in noticed.filter(state=State.ABSENT)[:SHOWN]]
    scope = scope_for(user, Resource.ATTENDANCE, Verb.VIEW)
    opened = open_days_visible(user=user, scope=scope).filter(site=site, local_date=day).order_by("person__name", "pk")
    shown.open_days = [_open_day(row, site.zone) for row in opened[:SHOWN]]
    shown.further_open_days = opened.count() - SHOWN if len(shown.open_days) == SHOWN else 0
    return shown


def sessions_begun(*, user: object, now: datetime) -> list[SessionCounts]:
    """The sessions of today, by the day of each site, whose margin has begun; the newest first."""
    near = sessions_of(user).filter(cancelled_at__isnull=True, window_begins_at__lte=now, begins_at__gte=now - timedelta(days=2))
    begun = [
        session
        for session in near.order_by("-begins_at", "pk")
        if session.local_date == local_day(now, session.site.zone, session.site.day_cut)
    ][:SHOWN]
    counts = _counts(records_of(user).filter(session__in=begun), "session")
    return [_session(session, counts[session.pk], session.site.zone, now) for session in begun]


def _counts(records: QuerySet[AttendanceRecord], by: str) -> defaultdict[object, Counter[str]]:
    """How many there are of each state, and how many are late, by a column."""
    found: defaultdict[object, Counter[str]] = defaultdict(Counter)
    late = Count("pk", filter=Q(late_by_s__gt=0))
    for key, state, number, late_ones in records.order_by().values_list(by, "state").annotate(number=Count("pk"), late=late):
        found[key][state] += number
        found[key][LATE] += late_ones
    return found


def _seal_on(day: date, seals: Iterable[Seal]) -> Seal | None:
    return next((seal for seal in seals if seal.first_day <= day <= seal.last_day), None)


def _session(session: Session, counts: Mapping[str, int], zone: ZoneInfo, now: datetime) -> SessionCounts:
    begins, ends = session.begins_at.astimezone(zone), session.ends_at.astimezone(zone)
    return SessionCounts(session, begins, ends, counts, coverage_words(session, now))


def _noticed(record: AttendanceRecord) -> Noticed:
    return Noticed(record, ", ".join(remarks(record)))


def _open_day(row: OpenDayRecord, zone: ZoneInfo) -> OpenDay:
    return OpenDay(row, row.first_seen.astimezone(zone), row.last_seen.astimezone(zone), hours(row.worked_s))
