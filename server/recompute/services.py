"""Marking windows and working them off. Truth lies in the rows: a lost task is found again by the sweep."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from server.recompute.models import Mark

TASK = "server.recompute.tasks.work_off"
LONGEST_PAUSE_S = 3600
LONGEST_TASK_S = 50.0
"""So long a task takes windows: the cluster ends a task that takes 120 s, and a window may take a while."""
LOT = 500
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


def work_off(*, limit: int = 5000, for_s: float = LONGEST_TASK_S, now: datetime | None = None) -> int:
    """Derive marked windows until none is due. At `limit`, or when time is up, another task goes on. Returns how many were derived."""
    done, until = 0, monotonic() + for_s
    while done < limit and monotonic() < until:
        outcome = work_off_some(now=now or timezone.now())
        if outcome is None:
            return done
        done += outcome
    wake()
    return done


def work_off_some(*, now: datetime) -> int | None:
    """Derive one window, or those of one lot together; the row locks are the lease. None: nothing is due. Returns how many succeeded.

    Long windows come last, so that nobody waits for today's attendance while a year is derived anew.
    """
    with transaction.atomic():
        due = Mark.objects.select_for_update(skip_locked=True).filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        at_once = due.exclude(kind__in=settings.RECOMPUTE_LAST)
        first = at_once.order_by("id").first() or due.order_by("id").first()
        if first is None:
            return None
        leased = _lease(due, first)
        done = _derive_together(first.kind, leased) if len(leased) > 1 else None
        if done is None:
            done = {key for key in leased if _derive_one(Window(first.kind, key), leased[key], now)}
        Mark.objects.filter(id__in=[mark.pk for key in done for mark in leased[key]]).delete()
        return len(done)


def _lease(due: QuerySet[Mark], first: Mark) -> dict[str, list[Mark]]:
    """All due marks of the same window; of a kind that is derived together, those of the same lot: the same first parts of the key."""
    same = due.filter(kind=first.kind)
    if first.kind in settings.RECOMPUTE_TOGETHER:
        _, parts = settings.RECOMPUTE_TOGETHER[first.kind]
        lot = "".join(f"{part}:" for part in first.key.split(":")[:parts])
        leased = same.filter(key__startswith=lot).order_by("id")[:LOT]
    else:
        leased = same.filter(key=first.key)
    found: dict[str, list[Mark]] = {}
    for mark_ in leased:
        found.setdefault(mark_.key, []).append(mark_)
    return found


def _reasons(marks: Iterable[Mark]) -> frozenset[str]:
    return frozenset(mark_.why for mark_ in marks if mark_.why)


def _derive_together(kind: str, leased: Mapping[str, list[Mark]]) -> set[str] | None:
    """All of a lot at once. None: that failed, and each has to be tried by itself."""
    try:
        with transaction.atomic():
            handler, _ = settings.RECOMPUTE_TOGETHER[kind]
            import_string(handler)({key: _reasons(marks) for key, marks in leased.items()})
    except Exception as error:  # noqa: BLE001  (one bad window must not stop the others)
        log.warning("lot_failed", kind=kind, windows=len(leased), error=type(error).__name__)
        return None
    return set(leased)


def _derive_one(window: Window, marks: list[Mark], now: datetime) -> bool:
    """Derive a window in its turn. False: it failed and was put off."""
    try:
        with transaction.atomic():
            if window.kind not in settings.RECOMPUTE_TOGETHER:  # those see to it themselves
                _one_at_a_time(f"{window.kind}|{window.key}")
            _handler(window.kind)(window.key, _reasons(marks))
    except Exception as error:  # noqa: BLE001  (the top of the loop: one bad window must not stop the others)
        _put_off(marks, error, now)
        return False
    return True


def _one_at_a_time(name: str) -> None:
    """Two workers with different marks of one window derive one after the other, so the later one sees everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _handler(kind: str) -> Callable[[str, frozenset[str]], None]:
    handler: Callable[[str, frozenset[str]], None] = import_string(settings.RECOMPUTE_HANDLERS[kind])
    return handler


def _put_off(marks: list[Mark], error: Exception, now: datetime) -> None:
    first = marks[0]
    pause = min(2 ** min(first.attempts + 1, 20), LONGEST_PAUSE_S)
    log.error("window_failed", kind=first.kind, key=first.key, attempts=first.attempts + 1, error=type(error).__name__, exc_info=error)
    Mark.objects.filter(id__in=[mark_.pk for mark_ in marks]).update(
        attempts=F("attempts") + 1, not_before=now + timedelta(seconds=pause), last_error=f"{type(error).__name__}: {error}"[:200]
    )
