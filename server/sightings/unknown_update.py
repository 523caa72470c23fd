"""The background job: unknown and unsure passes find their groups. Run twice, or by two workers at once, it does no more than once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from server.core import cipher
from server.core.cipher import CipherError
from server.gallery.pipeline import embedder
from server.sightings.decision_models import Decision, GroupState, UnknownGroup, UnknownMember
from server.sightings.decisions import Ruling, decisions_make
from server.sightings.models import Outcome, Sighting
from server.sightings.second_look_gallery import Ground
from server.sightings.unknown_clusters import Known, Newcomer, Placed, place
from server.sightings.unknown_members import groups_refresh, members_lock, sightings_lock, ungrouped
from shared_schema.face.types import Embedding, FaceError
from shared_schema.face.vectors import decode_embedding

WINDOW: Final = timedelta(days=60)
"""Older passes are neither grouped any more nor compared with."""
NEW_AT_ONCE: Final = 1_000
COMPARED: Final = 5_000
"""Probes in one comparison, new ones included: 4 seconds and half a gigabyte."""
STAND_FOR_A_GROUP: Final = 10
"""The newest passes of a group; the others are like them."""
JOINED: Final = "It joined a group of unknown passes that is ignored."
LOCK: Final = "unknown groups"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A pass whose probe could be read."""

    sighting: Sighting
    probe: Embedding


def groups_update(*, now: datetime) -> int:
    """Group what came since: up to `NEW_AT_ONCE` passes, the oldest first. Returns how many found a group; 0: none waits.

    A pass joins an ignored group, and is then ignored too, only while nobody enrolled is near it. One that joins an assigned group is
    not assigned: staff confirm it, for a recognition never learns from itself.
    """
    with transaction.atomic():
        if not _alone():
            return 0
        new = list(_waiting(now)[:NEW_AT_ONCE])
        if not new:
            return 0
        ground = Ground.now()
        opened = list(_opened(new, ground))
        newcomers = _newcomers(opened, ground)
        placed = place(_known(ground, now, COMPARED - len(opened)), newcomers, calibration=ground.calibration)
        unreadable = {sighting.pk for sighting in new} - {one.sighting.pk for one in opened}
        placed.new += [[key] for key in sorted(unreadable)]
        grouped = _write(placed, {one.key for one in newcomers if one.like_enrolled}, ground, now)
    log.info("unknown_passes_grouped", passes=grouped, groups=len(placed.new))
    return grouped


def _alone() -> bool:
    """Whether no other worker is at it; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        (alone,) = cursor.fetchone()
    return bool(alone)


def _waiting(now: datetime) -> QuerySet[Sighting]:
    found = ungrouped().filter(captured_at__gte=now - WINDOW, model_id=embedder().model_id, probe__ciphertext__isnull=False)
    return found.select_related("probe", "node").order_by("captured_at", "pk")


def _opened(sightings: Iterable[Sighting], ground: Ground) -> Iterator[_Opened]:
    """Those whose probe opens and is an embedding of the model."""
    for sighting in sightings:
        try:
            data = ground.cipher.decrypt(sighting.probe.ciphertext or b"", purpose=cipher.PROBE)
            yield _Opened(sighting, decode_embedding(data, ground.dimension))
        except (CipherError, FaceError):
            log.warning("probe_unreadable", sighting=str(sighting.uuid))


def _newcomers(opened: Sequence[_Opened], ground: Ground) -> list[Newcomer]:
    return [Newcomer(one.sighting.pk, one.probe, one.sighting.quality, _like_enrolled(one, ground)) for one in opened]


def _like_enrolled(one: _Opened, ground: Ground) -> bool:
    """The node was in doubt about somebody, or somebody enrolled is now above the bar below which nobody is near."""
    if one.sighting.outcome == Outcome.UNSURE:
        return True
    gallery = ground.everybody()
    nearest, _ = gallery.search(one.probe)
    policy = ground.policy_for(one.sighting.node, gallery.size).towards(one.probe)
    return nearest is not None and nearest.similarity >= policy.unsure_similarity


def _known(ground: Ground, now: datetime, room: int) -> list[Known]:
    """The passes that stand for the groups there are; those of the groups seen last, when there are too many."""
    newest_first = Window(RowNumber(), partition_by=F("group"), order_by=(F("sighting__captured_at").desc(), F("sighting").desc()))
    recent = UnknownMember.objects.filter(sighting__captured_at__gte=now - WINDOW, group__model_id=ground.model_id)
    rows = recent.filter(sighting__probe__ciphertext__isnull=False).annotate(place=newest_first).filter(place__lte=STAND_FOR_A_GROUP)
    members = rows.select_related("group", "sighting__probe").order_by("-group__newest_at", "group", "place")[:room]
    groups = {member.sighting_id: member.group for member in members}
    found = []
    for one in _opened((member.sighting for member in members), ground):
        group = groups[one.sighting.pk]
        found.append(Known(group.pk, one.probe, one.sighting.quality, group.state == GroupState.IGNORED))
    return found


def _write(placed: Placed, like_enrolled: set[int], ground: Ground, now: datetime) -> int:
    """Write what still holds: passes that somebody decided about meanwhile, and groups that changed, wait for the next run."""
    members_lock()
    free = _free({*placed.joined, *(key for keys in placed.new for key in keys)})
    groups = UnknownGroup.objects.in_bulk(set(placed.joined.values()))
    rows = []
    for key, number in placed.joined.items():
        group = groups.get(number)
        if key in free and group is not None and not (group.state == GroupState.IGNORED and key in like_enrolled):
            rows.append(UnknownMember(sighting=free[key], group=group, added_at=now))
    together = [left for keys in placed.new if (left := [free[key] for key in keys if key in free])]
    made = [UnknownGroup(model_id=ground.model_id, made_at=now, newest_at=left[0].captured_at) for left in together]
    for group, left in zip(UnknownGroup.objects.bulk_create(made), together, strict=True):
        rows += [UnknownMember(sighting=sighting, group=group, added_at=now) for sighting in left]
    UnknownMember.objects.bulk_create(rows)
    groups_refresh({row.group_id for row in rows})
    _ignore(rows, now)
    return len(rows)


def _free(keys: set[int]) -> dict[int, Sighting]:
    """Those that may still join a group, locked."""
    locked = sightings_lock(ungrouped().filter(pk__in=keys).values_list("pk", flat=True))
    return {sighting.pk: sighting for sighting in locked if sighting.counts_for_id is None}


def _ignore(rows: Iterable[UnknownMember], now: datetime) -> None:
    """Those that joined an ignored group are ignored as well, in the batch of the group, so that they come back with it."""
    by_batch: dict[UUID, list[Sighting]] = {}
    for row in rows:
        if row.group.state == GroupState.IGNORED and row.group.batch is not None:
            by_batch.setdefault(row.group.batch, []).append(row.sighting)
    for batch, sightings in by_batch.items():
        decisions_make(sightings, Ruling(Decision.IGNORE, note=JOINED, batch=batch), by=None, now=now)
