"""The "as of" of a report: until when everybody who passed the doors of its sites is known of."""

from collections.abc import Iterable
from datetime import datetime

from server.nodes.selectors import mounted_now
from server.sightings.coverage import synced_through
from server.sites.models import Door, Site

SAID = 3
"""So many doors are named, those behind first."""


def as_of(sites: Iterable[Site], *, now: datetime) -> tuple[str, ...]:
    """A line per site with cameras."""
    wanted = {site.pk: site for site in sites}
    doors = list(Door.objects.filter(site__in=wanted, pk__in=mounted_now(now).values("door")).order_by("name"))
    known = synced_through(doors=[door.pk for door in doors], now=now) if doors else {}
    return tuple(_line(site, [(door, known.get(door.pk)) for door in doors if door.site_id == site.pk]) for site in wanted.values())


def generated(sites: Iterable[Site], *, now: datetime) -> str:
    """When it was made, on the clock of the site if there is one site."""
    zones = {site.time_zone: site.zone for site in sites}
    local = now.astimezone(next(iter(zones.values()))) if len(zones) == 1 else now
    return f"Made {local:%d %b %Y %H:%M} {local.tzname()}"


def _line(site: Site, known: list[tuple[Door, datetime | None]]) -> str:
    if not known:
        return f"As of now, {site.name}: no door has a camera."
    behind = sorted(known, key=lambda told: (told[1] is not None, told[1] or datetime.min.replace(tzinfo=site.zone)))
    told = "; ".join(f"{door.name} {_moment(at, site)}" for door, at in behind[:SAID])
    more = f"; {len(behind) - SAID} more later" if len(behind) > SAID else ""
    return f"As of, {site.name}: {told}{more}."


def _moment(at: datetime | None, site: Site) -> str:
    return "is not known for a week or longer" if at is None else f"is known until {at.astimezone(site.zone):%d %b %H:%M}"
