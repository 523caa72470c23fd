"""The times of observations derived anew, and with them what is missing between them."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from server.nodes.models import Mount, Node
from server.recompute.services import mark
from server.recompute.why import Why
from server.sightings import rows
from server.sightings.boot_rows import clocks_of
from server.sightings.coverage_missing import bounds_renew
from server.sightings.coverage_spans import Span
from server.sightings.coverage_times import times_of
from server.sightings.coverage_windows import windows_covered
from server.sightings.models import Observation
from shared_schema import observation as wire

CHUNK = 500
_TIMES = ("begins_at", "ends_at", "uncertainty_ms")


def looks_again(node: Node, about: Q) -> None:
    """Derive the times of these observations of a node anew, and mark the hours of which something else is known then."""
    last = 0
    while chunk := list(Observation.objects.filter(about, node=node, pk__gt=last).select_related("record").order_by("pk")[:CHUNK]):
        last = chunk[-1].pk
        with transaction.atomic():
            Node.objects.select_for_update(no_key=True).get(pk=node.pk)
            _derive_again(node, chunk)


def _derive_again(node: Node, looks: list[Observation]) -> None:
    mounts = list(Mount.objects.filter(node=node).select_related("door__site"))
    since = rows.there_since(node, mounts)
    clocks = clocks_of(node, {look.boot_id for look in looks})
    changed, spans = [], []
    for look in looks:
        said = wire.Observation.model_validate_json(bytes(look.record.payload))
        when = times_of(said, clocks[look.boot_id], since=since, received_at=look.record.received_at)
        if (look.begins_at, look.ends_at, look.uncertainty_ms) != (when.begins_at, when.ends_at, when.uncertainty_ms):
            spans += _known(look.begins_at, look.ends_at) + _known(when.begins_at, when.ends_at)
            look.begins_at, look.ends_at, look.uncertainty_ms = when.begins_at, when.ends_at, when.uncertainty_ms
            changed.append(look)
    if changed:
        Observation.objects.bulk_update(changed, _TIMES)
        keys = [(look.epoch, look.seq) for look in changed]
        mark(windows_covered(node, [*spans, *bounds_renew(node, min(keys), max(keys))], mounts), why=Why.COVERAGE)


def _known(begins_at: datetime | None, ends_at: datetime | None) -> list[Span]:
    return [] if begins_at is None or ends_at is None else [(begins_at, ends_at)]
