"""Background work on sightings; every task may run twice."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from server.nodes.clocks import HOUR_NS
from server.nodes.models import Node
from server.recompute.services import mark
from server.sightings import rows, services
from server.sightings.models import Sighting
from server.sightings.second_look_runs import BATCH, run_advance
from server.sightings.times import captured

CHUNK = 500
SECOND_LOOK_BATCHES = 20
LOOK_AGAIN = "server.sightings.tasks.look_again"
FIELDS = ("captured_at", "uncertainty_ms", "time_known", "door")


def derive_times(key: str) -> None:
    """Derive time and door anew. `key`: node:boot:hour – a star stands for every boot or hour."""
    node_id, boot, hour = key.split(":")
    node = Node.objects.filter(pk=int(node_id)).first()
    if node is None:
        return
    about = Q(node=node)
    if boot != "*":
        about &= Q(boot_id=UUID(boot))
    if hour != "*":
        first = max(0, int(hour) - 1) * HOUR_NS
        about &= Q(time_known=False) | Q(boot_ns__gte=first, boot_ns__lt=min((int(hour) + 2) * HOUR_NS, 2**63 - 1))
    last = 0
    while chunk := list(Sighting.objects.filter(about, pk__gt=last).select_related("door__site").order_by("pk")[:CHUNK]):
        last = chunk[-1].pk
        _derive_again(node, chunk)


def _derive_again(node: Node, sightings: list[Sighting]) -> None:
    mounts = services.mounts_of(node)
    offsets = services.offsets_of(node, {sighting.boot_id for sighting in sightings})
    windows = services.windows_of(sightings)
    changed = []
    for sighting in sightings:
        before = [getattr(sighting, name) for name in FIELDS]
        when = captured(sighting, offsets.get(sighting.boot_id, ()), sighting.received_at)
        sighting.captured_at, sighting.uncertainty_ms, sighting.time_known = when.at, when.uncertainty_ms, when.known
        sighting.door = rows.door_at(mounts, when.at)
        if before != [getattr(sighting, name) for name in FIELDS]:
            changed.append(sighting)
    if changed:
        with transaction.atomic():
            _read_attribution(changed)
            Sighting.objects.bulk_update(changed, FIELDS)
            mark(windows | services.windows_of(changed))


def _read_attribution(sightings: list[Sighting]) -> None:
    """Whose attendance they are may have been decided since they were read; from here on it waits for this transaction."""
    locked = Sighting.objects.select_for_update(no_key=True).filter(pk__in=[sighting.pk for sighting in sightings]).order_by("pk")
    counted = dict(locked.values_list("pk", "counts_for"))
    for sighting in sightings:
        sighting.counts_for_id = counted[sighting.pk]


def look_again() -> int:
    """Scheduled, and asked for again as long as there is more: second looks at what the gallery or the bars may now say otherwise."""
    window = timedelta(days=settings.LINTEL_CONFIG.second_look_days)
    done = run_advance(window=window, now=timezone.now(), batches=SECOND_LOOK_BATCHES)
    if done == SECOND_LOOK_BATCHES * BATCH:
        async_task(LOOK_AGAIN)
    return done
