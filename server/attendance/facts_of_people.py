"""Whom days at a site concern: who is expected, who passed, and of whom something is published."""

from datetime import date

from django.db.models import Q, QuerySet

from server.attendance.correction_models import ManualPass
from server.attendance.facts_of import merged_people, merged_to
from server.attendance.facts_of_site import SiteGround
from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.seal_models import Discrepancy, DiscrepancyState
from server.people.models import Membership
from server.sightings.models import Sighting
from server.sites.days import day_bounds


def everybody(ground: SiteGround) -> set[int]:
    """Everybody who may have a record on one of these days, or has one."""
    first, last = ground.days[0].day, ground.days[-1].day
    return expected(ground, first, last) | _seen(ground, first, last) | _published(ground, first, last)


def expected(ground: SiteGround, first: date, last: date) -> set[int]:
    """The members of the groups that have sessions on these local dates."""
    groups = {fact.group for fact in ground.facts.values() if first <= fact.local_date <= last}
    return set(members(groups, first, last).values_list("person", flat=True))


def members(groups: set[int], first: date, last: date) -> QuerySet[Membership]:
    """Who belongs to one of these groups on one of these days."""
    return Membership.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=first), group__in=groups, valid_from__lte=last
    ).order_by()


def _seen(ground: SiteGround, first: date, last: date) -> set[int]:
    """Whom passes of these days count for."""
    begins_at, ends_at = (day_bounds(day, ground.site.zone, ground.site.day_cut)[side] for side, day in enumerate((first, last)))
    sightings = Sighting.objects.filter(
        door__in=ground.ways, captured_at__gte=begins_at, captured_at__lt=ends_at, time_known=True, counts_for__isnull=False
    )
    by_hand = ManualPass.objects.filter(door__in=ground.ways, at__gte=begins_at, at__lt=ends_at, undone_at__isnull=True)
    found = set(sightings.order_by().values_list("counts_for", flat=True).distinct())
    found |= set(by_hand.order_by().values_list("person", flat=True).distinct())
    merged = merged_people()
    return {merged_to(person, merged) for person in found if person is not None}


def _published(ground: SiteGround, first: date, last: date) -> set[int]:
    """Of whom there is a record, or a record that should be none."""
    days, site = (first, last), ground.site
    found: set[int] = set()
    for rows in (
        AttendanceRecord.objects.filter(session__site=site, gone_at__isnull=True),
        VisitRow.objects.filter(area__site=site, gone_at__isnull=True),
        OpenDayRecord.objects.filter(site=site, gone_at__isnull=True),
        Discrepancy.objects.filter(site=site).exclude(state=DiscrepancyState.GONE),
    ):
        found |= set(rows.filter(local_date__range=days).order_by().values_list("person", flat=True).distinct())
    return found
