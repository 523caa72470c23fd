"""Which numbers of a node have not arrived, and between which times what they tell was seen. Kept in rows, under the node's lock.

A missing record was written after the last observation before it, which reaches up to the first look at anybody untold: what it tells was
seen since then. It was written before the next observation after it, which reaches back at most as far as anybody may go untold.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from server.nodes.models import Node, NodeSettingsRevision
from server.sightings.coverage_models import MissingRange
from server.sightings.coverage_numbers import OPEN, Numbers, arrive, doubt, lose
from server.sightings.coverage_spans import Span
from server.sightings.models import Gap, Observation, Record
from shared_schema.node import NodeSettings

BEGINNING, FOREVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_UNTOLD_TIMEOUTS = 12
"""Whoever stays is told of after ten pass timeouts, and whoever leaves a timeout later; one more for the frames between."""
_UNTOLD_BESIDE = timedelta(seconds=5)
Key = tuple[int, int]
"""(epoch, seq)."""


@dataclass(frozen=True, slots=True)
class News:
    """What a batch brought: its records, the gaps among them, and the keys at which another record was there already."""

    records: Sequence[Record]
    gaps: Sequence[Gap]
    conflicts: Sequence[Key]


def missing_note(node: Node, news: News, *, now: datetime) -> list[Span]:
    """Keep what is missing now. The caller has locked the node. Returns the times of which something else is known than before."""
    seqs: dict[int, list[int]] = {}
    for record in news.records:
        seqs.setdefault(record.epoch, []).append(record.seq)
    lost = {gap.lost_epoch: max(other.to_seq for other in news.gaps if other.lost_epoch == gap.lost_epoch) for gap in news.gaps}
    doubted = {epoch: min(seq for other, seq in news.conflicts if other == epoch) for epoch, _ in news.conflicts}
    touched = [key for epoch in {*seqs, *lost, *doubted} for key in _keep(node, epoch, _Change(seqs, lost, doubted, news.records), now)]
    keys = [*((record.epoch, record.seq) for record in news.records), *(key for key, _ in touched)]
    if not keys:
        return []
    return [*(span for _, span in touched if span[0] < span[1]), *bounds_renew(node, min(keys), max(keys))]


def bounds_renew(node: Node, first: Key, last: Key) -> list[Span]:
    """Derive anew when what is missing around these keys was seen. The caller has locked the node. Returns the times that are others."""
    if not MissingRange.objects.filter(node=node).exists():
        return []
    below, above = _known(node, below=first), _known(node, above=last)
    near = _after(below[0], "to_seq") if below else Q()
    ranges = list(MissingRange.objects.filter(near, _before(above[0], "from_seq") if above else Q(), node=node))
    begun = min((row.epoch, row.from_seq) for row in ranges) if ranges else first
    if below and begun <= below[0]:
        below = _known(node, below=begun)
    between = _between(node, below[0] if below else (0, 0), above[0] if above else (OPEN, OPEN))
    return _renew(ranges, [key for key, _ in between], [span for _, span in between], longest_untold(node))


def longest_untold(node: Node) -> timedelta:
    """How long somebody may have been in view, by any settings the node ever had, before a record tells of them."""
    said = NodeSettingsRevision.objects.filter(node=node).values_list("body__pass_timeout_ms", flat=True)
    longest = max([NodeSettings().pass_timeout_ms, *(ms for ms in said if isinstance(ms, int))])
    return _UNTOLD_TIMEOUTS * timedelta(milliseconds=longest) + _UNTOLD_BESIDE


@dataclass(frozen=True, slots=True)
class _Change:
    seqs: Mapping[int, Sequence[int]]
    lost: Mapping[int, int]
    doubted: Mapping[int, int]
    records: Sequence[Record]


def _keep(node: Node, epoch: int, change: _Change, now: datetime) -> list[tuple[Key, Span]]:
    """Write the ranges of an epoch that are others now. Returns the keys and the times of those that were and of those that are."""
    seqs = change.seqs.get(epoch, ())
    top = _highest(node, epoch, change.records)
    kept = MissingRange.objects.filter(node=node, epoch=epoch, to_seq__gte=min([top, *seqs, change.doubted.get(epoch, top)]))
    before = {(row.from_seq, row.to_seq): row for row in kept}
    after = arrive(sorted(before), top, seqs)
    after = lose(after, max([top, *seqs]), change.lost.get(epoch, 0))
    if epoch in change.doubted:
        after = doubt(after, change.doubted[epoch])
    gone = [row for numbers, row in before.items() if numbers not in after]
    new = [_row(node, epoch, numbers, gone, now) for numbers in after if numbers not in before]
    MissingRange.objects.filter(pk__in=[row.pk for row in gone]).delete()
    MissingRange.objects.bulk_create(new)
    told = [((epoch, row.from_seq), (row.earliest_at, row.latest_at)) for row in gone]
    return [*told, *(((epoch, row.from_seq), (BEGINNING, BEGINNING)) for row in new)]


def _row(node: Node, epoch: int, numbers: Numbers, gone: Iterable[MissingRange], now: datetime) -> MissingRange:
    """Its times are empty until they are derived, in the same transaction."""
    found = min([now, *(row.found_at for row in gone if row.from_seq <= numbers[1] and numbers[0] <= row.to_seq)])
    said = {"from_seq": numbers[0], "to_seq": numbers[1], "found_at": found, "earliest_at": BEGINNING, "latest_at": BEGINNING}
    return MissingRange(node=node, epoch=epoch, **said)


def _highest(node: Node, epoch: int, new: Sequence[Record]) -> int:
    """The highest number of the epoch that had arrived before."""
    older = Record.objects.filter(node=node, epoch=epoch)
    if new:
        older = older.filter(pk__lt=min(record.pk for record in new))
    return older.order_by("-seq").values_list("seq", flat=True).first() or 0


def _known(node: Node, *, below: Key | None = None, above: Key | None = None) -> tuple[Key, Span] | None:
    """The nearest observation whose times are known."""
    looks = Observation.objects.filter(node=node, ends_at__isnull=False)
    if below is not None:
        same, other = looks.filter(epoch=below[0], seq__lt=below[1]), looks.filter(epoch__lt=below[0])
        row = same.order_by("-seq").first() or other.order_by("-epoch", "-seq").first()
    elif above is not None:
        same, other = looks.filter(epoch=above[0], seq__gt=above[1]), looks.filter(epoch__gt=above[0])
        row = same.order_by("seq").first() or other.order_by("epoch", "seq").first()
    else:
        row = None
    return None if row is None else ((row.epoch, row.seq), _until(row.ends_at, row.uncertainty_ms))


def _between(node: Node, first: Key, last: Key) -> list[tuple[Key, Span]]:
    """Observations whose times are known from one key to another, both included."""
    within = (_after(first, "seq") | Q(epoch=first[0], seq=first[1])) & (_before(last, "seq") | Q(epoch=last[0], seq=last[1]))
    looks = Observation.objects.filter(within, node=node, ends_at__isnull=False, epoch__gte=first[0], epoch__lte=last[0])
    found = looks.order_by("epoch", "seq").values_list("epoch", "seq", "ends_at", "uncertainty_ms")
    return [((epoch, seq), _until(ends_at, uncertainty_ms)) for epoch, seq, ends_at, uncertainty_ms in found]


def _until(ends_at: datetime | None, uncertainty_ms: int | None) -> Span:
    """Between these it reached its end."""
    if ends_at is None or uncertainty_ms is None:
        return BEGINNING, FOREVER
    width = timedelta(milliseconds=uncertainty_ms)
    return ends_at - width, ends_at + width


def _after(key: Key, seq: str) -> Q:
    return Q(epoch__gt=key[0]) | Q(epoch=key[0], **{f"{seq}__gt": key[1]})


def _before(key: Key, seq: str) -> Q:
    return Q(epoch__lt=key[0]) | Q(epoch=key[0], **{f"{seq}__lt": key[1]})


def _renew(ranges: Sequence[MissingRange], keys: Sequence[Key], ends: Sequence[Span], untold: timedelta) -> list[Span]:
    changed, told = [], []
    for row in ranges:
        before = bisect_left(keys, (row.epoch, row.from_seq)) - 1
        after = bisect_right(keys, (row.epoch, row.to_seq))
        since = ends[before][0] if before >= 0 else BEGINNING
        until = ends[after][1] + untold if after < len(ends) else FOREVER
        span = min(since, until), max(since, until)
        if span != (row.earliest_at, row.latest_at):
            told += [(row.earliest_at, row.latest_at), span]
            row.earliest_at, row.latest_at = span
            changed.append(row)
    MissingRange.objects.bulk_update(changed, ["earliest_at", "latest_at"])
    return [span for span in told if span[0] < span[1]]
