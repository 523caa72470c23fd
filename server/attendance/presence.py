"""Who is in now: where everybody was last seen today, and until when every door has told who passed.

Read from the passes themselves, not from what is derived of them, so it is as fresh as what the doors told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from server.attendance.correction_models import ManualPass
from server.attendance.facts_of import BY_HAND, merged_people, merged_to
from server.attendance.rules.facts import Way
from server.core.permissions import Scope
from server.nodes.models import Mount
from server.people.models import Person
from server.people.selectors import people_visible
from server.sightings.coverage import synced_through
from server.sightings.models import Sighting
from server.sites.days import day_begins, local_day
from server.sites.models import Door, Site

SHOWN = ("uuid", "name", "number")
"""What whoever asks who is in needs to know of a person."""
SILENT_AFTER = timedelta(minutes=15)
"""A door that has told nothing for so long may have been passed by people of whom nobody knows yet."""


@dataclass(frozen=True, slots=True)
class DoorNow:
    """A door with a camera, and until when everybody who passed it is known of; None: not for a week."""

    door: Door
    as_of: datetime | None
    is_silent: bool
    """It has not been heard for a while."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody was last seen on the local day of that door's site, and which way they went: by a camera, or by hand."""

    person: Person
    door: Door
    at: datetime
    way: Way

    @property
    def is_in(self) -> bool:
        """In is who was last seen at a door that does not lead out."""
        return self.way is not Way.OUT


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody on a muster list. `uncertain`: since they were last seen they may have gone the other way at a door that is silent."""

    whereabouts: Whereabouts
    uncertain: bool

    @property
    def is_in(self) -> bool:
        return self.whereabouts.is_in


@dataclass(frozen=True, slots=True)
class Muster:
    """Who has to be looked for at a site: everybody who is in, and who is out as far as the doors told but may have come back."""

    site: Site
    at: datetime
    people: tuple[Here, ...]
    """By name."""
    doors: tuple[DoorNow, ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is in, and until when each door is known."""

    at: datetime
    doors: Sequence[DoorNow]
    people: Sequence[Whereabouts]


class _Passed(NamedTuple):
    """A pass, in order."""

    at: datetime
    id: str
    door: int
    way: str


def present(*, user: object, scope: Scope, now: datetime) -> list[Whereabouts]:
    """Who is in now, as far as the caller may see; last seen first."""
    return [somebody for somebody in whereabouts(user=user, scope=scope, now=now) if somebody.is_in]


def whereabouts(*, user: object, scope: Scope, now: datetime) -> list[Whereabouts]:
    """Where everybody was last seen today, as far as the caller may see; last seen first.

    One person is in at one site at most. Passes count by the time they were captured, so a node that delivers late brings nobody back.
    """
    doors = {door.pk: door for door in Door.objects.select_related("site")}
    begun = {site.pk: _day_began(site, now) for site in {door.site for door in doors.values()}}
    if not begun:
        return []
    last = _last_passes(doors, since=min(begun.values()), now=now)
    today = {person: passed for person, passed in last.items() if passed.at >= begun[doors[passed.door].site_id]}
    people = people_visible(user=user, scope=scope).only(*SHOWN).in_bulk(list(today)) if scope is not Scope.NONE else {}
    found = [Whereabouts(people[key], doors[passed.door], passed.at, Way(passed.way)) for key, passed in today.items() if key in people]
    return sorted(found, key=lambda one: (one.at, one.person.pk), reverse=True)


def muster(*, site: Site, user: object, scope: Scope, now: datetime) -> Muster:
    """Everybody who is in at the site or may be, as far as the caller may see, and the doors that say so."""
    doors = doors_now([site], now=now)
    silent = [one.door for one in doors if one.is_silent]
    left_unseen = any(door.direction != Way.IN for door in silent)
    came_unseen = any(door.direction != Way.OUT for door in silent)
    here = [one for one in whereabouts(user=user, scope=scope, now=now) if one.door.site_id == site.pk]
    listed = [Here(one, left_unseen if one.is_in else True) for one in here if one.is_in or came_unseen]
    return Muster(site, now, tuple(sorted(listed, key=lambda one: (one.whereabouts.person.name, one.whereabouts.person.pk))), tuple(doors))


def doors_now(sites: Iterable[Site], *, now: datetime) -> list[DoorNow]:
    """The doors of these sites at which a node hangs now, with their "as of", by name."""
    hanging = Mount.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now)
    in_use = Q(used_until__isnull=True) | Q(used_until__gt=now)
    found = list(Door.objects.filter(in_use, site__in=list(sites), pk__in=hanging.values("door")).select_related("site"))
    through = synced_through(doors=[door.pk for door in found], now=now)
    return [DoorNow(door, through[door.pk], _is_silent(through[door.pk], now)) for door in found]


def _is_silent(as_of: datetime | None, now: datetime) -> bool:
    return as_of is None or as_of < now - SILENT_AFTER


def _day_began(site: Site, now: datetime) -> datetime:
    return day_begins(local_day(now, site.zone, site.day_cut), site.zone, site.day_cut)


def _last_passes(doors: Mapping[int, Door], *, since: datetime, now: datetime) -> dict[int, _Passed]:
    """By whom they count for: the last pass since then, of known time, at any door."""
    merged = merged_people()
    last: dict[int, _Passed] = {}
    for person, passed in [*_sighted(doors, since, now), *_by_hand(since, now)]:
        whose = merged_to(person, merged)
        last[whose] = max(passed, last.get(whose, passed))
    return last


def _sighted(doors: Mapping[int, Door], since: datetime, now: datetime) -> list[tuple[int, _Passed]]:
    rows = Sighting.objects.filter(
        captured_at__gte=since, captured_at__lte=now, counts_for__isnull=False, time_known=True, door__isnull=False
    )
    newest = rows.order_by("counts_for", "-captured_at", "-uuid").distinct("counts_for")
    return [
        (person, _Passed(at, str(uuid), door, doors[door].direction))
        for person, at, uuid, door in newest.values_list("counts_for", "captured_at", "uuid", "door")
        if person is not None and door is not None
    ]


def _by_hand(since: datetime, now: datetime) -> Sequence[tuple[int, _Passed]]:
    rows = ManualPass.objects.filter(at__gte=since, at__lte=now, undone_at__isnull=True).order_by()
    return [
        (person, _Passed(at, f"{BY_HAND}{uuid}", door, way))
        for person, at, uuid, door, way in rows.values_list("person", "at", "uuid", "door", "way")
    ]
