"""What the pages show, put together for one account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from server.attendance.models import OpenDayRecord
from server.attendance.presence import Whereabouts, whereabouts
from server.attendance.selectors import open_days_visible, seen_today
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.nodes.models import Node
from server.people.models import Person
from server.sightings.models import CropState, Outcome, SecondLook, Sighting
from server.sightings.second_look_selectors import open_second_looks, second_looks_visible
from server.sightings.selectors import sightings_visible
from server.sites.days import local_day
from server.sites.models import Site
from server.web.attendance_rows import SessionCounts, sessions_begun
from server.web.fleet import SiteNow, sites_now

LATEST = 12
NOT_NAMED = 8
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting as a page shows it; times are in the zone of its site. `earliest` and `latest`: it was between them."""

    sighting: Sighting
    at: datetime
    earliest: datetime
    latest: datetime
    has_crop: bool
    may_see_crop: bool
    second_look: UUID | None


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who was sighted today; times are in the zone of the site."""

    day: OpenDayRecord
    first: datetime
    last: datetime
    door: str


@dataclass(frozen=True, slots=True)
class Today:
    """Everything on the Today page. `ends` is the day cut while the day that counts is still yesterday's date."""

    at: datetime
    day: date
    ends: time | None
    zone: str
    present: list[Present]
    gone: list[Present]
    latest: list[Seen]
    not_named: list[Seen]
    sessions: list[SessionCounts]
    sites: list[SiteNow]
    nodes: int
    enrolled: int
    sees_everybody: bool
    second_looks: int


def today(*, user: object, now: datetime) -> Today:
    """What this account may see of today."""
    scope = scope_for(user, Resource.SIGHTINGS, Verb.VIEW)
    visible = sightings_visible(user=user, scope=scope).filter(captured_at__gte=now - timedelta(days=1))
    crops = scope_for(user, Resource.CROPS, Verb.VIEW)
    zone, seen_here = first_zone(), _seen_here(user, now)
    shown = sightings_visible(user=user, scope=crops).filter(captured_at__gte=now - timedelta(days=1))
    open_looks = open_second_looks(second_looks_visible(user=user, scope=scope))
    named = Q(counts_for__isnull=False) | Q(outcome=Outcome.MATCH, person__isnull=True)
    day, ends = _day(now)
    return Today(
        at=now.astimezone(zone),
        day=day,
        ends=ends,
        zone=zone.key,
        present=[_present(day, last) for day, last in seen_here if last.is_in and last.door.site_id == day.site_id],
        gone=[_present(day, last) for day, last in seen_here if not last.is_in or last.door.site_id != day.site_id],
        latest=_seen(visible.filter(named)[:LATEST], shown, open_looks),
        not_named=_seen(visible.exclude(named)[:NOT_NAMED], shown, open_looks),
        sessions=sessions_begun(user=user, now=now),
        sites=sites_now(now),
        nodes=Node.objects.filter(revoked_at__isnull=True).count(),
        enrolled=Person.objects.filter(templates__isnull=False).distinct().count(),
        sees_everybody=scope is Scope.ALL,
        second_looks=open_looks.count(),
    )


def first_zone() -> ZoneInfo:
    """The zone of a page that speaks of no site in particular."""
    site = Site.objects.order_by("id").first()
    return UTC_ZONE if site is None else site.zone


def _day(now: datetime) -> tuple[date, time | None]:
    """The local day of the first site and, when the calendar is a date further already, when that day ends."""
    site = Site.objects.order_by("id").first()
    if site is None:
        return now.date(), None
    day = local_day(now, site.zone, site.day_cut)
    return day, site.day_cut if day != now.astimezone(site.zone).date() else None


def _seen_here(user: object, now: datetime) -> list[tuple[OpenDayRecord, Whereabouts]]:
    """Today's open days with where everybody was seen last, by site, last seen first."""
    scope = scope_for(user, Resource.PRESENCE, Verb.VIEW)
    last = {one.person.pk: one for one in whereabouts(user=user, scope=scope, now=now)}
    days = seen_today(open_days_visible(user=user, scope=scope), now=now).order_by("site__name", "person__name")
    found = [(day, last[day.person_id]) for day in days if day.person_id in last]
    return sorted(sorted(found, key=lambda one: one[1].at, reverse=True), key=lambda one: one[0].site.name)


def _present(day: OpenDayRecord, last: Whereabouts) -> Present:
    zone = day.site.zone
    return Present(day, day.first_seen.astimezone(zone), max(day.last_seen, last.at).astimezone(zone), last.door.name)


def _seen(sightings: Iterable[Sighting], shown: QuerySet[Sighting], open_looks: QuerySet[SecondLook]) -> list[Seen]:
    found = list(sightings)
    keys = [sighting.pk for sighting in found]
    allowed = set(shown.filter(pk__in=keys).values_list("pk", flat=True))
    looks = dict(open_looks.filter(sighting__in=keys).values_list("sighting", "uuid"))
    return [
        Seen(sighting, *_local_times(sighting), _has_crop(sighting), sighting.pk in allowed, looks.get(sighting.pk)) for sighting in found
    ]


def _has_crop(sighting: Sighting) -> bool:
    crop = getattr(sighting, "crop", None)
    return crop is not None and crop.state == CropState.STORED


def _local_times(sighting: Sighting) -> tuple[datetime, datetime, datetime]:
    zone = UTC_ZONE if sighting.door is None else sighting.door.site.zone
    return sighting.captured_at.astimezone(zone), sighting.earliest_at.astimezone(zone), sighting.latest_at.astimezone(zone)
