"""Whether sessions are covered, and what is derived again when that changes.

A node tells every few minutes how it looked at its door. That alone derives nothing: only a session that becomes covered, or is covered
no more, and people of whom it is uncertain how late they came or how early they left.
"""

from collections.abc import Mapping
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
from server.sites.models import Door, Site

HOUR = timedelta(hours=1)
A_SESSION_AT_MOST = timedelta(days=3)
COVERAGE = frozenset({Why.COVERAGE.value})


def coverage_derive(*, door: Door, hour: datetime, now: datetime) -> None:
    """See which sessions near this hour are covered now and were not, or the other way round, and mark them."""
    site = door.site
    days = set(_near(site, hour, now).values_list("local_date", flat=True))
    if not days:
        return
    with transaction.atomic():
        days_hold(site=site.pk, days=days)
        rows = {row.pk: row for row in _near(site, hour, now).filter(local_date__in=days)}
        facts = session_facts(list(rows.values()))
        looked = Looked(coverage_of(list(facts.values())))
        others = [key for key, fact in facts.items() if covered(fact, looked) != (rows[key].covered_at is not None)]
        mark([windows.session(key) for key in others], why=Why.COVERAGE)
        for day, people in _judged_otherwise({key: fact for key, fact in facts.items() if key not in others}, looked).items():
            person_days_publish(site=site, days=[day], people=people, why=COVERAGE, now=now)


def _near(site: Site, hour: datetime, now: datetime) -> QuerySet[Session]:
    """The sessions that have begun and whose coverage this hour is part of."""
    day = hour.date()
    found = Session.objects.filter(
        site=site, cancelled_at__isnull=True, local_date__range=(day - A_SESSION_AT_MOST, day + A_SESSION_AT_MOST)
    )
    return found.filter(window_begins_at__lt=min(hour + HOUR, now), ends_at__gt=hour)


def _judged_otherwise(facts: Mapping[int, SessionFact], looked: Looked) -> dict[date, set[int]]:
    """Who came late or left early, of whom it was certain that nobody had missed them before, or was not, and is otherwise now."""
    found: dict[date, set[int]] = {}
    rows = AttendanceRecord.objects.filter(Q(late_by_s__gt=0) | Q(left_early_by_s__gt=0), session__in=facts, gone_at__isnull=True)
    rows = rows.exclude(method=Method.MANUAL.value)
    for row in rows.only("person", "session", "first_in", "last_out", "late_by_s", "left_early_by_s", "late_uncertain", "early_uncertain"):
        fact = facts[row.session_id]
        late = row.late_by_s and row.first_in is not None and entrance_missed(fact, looked, row.first_in) != row.late_uncertain
        early = row.left_early_by_s and row.last_out is not None and exit_missed(fact, looked, row.last_out) != row.early_uncertain
        if late or early:
            found.setdefault(fact.local_date, set()).add(row.person_id)
    return found
