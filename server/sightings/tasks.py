"""Background work on sightings; every task may run twice."""

from dataclasses import dataclass
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
from server.recompute.why import Why
from server.sightings import rows, services
from server.sightings.boot_rows import NEIGHBOURS, clocks_of, resting_on
from server.sightings.coverage_again import looks_again
from server.sightings.models import Sighting
from server.sightings.second_look_runs import BATCH, run_advance
from server.sightings.times import captured

CHUNK = 500
SECOND_LOOK_BATCHES = 20
LOOK_AGAIN = "server.sightings.tasks.look_again"
FIELDS = ("earliest_at", "latest_at", "captured_at", "uncertainty_ms", "time_known", "door")


def derive_times(key: str, why: frozenset[str]) -> None:
    """Derive times and doors anew. `key`: node:boot:hour – a star stands for every boot or hour; or node:boot:neighbours."""
    node_id, boot, hour = key.split(":")
    node = Node.objects.filter(pk=int(node_id)).first()
    if node is None:
        return
    cause = Why.PLACE if Why.PLACE in why else Why.CLOCK
    rest = Q() if boot == "*" else Q(boot_id__in=resting_on(node, UUID(boot)))
    _sightings_again(node, _about(boot, hour, _SIGHTINGS) | rest, cause)
    looks_again(node, _about(boot, hour, _LOOKS) | rest)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where rows keep the boot clock's readings, and how those are found of which only bounds are known."""

    begins: str
    ends: str
    unknown: Q


_SIGHTINGS = _Columns("boot_ns", "boot_ns", Q(time_known=False))
_LOOKS = _Columns("from_boot_ns", "until_boot_ns", Q(ends_at__isnull=True))


def _about(boot: str, hour: str, columns: _Columns) -> Q:
    """What lies near this hour of the boot, and what of it has a time that nobody knows yet."""
    if boot == "*":
        return Q()
    if hour == NEIGHBOURS:
        return Q(boot_id=UUID(boot)) & columns.unknown
    if hour == "*":
        return Q(boot_id=UUID(boot))
    first, last = max(0, int(hour) - 1) * HOUR_NS, min((int(hour) + 2) * HOUR_NS, 2**63 - 1)
    near = Q(**{f"{columns.ends}__gte": first, f"{columns.begins}__lt": last})
    return Q(boot_id=UUID(boot)) & (columns.unknown | near)


def _sightings_again(node: Node, about: Q, why: Why) -> None:
    last = 0
    while chunk := list(Sighting.objects.filter(about, node=node, pk__gt=last).select_related("door__site").order_by("pk")[:CHUNK]):
        last = chunk[-1].pk
        _derive_again(node, chunk, why)


def _derive_again(node: Node, sightings: list[Sighting], why: Why) -> None:
    mounts = services.mounts_of(node)
    since = rows.there_since(node, mounts)
    clocks = clocks_of(node, {sighting.boot_id for sighting in sightings})
    windows = services.windows_of(sightings)
    changed = []
    for sighting in sightings:
        before = [getattr(sighting, name) for name in FIELDS]
        when = captured(sighting, clocks[sighting.boot_id], since=since, received_at=sighting.received_at)
        sighting.earliest_at, sighting.latest_at = when.earliest, when.latest
        sighting.captured_at, sighting.uncertainty_ms, sighting.time_known = when.at, when.uncertainty_ms, when.known
        sighting.door = rows.door_at(mounts, when)
        if before != [getattr(sighting, name) for name in FIELDS]:
            changed.append(sighting)
    if changed:
        with transaction.atomic():
            _read_attribution(changed)
            Sighting.objects.bulk_update(changed, FIELDS)
            mark(windows | services.windows_of(changed), why=why)


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
