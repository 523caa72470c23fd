"""The background job: recent sightings are looked at again whenever the gallery or a node's bars have changed.

A run follows the records in the order of their keys, batch by batch, and goes on with new ones as they come; another gallery begins
another run. What a lost task left undone is found by the next sweep, and two workers never take one batch: the run's row lock is the lease.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from django.db import transaction
from django.db.models import Max, QuerySet

from server.nodes.models import NodeSettingsRevision
from server.sightings.models import SecondLookRun, Sighting
from server.sightings.second_look_gallery import Ground
from server.sightings.second_look_services import second_looks_renew, sightings_to_judge

BATCH = 500
KEPT_RUNS = 50
SETTLED_S = 60
"""Records committed out of the order of their keys are all there after so long."""
log = structlog.get_logger(__name__)


def run_advance(*, window: timedelta, now: datetime, batches: int) -> int:
    """Look at up to so many batches. Returns how many sightings were looked at; 0: the run has caught up."""
    ground = Ground.now()
    run = _run_on(ground, since=now - window, now=now)
    done = 0
    for _ in range(batches):
        looked_at = _advance(run.pk, ground, now)
        if not looked_at:
            break
        done += looked_at
    return done


def sightings_renew(*, since: datetime, now: datetime, progress: Callable[[int, int], None]) -> Counter[str]:
    """Look at every sighting since then, in the foreground. `progress` is told how many of how many are done."""
    ground = Ground.now()
    counts: Counter[str] = Counter()
    cursor, done, total = 0, 0, Sighting.objects.filter(captured_at__gte=since).count()
    while batch := list(_after(cursor, since)[:BATCH]):
        counts += second_looks_renew(sightings=batch, ground=ground, now=now)
        cursor, done = batch[-1].pk, done + len(batch)
        progress(done, max(total, done))
    return counts


def ground_of(ground: Ground) -> str:
    """What makes other answers possible: the model and its calibration, the gallery, and the newest settings of any node."""
    calibration = sha256(ground.calibration.model_dump_json().encode()).hexdigest()[:12]
    newest = NodeSettingsRevision.objects.aggregate(newest=Max("id"))["newest"] or 0
    return f"{ground.model_id}:{calibration}:{ground.revision}:{newest}"


def _run_on(ground: Ground, *, since: datetime, now: datetime) -> SecondLookRun:
    run, begun = SecondLookRun.objects.get_or_create(ground=ground_of(ground), defaults={"since": since, "begun_at": now})
    if begun:
        kept = SecondLookRun.objects.order_by("-id").values_list("id", flat=True)[:KEPT_RUNS]
        SecondLookRun.objects.exclude(id__in=list(kept)).delete()
    return run


def _advance(key: int, ground: Ground, now: datetime) -> int:
    """One batch: its rows and the cursor in one transaction. 0 when nothing is left, or another worker holds the run."""
    with transaction.atomic():
        run = SecondLookRun.objects.select_for_update(skip_locked=True).filter(pk=key).first()
        if run is None:
            return 0
        batch = list(_after(run.cursor, run.since).filter(received_at__lte=now - timedelta(seconds=SETTLED_S))[:BATCH])
        if not batch:
            if run.caught_up_at is None:
                run.caught_up_at = now
                run.save(update_fields=["caught_up_at"])
                log.info("second_looks_caught_up", ground=run.ground, counts=run.counts)
            return 0
        run.counts = dict(Counter(run.counts) + second_looks_renew(sightings=batch, ground=ground, now=now))
        run.cursor = batch[-1].pk
        run.save(update_fields=["counts", "cursor"])
    return len(batch)


def _after(cursor: int, since: datetime) -> QuerySet[Sighting]:
    return sightings_to_judge().filter(pk__gt=cursor, captured_at__gte=since).order_by("pk")
