"""Which windows of attendance rest on what is known of how doors were looked at."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Min

from server.nodes.models import Mount, Node
from server.recompute import windows
from server.recompute.services import Window
from server.sightings.coverage_spans import Span, union, within
from server.sightings.models import Observation
from server.sites.days import local_day

_HOUR = timedelta(hours=1)
_MOST_HOURS = 48
"""Of longer times the days are marked, not the hours."""
_LONG = timedelta(days=1)


def windows_covered(node: Node, spans: Iterable[Span], mounts: Sequence[Mount]) -> set[Window]:
    """What is to be derived again when something else is known of the node in these times."""
    told = [part for span in union(spans) for part in _looked(node, span)]
    marked: set[Window] = set()
    for mount in mounts:
        last = max((ends for _, ends in told), default=mount.valid_from)
        for begins, ends in within(told, mount.valid_from, mount.valid_until or last):
            marked |= _windows(mount, begins, ends)
    return marked


def _looked(node: Node, span: Span) -> list[Span]:
    """Of a long time, the part of which the node tells anything at all."""
    if span[1] - span[0] <= _LONG:
        return [span]
    looks = Observation.objects.filter(node=node, ends_at__gt=span[0], begins_at__lt=span[1])
    told = looks.aggregate(first=Min("begins_at"), last=Max("ends_at"))
    return [] if told["first"] is None else within([span], told["first"], told["last"])


def _windows(mount: Mount, begins: datetime, ends: datetime) -> set[Window]:
    site = mount.door.site
    first = begins.replace(minute=0, second=0, microsecond=0)
    hours = -(-(ends - first) // _HOUR)
    if hours > _MOST_HOURS:
        days = (local_day(at, site.zone, site.day_cut) for at in (begins, ends))
        return {windows.site_days(site=site.pk, first=next(days), last=next(days))}
    return {windows.coverage(door=mount.door_id, hour=first + number * _HOUR) for number in range(hours)}
