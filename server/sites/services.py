"""Writing sites and doors. What they say about time and place is in every record, so a change marks the days it can influence."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.module_loading import import_string

from server.core.errors import Conflict
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.sites.days import local_day
from server.sites.models import Door, Site


def site_save(*, site: Site, by: AbstractBaseUser | None, now: datetime) -> Site:
    """Keep a site as it is filled in. With another time zone its schedules mean other moments from today on.

    Raises Conflict where sessions of one group would then lie over each other.
    """
    with transaction.atomic():
        before = Site.objects.select_for_update().filter(pk=site.pk).first()
        site.save()
        if before is not None and (before.time_zone, before.day_cut) != (site.time_zone, site.day_cut):
            mark([windows.site_days(site=site.pk, first=None, last=None)], why=Why.RULE)
        if before is not None and before.time_zone != site.time_zone:
            import_string(settings.SITE_CLOCK_CHANGED)(site=site, by=by, now=now)
    return site


def door_save(*, door: Door) -> Door:
    """Keep a door as it is filled in."""
    with transaction.atomic():
        before = Door.objects.select_for_update(of=("self",)).select_related("site").filter(pk=door.pk).first()
        door.save()
        if before is not None:
            mark(_touched(before, door), why=Why.PLACE)
    return door


def door_delete(*, door: Door) -> None:
    """Remove a door that nothing names. Raises Conflict where a timetable or an area does: without doors of its own it would mean all."""
    with transaction.atomic():
        for relation in Door._meta.related_objects:  # noqa: SLF001 (Django's documented name; what names doors lies above this app)
            if relation.many_to_many and getattr(door, str(relation.get_accessor_name())).exists():
                raise Conflict("door_in_use", f"{door.name} is named by {relation.name}; take it out there, or set used_until instead.")
        door.delete()


def _touched(before: Door, after: Door) -> list[Window]:
    """The days on which the door is another one now."""
    if (before.site_id, before.direction) != (after.site_id, after.direction):
        return [windows.site_days(site=site, first=None, last=None) for site in {before.site_id, after.site_id}]
    begins, ends = (before.used_from, after.used_from), (before.used_until, after.used_until)
    changed = [pair for pair in (begins, ends) if pair[0] != pair[1]]
    if not changed:
        return []
    open_before = begins in changed and None in begins
    open_after = ends in changed and None in ends
    moments = [at for pair in changed for at in pair if at is not None]
    days = [local_day(at, after.site.zone, after.site.day_cut) for at in (min(moments), max(moments))]
    return [windows.site_days(site=after.site_id, first=None if open_before else days[0], last=None if open_after else days[1])]
