"""What the pages show, put together for one account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, QuerySet, Subquery

from server.attendance.models import OpenDayRecord
from server.attendance.selectors import open_days_visible, seen_today
from server.core.permissions import Resource, Verb, scope_for
from server.nodes.models import Mount, Node
from server.people.models import Person
from server.people.selectors import people_visible, with_sample_counts
from server.sightings.models import CropState, Outcome, Sighting
from server.sightings.selectors import sightings_visible
from server.sites.models import Door, Site

LATEST = 12
NOT_NAMED = 8
SILENT_AFTER = timedelta(minutes=3)
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting as a page shows it; `at` is in the zone of its site."""

    sighting: Sighting
    at: datetime
    has_crop: bool
    may_see_crop: bool


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who was seen today; times are in the zone of the site."""

    day: OpenDayRecord
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class DoorNow:
    """How up to date a door is: when its node last spoke."""

    door: Door
    node: Node
    heard: datetime | None
    silent: bool


@dataclass(frozen=True, slots=True)
class Today:
    """Everything on the Today page."""

    at: datetime
    present: list[Present]
    latest: list[Seen]
    not_named: list[Seen]
    doors: list[DoorNow]
    nodes: int
    enrolled: int


def today(*, user: object, now: datetime) -> Today:
    """What this account may see of today."""
    visible = sightings_visible(user=user, scope=scope_for(user, Resource.SIGHTINGS, Verb.VIEW)).filter(
        captured_at__gte=now - timedelta(days=1)
    )
    crops = scope_for(user, Resource.CROPS, Verb.VIEW)
    shown = sightings_visible(user=user, scope=crops).filter(captured_at__gte=now - timedelta(days=1))
    return Today(
        at=now.astimezone(first_zone()),
        present=_present(user, now),
        latest=_seen(visible.filter(outcome=Outcome.MATCH)[:LATEST], shown),
        not_named=_seen(visible.exclude(outcome=Outcome.MATCH)[:NOT_NAMED], shown),
        doors=doors_now(now),
        nodes=Node.objects.filter(revoked_at__isnull=True).count(),
        enrolled=Person.objects.filter(templates__isnull=False).distinct().count(),
    )


def first_zone() -> ZoneInfo:
    """The zone of a page that speaks of no site in particular."""
    site = Site.objects.order_by("id").first()
    return UTC_ZONE if site is None else site.zone


def _present(user: object, now: datetime) -> list[Present]:
    days = open_days_visible(user=user, scope=scope_for(user, Resource.PRESENCE, Verb.VIEW))
    rows = seen_today(days, now=now).order_by("-last_seen")
    return [Present(day, day.first_seen.astimezone(day.site.zone), day.last_seen.astimezone(day.site.zone)) for day in rows]


def _seen(sightings: Iterable[Sighting], shown: QuerySet[Sighting]) -> list[Seen]:
    found = list(sightings)
    allowed = set(shown.filter(pk__in=[sighting.pk for sighting in found]).values_list("pk", flat=True))
    return [Seen(sighting, _local(sighting), _has_crop(sighting), sighting.pk in allowed) for sighting in found]


def _has_crop(sighting: Sighting) -> bool:
    crop = getattr(sighting, "crop", None)
    return crop is not None and crop.state == CropState.STORED


def _local(sighting: Sighting) -> datetime:
    zone = UTC_ZONE if sighting.door is None else sighting.door.site.zone
    return sighting.captured_at.astimezone(zone)


def doors_now(now: datetime) -> list[DoorNow]:
    """Doors with a node, and when it last spoke, in the door's own zone."""
    mounts = Mount.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now, node__revoked_at__isnull=True)
    return [
        DoorNow(
            mount.door,
            mount.node,
            mount.node.last_heartbeat_at and mount.node.last_heartbeat_at.astimezone(mount.door.site.zone),
            is_silent(mount.node, now),
        )
        for mount in mounts.select_related("door__site", "node").order_by("door__site__name", "door__name")
    ]


def is_silent(node: Node, now: datetime) -> bool:
    return node.last_heartbeat_at is None or now - node.last_heartbeat_at > SILENT_AFTER


def people_rows(*, user: object, search: str) -> QuerySet[Person]:
    """People with their samples and when they were last seen, by name."""
    people = with_sample_counts(people_visible(user=user, scope=scope_for(user, Resource.PEOPLE, Verb.VIEW)))
    if search:
        people = people.filter(Q(name__icontains=search) | Q(number__icontains=search))
    # A subquery: joined sightings would multiply the samples that are counted.
    newest = Sighting.objects.filter(person=OuterRef("pk")).order_by("-captured_at").values("captured_at")[:1]
    return people.annotate(last_seen=Subquery(newest)).order_by("name", "id")
