"""Reading attendance, as far as the caller may see."""

from datetime import datetime
from typing import TypeVar

from django.db.models import Q, QuerySet

from server.attendance.models import AttendanceRecord, Derivation, OpenDayRecord, VisitRow
from server.core.permissions import Scope
from server.people.selectors import people_visible
from server.sites.days import local_day
from server.sites.models import Site

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
