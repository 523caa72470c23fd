"""Deriving everything anew, by several processes at once. What is to be done stands in marks, so whatever is interrupted goes on."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, wait
from datetime import date
from functools import partial
from multiprocessing import get_context

from django.db import connections, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from server.attendance.extent import days_at_site
from server.attendance.seal_models import RecordChange
from server.attendance.services import part_days
from server.recompute import windows
from server.recompute.models import Mark
from server.recompute.services import mark, work_off_some
from server.recompute.why import Why
from server.sites.models import Site

LOOK_EVERY_S = 0.5
Tell = Callable[[int], None]
"""Told how many parts are left."""


def rebuild_mark(*, sites: Iterable[Site], first: date | None, last: date | None) -> int:
    """Mark everything derived at these sites on these days, both included, in parts. Returns how many parts."""
    length, parts = part_days(), set()
    with transaction.atomic():
        for site in sites:
            known = days_at_site(site, now=timezone.now())
            asked = None if known is None else known.shared_with(first, last)
            for days in [] if asked is None else asked.parts(length):
                parts.add(windows.site_days(site=site.pk, first=days.first, last=days.last))
        return mark(parts, why=Why.REBUILD)


def rebuild_left() -> int:
    """Parts that are not done yet."""
    return _marks().count()


def rebuild_work(*, processes: int, tell: Tell) -> None:
    """Work off what is marked, and wait for what workers have in hand. What fails stays marked and is not waited for."""
    work = _work_here if processes == 1 else partial(_work_in_processes, processes)
    work(tell)
    while _due():
        time.sleep(LOOK_EVERY_S)
        work(tell)


def _due() -> bool:
    now = timezone.now()
    return _marks().filter(Q(not_before__isnull=True) | Q(not_before__lte=now)).exists()


def _marks() -> QuerySet[Mark]:
    return Mark.objects.filter(kind=windows.SITE_DAYS, why=Why.REBUILD)


def _work_here(tell: Tell) -> None:
    while _work_off_due():
        tell(rebuild_left())


def _work_in_processes(processes: int, tell: Tell) -> None:
    connections.close_all()
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        running = {pool.submit(_work) for _ in range(processes)}
        while running:
            done, running = wait(running, timeout=LOOK_EVERY_S)
            for one in done:
                one.result()
            tell(rebuild_left())


def changes_since(newest: int) -> int:
    """How many changes of records were noted after this one."""
    return RecordChange.objects.filter(pk__gt=newest).count()


def newest_change() -> int:
    """The newest noted change of a record; 0: there is none."""
    return RecordChange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _work() -> None:
    """One of several processes."""
    try:
        while _work_off_due():
            pass
    finally:
        connections.close_all()


def _work_off_due() -> bool:
    """False: nothing is due that another process has not in hand."""
    return work_off_some(now=timezone.now()) is not None
