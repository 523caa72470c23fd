"""Reading attendance, as far as the caller may see."""

from datetime import datetime
from typing import TypeVar

from django.db.models import BooleanField, Case, F, OuterRef, Q, QuerySet, Subquery, Value, When

from server.attendance.models import AttendanceRecord, Derivation, OpenDayRecord, VisitRow
from server.core.permissions import Scope
from server.people.selectors import people_visible
from server.sightings.models import Sighting
from server.sites.days import local_day
from server.sites.models import Direction, Site

_R = TypeVar("_R", bound=Derivation)


def attendance_visible(*, user: object, scope: Scope, gone: bool = False) -> QuerySet[AttendanceRecord]:
    """Records of sessions: everybody's, or those of the people the caller may see. `gone`: with those that are derived no more."""
    found = AttendanceRecord.objects.select_related("person", "session__site", "session__group")
    return _visible(found, user=user, scope=scope, gone=gone)


def open_days_visible(*, user: object, scope: Scope, gone: bool = False) -> QuerySet[OpenDayRecord]:
    """Open days: everybody's, or those of the people the caller may see. `gone`: with those that are derived no more."""
    return _visible(OpenDayRecord.objects.select_related("person", "site"), user=user, scope=scope, gone=gone)


def visits_visible(*, user: object, scope: Scope, gone: bool = False) -> QuerySet[VisitRow]:
    """Visits: everybody's, or those of the people the caller may see. `gone`: with those that are derived no more."""
    return _visible(VisitRow.objects.select_related("person", "area__site"), user=user, scope=scope, gone=gone)


def _visible(found: QuerySet[_R], *, user: object, scope: Scope, gone: bool) -> QuerySet[_R]:
    if scope is Scope.NONE:
        return found.none()
    if not gone:
        found = found.filter(gone_at__isnull=True)
    return found if scope is Scope.ALL else found.filter(person__in=people_visible(user=user, scope=scope))


def seen_today(open_days: QuerySet[OpenDayRecord], *, now: datetime) -> QuerySet[OpenDayRecord]:
    """Those of the local day that every site is in now."""
    today = Q(pk__in=())
    for site in Site.objects.all():
        today |= Q(site=site, local_date=local_day(now, site.zone, site.day_cut))
    return open_days.filter(today)


def with_presence(open_days: QuerySet[OpenDayRecord], *, now: datetime) -> QuerySet[OpenDayRecord]:
    """Today's open days with `latest_at` and `latest_door` (a name) of the person's latest sighting, and `is_in`.

    Somebody is in where they were sighted last, unless that was at a door for going out. One person is never in at two sites. Sightings
    count by the time they were captured, so a node that delivers late does not bring anybody back; those of unknown time do not count.
    """
    latest = Sighting.objects.filter(
        counts_for=OuterRef("person"),
        time_known=True,
        door__isnull=False,
        captured_at__gte=OuterRef("first_seen"),
    ).order_by("-captured_at", "-record_id")
    annotated = seen_today(open_days, now=now).annotate(
        latest_at=Subquery(latest.values("captured_at")[:1]),
        latest_door=Subquery(latest.values("door__name")[:1]),
        latest_site=Subquery(latest.values("door__site")[:1]),
        latest_direction=Subquery(latest.values("door__direction")[:1]),
    )
    here = Q(latest_site=F("site")) & ~Q(latest_direction=Direction.OUT)
    return annotated.annotate(is_in=Case(When(here, then=Value(value=True)), default=Value(value=False), output_field=BooleanField()))


def in_now(open_days: QuerySet[OpenDayRecord], *, now: datetime) -> QuerySet[OpenDayRecord]:
    """Those of today whose people are in; see `with_presence`."""
    return with_presence(open_days, now=now).filter(Q(is_in=True))
