"""Writes about where nodes hang. A mount decides at which door a record was seen, so its days are derived anew."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from server.nodes.clocks import TIMES
from server.nodes.models import Mount
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.recompute.windows import site_days
from server.sites.days import local_day

_Span = tuple[datetime, datetime | None]


def mount_save(mount: Mount) -> Mount:
    """Check, store, and have the node's sightings placed anew, and the days derived on which another node hung at a door than before."""
    with transaction.atomic():
        before = Mount.objects.select_for_update(of=("self",)).filter(pk=mount.pk).select_related("door__site").first()
        mount.full_clean()
        mount.save()
        mark(_windows(before, mount), why=Why.PLACE)
    return mount


def mount_delete(mount: Mount) -> None:
    """Take the mount away as if it had never been, and have the node's sightings placed anew."""
    with transaction.atomic():
        mark(_windows(mount, None), why=Why.PLACE)
        mount.delete()


def _windows(before: Mount | None, after: Mount | None) -> set[Window]:
    marked = {Window(TIMES, f"{mount.node_id}:*:*") for mount in (before, after) if mount is not None}
    if before is not None and after is not None and (before.node_id, before.door_id) == (after.node_id, after.door_id):
        return marked | _days(after, _changed(before, after))
    for mount in (before, after):
        if mount is not None:
            marked |= _days(mount, [(mount.valid_from, mount.valid_until)])
    return marked


def _changed(before: Mount, after: Mount) -> list[_Span]:
    """The times in which it hung there by only one of the two."""
    spans: list[_Span] = []
    if before.valid_from != after.valid_from:
        spans.append((min(before.valid_from, after.valid_from), max(before.valid_from, after.valid_from)))
    ends = sorted(end for end in (before.valid_until, after.valid_until) if end is not None)
    if before.valid_until != after.valid_until:
        spans.append((ends[0], ends[1] if len(ends) > 1 else None))
    return spans


def _days(mount: Mount, spans: Iterable[_Span]) -> set[Window]:
    site = mount.door.site
    return {
        site_days(
            site=site.pk,
            first=local_day(begins, site.zone, site.day_cut),
            last=None if ends is None else local_day(ends, site.zone, site.day_cut),
        )
        for begins, ends in spans
    }
