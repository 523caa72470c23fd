"""Marking windows and working them off. Truth lies in the rows: a lost task is found again by the sweep."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from server.recompute.models import Mark

TASK = "server.recompute.tasks.work_off"
LONGEST_PAUSE_S = 3600
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """What must be derived again: a kind that settings.RECOMPUTE_HANDLERS knows, and a key in its words."""

    kind: str
    key: str


def mark(windows: Iterable[Window], *, why: str = "") -> int:
    """Mark windows in the caller's transaction, and wake a worker once it is committed. `why`: what changed. Returns how many."""
    marks = [Mark(kind=window.kind, key=window.key, why=why) for window in sorted(set(windows))]
    if not marks:
        return 0
    with transaction.atomic():
        Mark.objects.bulk_create(marks)
        transaction.on_commit(wake, robust=True)
    return len(marks)


def wake() -> None:
    """Ask the workers to look at the marks."""
    async_task(TASK)


def work_off(*, limit: int = 500, now: datetime | None = None) -> int:
    """Derive marked windows until none is due or `limit` is reached. Returns how many windows were derived."""
    done = 0
    for _ in range(limit):
        outcome = _work_off_one(now or timezone.now())
        if outcome is None:
            break
        done += outcome
    return done


def _work_off_one(now: datetime) -> bool | None:
    """Derive one window; the row lock is the lease. None: nothing is due. False: it failed and was put off."""
    with transaction.atomic():
        due = Mark.objects.select_for_update(skip_locked=True).filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        first = due.order_by("id").first()
        if first is None:
            return None
        same = list(due.filter(kind=first.kind, key=first.key).values_list("id", "why"))
        ids = [key for key, _ in same]
        _one_at_a_time(f"{first.kind}|{first.key}")
        try:
            with transaction.atomic():
                _handler(first.kind)(first.key, frozenset(why for _, why in same if why))
        except Exception as error:  # noqa: BLE001  (the top of the loop: one bad window must not stop the others)
            _put_off(ids, first, error, now)
            return False
        Mark.objects.filter(id__in=ids).delete()
        return True


def _one_at_a_time(name: str) -> None:
    """Two workers with different marks of one window derive one after the other, so the later one sees everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _handler(kind: str) -> Callable[[str, frozenset[str]], None]:
    handler: Callable[[str, frozenset[str]], None] = import_string(settings.RECOMPUTE_HANDLERS[kind])
    return handler


def _put_off(ids: list[int], first: Mark, error: Exception, now: datetime) -> None:
    pause = min(2 ** min(first.attempts + 1, 20), LONGEST_PAUSE_S)
    log.error("window_failed", kind=first.kind, key=first.key, attempts=first.attempts + 1, error=type(error).__name__, exc_info=error)
    Mark.objects.filter(id__in=ids).update(
        attempts=F("attempts") + 1, not_before=now + timedelta(seconds=pause), last_error=f"{type(error).__name__}: {error}"[:200]
    )
