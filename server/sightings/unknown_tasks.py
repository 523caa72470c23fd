"""What the worker does for groups of unknown passes; it may run twice."""

from django.utils import timezone
from django_q.tasks import async_task

from server.sightings.unknown_groups import groups_update
from server.sightings.unknown_update import NEW_AT_ONCE

GROUP = "server.sightings.unknown_tasks.group_unknown"


def group_unknown() -> int:
    """Scheduled, asked for by staff, and asked for again as long as there is more. Returns how many passes found a group."""
    grouped = groups_update(now=timezone.now())
    if grouped == NEW_AT_ONCE:
        async_task(GROUP)
    return grouped
