"""Whether sessions are covered, and what is derived again when that changes.

A node tells every few minutes how it looked at its door. That alone derives nothing: only a session that becomes covered, or is covered
no more, and people of whom it is uncertain how late they came or how early they left.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from server.attendance.facts_of_site import coverage_of, session_facts
from server.attendance.models import AttendanceRecord
from server.attendance.publishing import person_days_publish
from server.attendance.publishing_ground import days_hold
from server.attendance.rules.coverage import Looked, covered, entrance_missed, exit_missed
from server.attendance.rules.facts import Method, SessionFact
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why
from server.schedules.models import Session
from server.sites.models import Site

HOUR = timedelta(hours=1)
CLOSELY = timedelta(hours=6)
A_DAY = timedelta(days=1)
A_SESSION_AT_MOST = timedelta(days=3)
Span = tuple[datetime, datetime]
COVERAGE = frozenset({Why.COVERAGE.value})


def coverage_derive(*, site: Site, hours: Iterable[datetime], now: datetime) -> None:
    """See which sessions near these hours are covered now and were not, or the other way round, and mark them."""
    stretches = _stretches(hours)
    days = {day for stretch in stretches for day in _near(site, stretch, now).values_list("local_date", flat=True)}
    if not days:
        return
    with transaction.atomic():
        days_hold(site=site.pk, days=days)
        for stretch in stretches:
            _derive(site, list(_near(site, stretch, now).filter(local_date__in=days)), now)


def _stretches(hours: Iterable[datetime]) -> list[Span]:
    """From–until of hours that follow one another closely, at most a day: sessions far apart are not looked at together."""
    found: list[Span] = []
    for hour in sorted(hours):
        if found and hour - found[-1][1] <= CLOSELY and hour + HOUR - found[-1][0] <= A_DAY:
            found[-1] = (found[-1][0], hour + HOUR)
        else:
            found.append((hour, hour + HOUR))
    return found


def _near(site: Site, stretch: Span, now: datetime) -> QuerySet[Session]:
    """The sessions that have begun and whose coverage this time is part of."""
    begins_at, ends_at = stretch
    days = begins_at.date() - A_SESSION_AT_MOST, ends_at.date() + A_SESSION_AT_MOST
    found = Session.objects.filter(site=site, cancelled_at__isnull=True, local_date__range=days)
    return found.filter(window_begins_at__lt=min(ends_at, now), ends_at__gt=begins_at)


def _derive(site: Site, sessions: list[Session], now: datetime) -> None:
    """Compare what is known of these sessions with what was noted of them."""
    facts = session_facts(sessions)
    looked = Looked(coverage_of(list(facts.values())))
    others = {row.pk for row in sessions if covered(facts[row.pk], looked) != (row.covered_at is not None)}
    mark([windows.session(key) for key in others], why=Why.COVERAGE)
    for day, people in _judged_otherwise({key: fact for key, fact in facts.items() if key not in others}, looked).items():
        person_days_publish(site=site, days=[day], people=people, why=COVERAGE, now=now)


def _judged_otherwise(facts: Mapping[int, SessionFact], looked: Looked) -> dict[date, set[int]]:
    """Who came late or left early, of whom it was certain that nobody had missed them before, or was not, and is otherwise now."""
    found: dict[date, set[int]] = {}
    rows = AttendanceRecord.objects.filter(Q(late_by_s__gt=0) | Q(left_early_by_s__gt=0), session__in=facts, gone_at__isnull=True)
    rows = rows.exclude(method=Method.MANUAL.value)
    columns = ("person", "session", "first_in", "last_out", "late_by_s", "left_early_by_s", "late_uncertain", "early_uncertain")
    for person, session, first_in, last_out, late_s, early_s, late_doubt, early_doubt in rows.order_by().values_list(*columns):
        fact = facts[session]
        late = late_s and first_in is not None and entrance_missed(fact, looked, first_in) != late_doubt
        early = early_s and last_out is not None and exit_missed(fact, looked, last_out) != early_doubt
        if late or early:
            found.setdefault(fact.local_date, set()).add(person)
    return found
