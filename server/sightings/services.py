"""Taking in what nodes report: one transaction per batch, one receipt per item, the same answer however often it comes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from server.core import cipher, secrets
from server.core.errors import Malformed, Rejected
from server.nodes.alarms import alarm_raise
from server.nodes.clocks import TIMES
from server.nodes.models import AlarmKind, Mount, Node
from server.people.models import Person
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.recompute.windows import person_day
from server.sightings import models, rows
from server.sightings.boot_rows import clocks_of, contested_epochs, spans_note
from server.sightings.checked import Checked, Keys, Payload, check, probe_belongs, refuse
from server.sightings.coverage_missing import News, missing_note
from server.sightings.coverage_windows import windows_covered
from server.sightings.rows import Context
from server.sightings.times import nanoseconds
from shared_schema.base import PROTOCOL
from shared_schema.clock import ClockReading
from shared_schema.node import MAX_BATCH, BatchReceipt, Receipt, Status
from shared_schema.observation import CropShed, Gap, Observation
from shared_schema.sighting import Outcome, Sighting

log = structlog.get_logger(__name__)
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept under an epoch and seq."""

    pk: int
    sha256: str
    kind: str

    def is_of(self, item: Checked) -> bool:
        return self.sha256 == item.envelope.sha256 and self.kind == item.envelope.kind


@dataclass(frozen=True, slots=True)
class Derived:
    """What a batch's records brought that coverage rests on."""

    context: Context
    looks: Sequence[models.Observation]
    gaps: Sequence[models.Gap]


def batch_ingest(node: Node, body: object, *, now: datetime) -> BatchReceipt:
    """Store a batch. Raises Malformed or Rejected only when there is no batch at all to answer item by item."""
    items = _items(body)
    keys = Keys(node.uuid, bytes(node.public_key), secrets.current().seal_private_key)
    judged = [_judge(item, keys) for item in items]
    believed = [item for item in judged if isinstance(item, Checked)]
    stored = _store(node, believed, now) if believed else {}
    receipts = tuple(item if isinstance(item, Receipt) else _receipt(item, stored[item.key]) for item in judged)
    _log(node, receipts)
    return BatchReceipt(receipts=receipts)


def _items(body: object) -> list[object]:
    if not isinstance(body, dict):
        raise Malformed("parse_error", "A batch is a JSON object with items.")
    if (protocol := body.get("protocol", PROTOCOL)) != PROTOCOL:
        raise Malformed("unknown_protocol", f"Protocol {str(protocol)[:20]} is not spoken here, use {PROTOCOL}.")
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise Rejected("invalid", "A batch has at least one item.", errors={"items": ["at least one"]})
    if len(items) > MAX_BATCH:
        raise Rejected("batch_too_large", f"A batch has at most {MAX_BATCH} items.", errors={"items": [f"at most {MAX_BATCH}"]})
    return items


def _judge(item: object, keys: Keys) -> Checked | Receipt:
    judged = check(item, keys)
    return probe_belongs(judged) if isinstance(judged, Checked) else judged


def _receipt(item: Checked, stored: Stored) -> Receipt:
    """Stored is archived here: an installation without archiving keeps nothing that could be lost behind the node's back."""
    if not stored.is_of(item):
        return refuse(
            item.envelope, "conflict", "Another record with this epoch and seq is already stored; the card was cloned or rolled back."
        )
    return Receipt(epoch=item.envelope.epoch, seq=item.envelope.seq, sha256=stored.sha256, status=Status.ARCHIVED)


def _log(node: Node, receipts: Sequence[Receipt]) -> None:
    refused = [receipt.code for receipt in receipts if receipt.status is Status.REJECTED]
    log.info("batch", node=str(node.uuid), items=len(receipts), refused=len(refused), codes=sorted({code or "" for code in refused}))


def _store(node: Node, items: Sequence[Checked], now: datetime) -> dict[Key, Stored]:
    """Insert what is new, with everything derived from it and the marks. Batches of one node go one after the other."""
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        stored = _stored([item.envelope.record_id for item in items])
        new = {item.key: item for item in reversed(items) if item.key not in stored}
        records = [rows.record_row(node, item, now) for _, item in sorted(new.items())]
        models.Record.objects.bulk_create(records)
        mark(spans_note(node, (_said(new[record.epoch, record.seq], now) for record in records)))
        derived = _derive([(record, new[record.epoch, record.seq]) for record in records], node)
        stored |= {(record.epoch, record.seq): Stored(record.pk, record.sha256, record.kind) for record in records}
        conflicts = _keep_conflicts(node, items, stored)
        _keep_coverage(node, derived, News(records, derived.gaps, conflicts), now)
        _raise_epoch(node, records)
    return stored


def _said(item: Checked, now: datetime) -> tuple[int, int, ClockReading, int]:
    return (*item.key, item.payload.at, nanoseconds(now))


def _stored(uuids: Sequence[UUID]) -> dict[Key, Stored]:
    found = models.Record.objects.filter(uuid__in=uuids).values_list("epoch", "seq", "pk", "sha256", "kind")
    return {(epoch, seq): Stored(pk, digest, kind) for epoch, seq, pk, digest, kind in found}


def _raise_epoch(node: Node, records: Sequence[models.Record]) -> None:
    """A node claimed anew begins above every epoch seen."""
    if records:
        following = max(record.epoch for record in records) + 1
        Node.objects.filter(pk=node.pk, next_epoch__lt=following).update(next_epoch=min(following, 2**63 - 1))


def _keep_conflicts(node: Node, items: Sequence[Checked], stored: dict[Key, Stored]) -> list[Key]:
    """Two copies of the node: from here on the order of these records tells no time. Returns where they used the same number."""
    conflicts = []
    for item in items:
        kept, envelope = stored[item.key], item.envelope
        if kept.is_of(item):
            continue
        log.error("record_conflict", record=str(envelope.record_id))
        said = {"sha256": envelope.sha256, "kind": envelope.kind, "payload": envelope.payload, "signature": envelope.signature}
        conflicts.append(models.RecordConflict(record_id=kept.pk, **said))
    if not conflicts:
        return []
    keys = [item.key for item in items if not stored[item.key].is_of(item)]
    if {epoch for epoch, _ in keys} - contested_epochs(node):
        mark([Window(TIMES, f"{node.pk}:*:*")])
    models.RecordConflict.objects.bulk_create(conflicts, ignore_conflicts=True)
    epoch, seq = min(keys)
    told = f"{len(conflicts)} at once, the first is number {seq} of epoch {epoch}"
    alarm_raise(node, AlarmKind.CONFLICT, told, now=timezone.now())
    return keys


def _derive(pairs: Sequence[tuple[models.Record, Checked]], node: Node) -> Derived:
    said = [(record, item.payload, item.probe) for record, item in pairs]
    context = context_for(node, (payload for _, payload, _ in said))
    _add_sightings([(record, payload, probe) for record, payload, probe in said if isinstance(payload, Sighting)], context)
    looks = models.Observation.objects.bulk_create(
        rows.observation_row(record, it, context) for record, it, _ in said if isinstance(it, Observation)
    )
    gaps = models.Gap.objects.bulk_create(rows.gap_row(record, it) for record, it, _ in said if isinstance(it, Gap))
    sheds = [rows.crop_shed_row(record, it, node) for record, it, _ in said if isinstance(it, CropShed)]
    models.CropShed.objects.bulk_create(sheds)
    _apply_sheds(sheds, node)
    return Derived(context, looks, gaps)


def _keep_coverage(node: Node, derived: Derived, news: News, now: datetime) -> None:
    """What is missing, and the hours of the node's doors of which something else is known than before."""
    looked = [(look.begins_at, look.ends_at) for look in derived.looks if look.begins_at is not None and look.ends_at is not None]
    mark(windows_covered(node, [*looked, *missing_note(node, news, now=now)], derived.context.mounts), why=Why.COVERAGE)


def _add_sightings(said: Sequence[tuple[models.Record, Sighting, bytes | None]], context: Context) -> None:
    if not said:
        return
    node = context.node
    sightings = models.Sighting.objects.bulk_create(rows.sighting_row(record, payload, context) for record, payload, _ in said)
    models.Probe.objects.bulk_create(
        rows.probe_row(record, payload, probe, context.cipher) for record, payload, probe in said if probe is not None
    )
    crops = [row for record, payload, _ in said if (row := rows.crop_row(record, payload, node)) is not None]
    models.Crop.objects.bulk_create(crops)
    if crops:
        seqs = [record.seq for record, payload, _ in said if payload.crop is not None]
        _apply_sheds(models.CropShed.objects.filter(node=node, sighting_seq__in=seqs), node)
    mark(windows_of(sightings), why=Why.SIGHTING)


def _apply_sheds(sheds: Iterable[models.CropShed], node: Node) -> None:
    """A shed crop may be told of before or after its sighting; a crop that came all the same stays."""
    for shed in sheds:
        about = Q(sighting__record__epoch=shed.sighting_epoch, sighting__record__seq=shed.sighting_seq, sha256=shed.crop_sha256)
        models.Crop.objects.filter(about, node=node, state=models.CropState.AWAITED).update(state=models.CropState.SHED, reason=shed.reason)


def context_for(node: Node, said: Iterable[Payload]) -> Context:
    """Everything the rows of what was said rest on, in three queries."""
    payloads = list(said)
    boots = {payload.at.boot_id for payload in payloads if isinstance(payload, Sighting | Observation)}
    passes = [payload for payload in payloads if isinstance(payload, Sighting)]
    named = {payload.candidate.person for payload in passes if payload.candidate and payload.outcome is Outcome.MATCH}
    return Context(node, mounts_of(node), clocks_of(node, boots), _people(named), cipher.current())


def mounts_of(node: Node) -> list[Mount]:
    return list(Mount.objects.filter(node=node).select_related("door__site"))


def _people(uuids: set[UUID]) -> dict[UUID, int]:
    """Keys of the people a node named; a merged person is who they were merged into."""
    found = Person.objects.filter(uuid__in=uuids).values_list("uuid", "id", "merged_into_id")
    return {uuid: merged or key for uuid, key, merged in found}


def windows_of(sightings: Iterable[models.Sighting]) -> set[Window]:
    """The days of people that these sightings are part of."""
    return {
        person_day(site=sighting.door.site_id, day=rows.day_at(sighting.door, sighting.captured_at), person=sighting.counts_for_id)
        for sighting in sightings
        if sighting.counts_for_id is not None and sighting.door is not None and sighting.time_known
    }
