"""Days on which a site, or every site, rests."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from server.core.errors import Conflict, Rejected
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.schedules.models import Holiday
from server.schedules.notes import noted, said
from server.schedules.schedule_values import Values, days_ok

FIELDS = ("site", "name", "first_day", "last_day")
MOST_DAYS = 366


def holiday_save(*, holiday: Holiday, values: Values, by: AbstractBaseUser | None, now: datetime) -> Holiday:
    """Make or change a holiday. Raises Rejected for values, Conflict for one that is there already."""
    with transaction.atomic():
        new = holiday._state.adding  # noqa: SLF001 (Django's documented name)
        found = holiday if new else Holiday.objects.select_for_update(of=("self",)).get(pk=holiday.pk)
        before = None if new else said(found)
        touched = [] if new else [_days(found)]
        for name in FIELDS:
            if name in values:
                setattr(found, name, values[name])
        found.name = found.name.strip()
        if not found.name:
            raise Rejected("invalid", "Give the holiday a name.", errors={"name": ["Give the holiday a name."]})
        days_ok("first_day", found.first_day, "last_day", found.last_day, most_days=MOST_DAYS)
        _refuse_twice(found)
        found.version += 0 if new else 1
        found.save()
        mark([*touched, _days(found)], why=Why.HOLIDAY)
        noted("holiday.made" if new else "holiday.changed", found, by=by, now=now, before=before)
    return found


def holiday_delete(*, holiday: Holiday, by: AbstractBaseUser | None, now: datetime) -> None:
    """It is no holiday after all."""
    with transaction.atomic():
        found = Holiday.objects.select_for_update(of=("self",)).get(pk=holiday.pk)
        mark([_days(found)], why=Why.HOLIDAY)
        noted("holiday.deleted", found, by=by, now=now, before=said(found))
        found.delete()


def _days(holiday: Holiday) -> Window:
    return windows.site_days(site=holiday.site_id, first=holiday.first_day, last=holiday.last_day)


def _refuse_twice(holiday: Holiday) -> None:
    same = Holiday.objects.filter(site=holiday.site, name=holiday.name, first_day=holiday.first_day, last_day=holiday.last_day).exclude(
        pk=holiday.pk
    )
    if same.exists():
        raise Conflict("repeated", f"{holiday.name} is there already with these days.")
