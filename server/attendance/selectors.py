"""Reading attendance, as far as the caller may see."""

from datetime import datetime

from django.db.models import Q, QuerySet

from server.attendance.models import OpenDayRecord
from server.core.permissions import Scope
from server.people.selectors import people_visible
from server.sites.days import local_day
from server.sites.models import Site


def open_days_visible(*, user: object, scope: Scope) -> QuerySet[OpenDayRecord]:
    """Everybody's, or those of the people the caller may see."""
    found = OpenDayRecord.objects.select_related("person", "site")
    if scope is Scope.ALL:
        return found
    if scope is Scope.NONE:
        return found.none()
    return found.filter(person__in=people_visible(user=user, scope=scope))


def seen_today(open_days: QuerySet[OpenDayRecord], *, now: datetime) -> QuerySet[OpenDayRecord]:
    """Those of the local day that every site is in now."""
    today = Q(pk__in=())
    for site in Site.objects.all():
        today |= Q(site=site, local_date=local_day(now, site.zone, site.day_cut))
    return open_days.filter(today)
