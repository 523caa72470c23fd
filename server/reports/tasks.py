"""Background work of exports; every task may run twice."""

import contextlib
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from server.core import objects
from server.core.errors import Unavailable
from server.reports.exports import run_ask, run_do
from server.reports.models import ExportRun

EXPORT = "server.reports.tasks.export"


def export() -> None:
    """Do what is asked for; and once a day, from the configured hour on, everything that changed. What fails is tried again next time."""
    now = timezone.now()
    if is_due(now):
        run_ask(by=None, now=now)
    store = objects.current()
    for run in ExportRun.objects.filter(finished_at__isnull=True).order_by("id"):
        with contextlib.suppress(Unavailable):
            run_do(run, objects=store, now=timezone.now())


def is_due(now: datetime) -> bool:
    """Whether tonight's export has not been done yet."""
    configured = settings.LINTEL_CONFIG.exports
    moment = now.astimezone(UTC)
    if not configured.nightly or moment.hour < configured.hour_utc:
        return False
    begin = moment.replace(hour=configured.hour_utc, minute=0, second=0, microsecond=0)
    return not ExportRun.objects.filter(first_day__isnull=True, asked_at__gte=begin).exists()
