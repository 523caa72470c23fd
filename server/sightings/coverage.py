"""How a door was looked at: from when until when for certain, with everything that was seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet, RowRange, Subquery, Window
from django.db.models.functions import Coalesce, Lag, Lead, Least

from server.nodes.models import Mount
from server.sightings.coverage_models import MissingRange
from server.sightings.coverage_spans import Look, Span, certain, union, within
from server.sightings.models import Observation
from server.sightings.times import KNOWN_WITHIN_NS

_AROUND = timedelta(microseconds=KNOWN_WITHIN_NS // 1000)
"""What ends so long before a moment says nothing of the width of a stretch that covers it."""
_LONGEST = timedelta(days=1)
"""An observation that lasts longer, because nothing could be recorded, was blind for that."""
_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""Where nothing was covered lately, it is looked for so far back from the last observation."""

_IN_ORDER = ("boot_id", "from_boot_ns", "until_boot_ns", "epoch")
_SAID = ("from_boot_ns", "until_boot_ns", "begins_at", "ends_at", "uncertainty_ms", "starts", "ends", "doubtful")


@dataclass(frozen=True, slots=True, order=True)
class DoorCover:
    """The door was looked at all the time in this interval, and everything that was seen in it has arrived."""

    door: int
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class _Hung:
    """A node at a door, in a part of the time that is asked for."""

    door: int
    node: int
    begins_at: datetime
    ends_at: datetime


def covered(*, doors: Iterable[int], begins_at: datetime, ends_at: datetime) -> list[DoorCover]:
    """When each door was covered in this time, in order. Three queries, whatever the number of doors."""
    hung = _hung(doors, begins_at, ends_at)
    nodes = {one.node for one in hung}
    looks, holes = _looks(nodes, begins_at, ends_at), _holes(nodes, begins_at, ends_at)
    seen = {node: certain(looks[node], holes.get(node, ())) for node in looks}
    spans: dict[int, list[Span]] = {}
    for one in hung:
        spans.setdefault(one.door, []).extend(within(seen.get(one.node, ()), one.begins_at, one.ends_at))
    return [DoorCover(door, begins, ends) for door in sorted(spans) for begins, ends in union(spans[door])]


def synced_through(*, doors: Iterable[int], now: datetime) -> dict[int, datetime | None]:
    """Until when everybody who passed each door is known of: the end of its coverage that reaches furthest. None: not for a week.

    The number of queries does not grow with the number of doors, but with that of the weeks in which one of them fell silent.
    """
    wanted = set(doors)
    through: dict[int, datetime | None] = dict.fromkeys(wanted)
    through |= _ends(covered(doors=wanted, begins_at=now - _BACK[0], ends_at=now))
    silent: dict[int, dict[int, datetime]] = {}
    unknown = {door for door, at in through.items() if at is None}
    for door, last in (_last_looks(unknown, now) if unknown else {}).items():
        silent.setdefault(last.toordinal() // 7, {})[door] = last
    for lasts in silent.values():
        for back in _BACK:
            left = {door: last for door, last in lasts.items() if through[door] is None}
            if left:
                through |= _ends(covered(doors=left, begins_at=min(left.values()) - back, ends_at=max(left.values())))
    return through


def _ends(covers: Iterable[DoorCover]) -> dict[int, datetime]:
    return {cover.door: cover.ends_at for cover in covers}


def _hung(doors: Iterable[int], begins_at: datetime, ends_at: datetime) -> list[_Hung]:
    mounts = Mount.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=begins_at), door__in=set(doors), valid_from__lt=ends_at)
    return [
        _Hung(door, node, max(since, begins_at), ends_at if until is None else min(until, ends_at))
        for door, node, since, until in mounts.values_list("door", "node", "valid_from", "valid_until")
    ]


def _looks(nodes: Iterable[int], begins_at: datetime, ends_at: datetime) -> Mapping[int, Sequence[Look]]:
    """The looks that matter of each node, in the order of their boot clocks: at the ends of stretches, doubtful or blind."""
    found: dict[int, list[Look]] = {}
    for row in _edges(nodes, begins_at, ends_at).order_by("node", *_IN_ORDER).values("node", "blind", *_SAID):
        node, blind = row.pop("node"), row.pop("blind")
        dark = tuple((one["from_boot_ns"], one["until_boot_ns"]) for one in blind)
        found.setdefault(node, []).append(Look(**row, blind=dark))
    return found


def _edges(nodes: Iterable[int], begins_at: datetime, ends_at: datetime) -> QuerySet[Observation]:
    looks = Observation.objects.filter(
        node__in=nodes, ends_at__gt=begins_at - _AROUND, ends_at__lt=ends_at + _LONGEST, begins_at__lt=ends_at + _AROUND
    ).annotate(
        reached_before=_over(Max("until_boot_ns"), RowRange(None, -1)),
        reached=_over(Max("until_boot_ns"), RowRange(None, 0)),
        epoch_before=_over(Lag("epoch")),
        from_after=_over(Lead("from_boot_ns")),
    )
    apart = Q(reached_before__isnull=True) | Q(from_boot_ns__gt=F("reached_before"))
    last = Q(from_after__isnull=True) | Q(from_after__gt=F("reached"))
    looks = looks.annotate(starts=_is(apart), ends=_is(last), doubtful=_is(~apart & ~Q(epoch=F("epoch_before"))))
    return looks.filter(Q(starts=True) | Q(ends=True) | Q(doubtful=True) | ~Q(blind=[]))


def _over(expression: Max | Lag | Lead, frame: RowRange | None = None) -> Window:
    order = [F(name) for name in _IN_ORDER[1:]]
    return Window(expression, partition_by=[F("node"), F("boot_id")], order_by=order, frame=frame)


def _is(condition: Q) -> "ExpressionWrapper[Q]":
    return ExpressionWrapper(condition, output_field=BooleanField())


def _holes(nodes: Iterable[int], begins_at: datetime, ends_at: datetime) -> Mapping[int, Sequence[Span]]:
    rows = MissingRange.objects.filter(node__in=nodes, latest_at__gt=begins_at, earliest_at__lt=ends_at)
    found: dict[int, list[Span]] = {}
    for node, earliest, latest in rows.values_list("node", "earliest_at", "latest_at"):
        found.setdefault(node, []).append((earliest, latest))
    return found


def _last_looks(doors: Iterable[int], now: datetime) -> dict[int, datetime]:
    """The end of the last observation of any node of each door, while it hung there."""
    until = Least(Coalesce(OuterRef("valid_until"), now), now)
    looks = Observation.objects.filter(node=OuterRef("node"), ends_at__gt=OuterRef("valid_from"), ends_at__lte=until)
    newest = Subquery(looks.order_by("-ends_at").values("ends_at")[:1])
    mounts = Mount.objects.filter(door__in=set(doors), valid_from__lt=now).annotate(last=newest).filter(last__isnull=False)
    found: dict[int, datetime] = {}
    for door, last in mounts.values_list("door", "last"):
        found[door] = max(last, found.get(door, last))
    return found
