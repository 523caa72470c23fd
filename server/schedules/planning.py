"""What a schedule's sessions should be: rows that are not saved yet."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from server.core.errors import Rejected
from server.schedules.models import Schedule, Session
from server.schedules.term_values import terms_read, terms_values
from server.schedules.terms import Terms
from server.schedules.times import Pattern, Span, days_of, span_on
from server.sites.days import day_bounds
from server.sites.models import Site

PLANNED = ("name", "kind", "site_id", "group_id", "begins_at", "ends_at", "breaks", "terms", "window_begins_at", "window_ends_at")
"""What a schedule decides of its sessions, beside their doors."""
KEPT = (*(name.removesuffix("_id") for name in PLANNED), "cancelled_at", "covered_at", "given_up_at", "version", "changed_at")


def pattern_of(schedule: Schedule) -> Pattern:
    """The days and local times of a schedule."""
    return Pattern(
        weekdays=frozenset(schedule.weekdays),
        every_weeks=schedule.every_weeks,
        begins=schedule.begins,
        ends=schedule.ends,
        breaks=tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in schedule.breaks),
        valid_from=schedule.valid_from,
        valid_until=schedule.valid_until,
    )


def sessions_planned(schedule: Schedule, first: date, last: date) -> list[Session]:
    """The sessions the schedule means on these days, both included."""
    pattern, terms, zone = pattern_of(schedule), terms_read(schedule.terms, Terms()), schedule.site.zone
    spans = ((day, span_on(pattern, day, zone)) for day in days_of(pattern, first, last))
    return [_planned(schedule, day, span, terms) for day, span in spans if span is not None]


def _planned(schedule: Schedule, day: date, span: Span, terms: Terms) -> Session:
    session = Session(schedule=schedule, name=schedule.name, kind=schedule.kind, site=schedule.site, group=schedule.group, local_date=day)
    session_fill(session, span, terms)
    return session


def session_fill(session: Session, span: Span, terms: Terms) -> None:
    """Give a session its times, breaks and terms, and the window that follows. Raises Rejected where the window is too wide."""
    session.begins_at, session.ends_at = span.begins_at, span.ends_at
    session.breaks = [[begin.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat()] for begin, end in span.breaks]
    session.terms = terms_values(terms)
    session.window_begins_at = span.begins_at - timedelta(seconds=terms.before_s)
    session.window_ends_at = span.ends_at + timedelta(seconds=terms.after_s)
    first, last = _reach(session.site, session.local_date)
    if session.window_begins_at < first or session.window_ends_at > last:
        raise Rejected("too_long", "With its margins the session reaches past the next local day; shorten it, or before_s and after_s.")


def _reach(site: Site, day: date) -> tuple[datetime, datetime]:
    """How far the rules look around a day: from the beginning of the day before until the end of the day after."""
    one = timedelta(days=1)
    return day_bounds(day - one, site.zone, site.day_cut)[0], day_bounds(day + one, site.zone, site.day_cut)[1]


def same(one: Session, other: Session) -> bool:
    """Whether two rows say the same, apart from their doors."""
    return all(getattr(one, name) == getattr(other, name) for name in PLANNED)


def become(session: Session, planned: Session, at: datetime) -> None:
    """Make a row of the table what is planned. What was known of its coverage is to be found out again."""
    for name in PLANNED:
        setattr(session, name, getattr(planned, name))
    session.cancelled_at = session.covered_at = session.given_up_at = None
    touch(session, at)


def touch(session: Session, at: datetime) -> None:
    session.version += 1
    session.changed_at = at


def doors_set(sessions: Iterable[Session], doors: frozenset[int]) -> None:
    """These doors, and no others, serve these sessions."""
    through = Session.doors.through
    keys = [session.pk for session in sessions]
    through._default_manager.filter(session_id__in=keys).exclude(door_id__in=doors).delete()  # noqa: SLF001 (documented)
    rows = [through(session_id=key, door_id=door) for key in keys for door in doors]
    through._default_manager.bulk_create(rows, ignore_conflicts=True)  # noqa: SLF001


def doors_of(sessions: Iterable[Session]) -> Mapping[int, frozenset[int]]:
    """The doors of each of these sessions, in one query."""
    found: dict[int, set[int]] = {session.pk: set() for session in sessions}
    for session, door in Session.doors.through._default_manager.filter(session_id__in=found).values_list(  # noqa: SLF001
        "session_id", "door_id"
    ):
        found[session].add(door)
    return {session: frozenset(doors) for session, doors in found.items()}
