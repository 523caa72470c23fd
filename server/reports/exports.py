"""Attendance as files in the object storage: a copy that can be read without this server or its database.

Each file holds the records of one local day. A run writes the days that came to their end and those that changed since the run before;
a day whose file would be the same is left alone. A file is put and read back before its row is made, so that every row has its file.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from server.attendance.columns import ATTENDANCE_COLUMNS, OPEN_DAY_COLUMNS, VISIT_COLUMNS
from server.attendance.selectors import attendance_visible, open_days_visible, visits_visible
from server.audit.services import Target, audit_note
from server.core.csv_lists import Columns, csv_text
from server.core.errors import Conflict, NotFound, Unavailable
from server.core.objects import Objects
from server.core.permissions import Scope
from server.core.since import settled
from server.reports.models import Export, ExportKind, ExportRun
from server.sites.days import local_day
from server.sites.models import Site

LEASE = timedelta(minutes=10)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
ONE_DAY = timedelta(days=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where the records of a kind are, in which order they are written, and how."""

    visible: Callable[..., QuerySet[Any]]
    order: tuple[str, ...]
    columns: Columns


SHELVES: Mapping[ExportKind, _Shelf] = {
    ExportKind.ATTENDANCE: _Shelf(attendance_visible, ("session__begins_at", "session_id", "person__name", "id"), ATTENDANCE_COLUMNS),
    ExportKind.OPEN_DAYS: _Shelf(open_days_visible, ("site__name", "person__name", "id"), OPEN_DAY_COLUMNS),
    ExportKind.VISITS: _Shelf(visits_visible, ("at", "id"), VISIT_COLUMNS),
}


def run_ask(*, by: AbstractBaseUser | None, now: datetime, days: tuple[date, date] | None = None) -> ExportRun:
    """Note that an export is to be done; `run_do` does it. A waiting run without days is not asked for twice."""
    with transaction.atomic():
        waiting = ExportRun.objects.filter(finished_at__isnull=True, first_day__isnull=True).first() if days is None else None
        if waiting is not None:
            return waiting
        first, last = days or (None, None)
        run = ExportRun.objects.create(asked_at=now, asked_by_id=None if by is None else by.pk, first_day=first, last_day=last)
        if by is not None:
            told = {"first_day": str(first or ""), "last_day": str(last or "")}
            audit_note(by=by, action="export.asked", target=Target("export_run", run.uuid), now=now, after=told)
        return run


def run_do(run: ExportRun, *, objects: Objects, now: datetime) -> bool:
    """Write the files of a run. False: it is done already, or somebody else does it. Raises Unavailable; what was written is kept."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    mine = ExportRun.objects.filter(free, pk=run.pk, finished_at__isnull=True)
    if not mine.update(leased_until=now + LEASE):
        return False
    try:
        _write(run, objects, now)
    except Unavailable as error:
        _note_failure(run, str(error))
        raise
    return True


def export_read(export: Export, *, objects: Objects) -> bytes:
    """The file. Raises NotFound where it is gone, Conflict where it is another one, Unavailable."""
    content = objects.get(export.object_key)
    if content is None:
        raise NotFound("no_file", "The file is not in the object storage any more.")
    if sha256(content).hexdigest() != export.sha256:
        raise Conflict("changed_file", "The file in the object storage is not the one that was exported: somebody changed it there.")
    return content


def _write(run: ExportRun, objects: Objects, now: datetime) -> None:
    """Day after day. What is changed from here on belongs to the next run; a run that was broken off goes on where it was."""
    this = ExportRun.objects.filter(pk=run.pk)
    if run.settled_at is None:
        this.update(settled_at=settled(), through_day=_yesterday(now))
        run.refresh_from_db()
    for day in sorted(set().union(*(_days(run, shelf) for shelf in SHELVES.values()))):
        made = sum(_export(run, kind, day, objects, now) for kind in SHELVES)
        this.update(reached_day=day, files=F("files") + made, leased_until=timezone.now() + LEASE)
    this.update(finished_at=now, failure="", leased_until=None)
    run.refresh_from_db()
    log.info("exported", run=str(run.uuid), files=run.files)


def _note_failure(run: ExportRun, reason: str) -> None:
    ExportRun.objects.filter(pk=run.pk).update(leased_until=None, failure=reason)
    log.error("export_failed", run=str(run.uuid), reason=reason)


def _days(run: ExportRun, shelf: _Shelf) -> set[date]:
    """Those asked for; else those that came to their end since the run before, and those that changed since."""
    rows = shelf.visible(user=None, scope=Scope.ALL, gone=True)
    if run.first_day is not None:
        rows = rows.filter(local_date__range=(run.first_day, run.last_day))
    else:
        before = _run_before(run)
        changed = Q(changed_at__gte=before.settled_at if before and before.settled_at else EPOCH)
        ended = Q(local_date__gt=before.through_day) if before and before.through_day else Q()
        rows = rows.filter(changed | ended, local_date__lte=run.through_day)
    if run.reached_day is not None:
        rows = rows.filter(local_date__gt=run.reached_day)
    return set(rows.order_by().values_list("local_date", flat=True).distinct())


def _run_before(run: ExportRun) -> ExportRun | None:
    """The last one that was finished and was about everything that changed."""
    return ExportRun.objects.filter(finished_at__isnull=False, first_day__isnull=True).exclude(pk=run.pk).order_by("-settled_at").first()


def _export(run: ExportRun, kind: ExportKind, day: date, objects: Objects, now: datetime) -> bool:
    """True: the day had changed, and has a new file. Where another run makes the same version first, this one looks again."""
    while True:
        newest = Export.objects.filter(kind=kind, day=day).order_by("-version").first()
        shelf = SHELVES[kind]
        rows = list(shelf.visible(user=None, scope=Scope.ALL).filter(local_date=day).order_by(*shelf.order))
        content = csv_text(shelf.columns, rows).encode()
        if (newest is None and not rows) or (newest is not None and newest.sha256 == sha256(content).hexdigest()):
            return False
        version = 1 if newest is None else newest.version + 1
        row = Export(run=run, kind=kind, day=day, version=version, rows=len(rows), size_bytes=len(content), made_at=now)
        row.sha256 = sha256(content).hexdigest()
        if _put(row, content, objects):
            return True


def _put(row: Export, content: bytes, objects: Objects) -> bool:
    """The file, its manifest, then its row. False: there is such a row already."""
    key = f"exports/{row.kind}/{row.day:%Y}/{row.day}/v{row.version:04}-{row.sha256[:16]}"
    row.object_key = f"{key}.csv"
    told = {name: getattr(row, name) for name in ("kind", "version", "rows", "size_bytes", "sha256")}
    manifest = {**told, "day": str(row.day), "file": row.object_key, "made_at": row.made_at.isoformat()}
    objects.put(row.object_key, content)
    objects.put(f"{key}.json", json.dumps(manifest, sort_keys=True).encode())
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return False
    return True


def _yesterday(now: datetime) -> date:
    """The newest local day that has ended at every site."""
    today: Iterable[date] = [local_day(now, site.zone, site.day_cut) for site in Site.objects.all()]
    return min(today, default=now.date()) - ONE_DAY
