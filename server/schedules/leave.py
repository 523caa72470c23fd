"""Leave: a person is away for whole days, or for a part of them."""

from datetime import datetime, time

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from server.core.errors import Conflict, Rejected
from server.people.models import Person
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.schedules.models import Leave
from server.schedules.notes import noted, said
from server.schedules.schedule_values import Values, days_ok

FIELDS = ("reason", "first_day", "last_day", "from_time", "until_time", "note")
MOST_DAYS = 3 * 366


def leave_save(*, leave: Leave, values: Values, by: AbstractBaseUser | None, now: datetime) -> Leave:
    """Make or change somebody's leave; `leave.person` stays. Raises Rejected for values.

    Raises Conflict where the person is on leave in that time already, so that nobody's leave is counted twice: whole days overlap every
    leave of those days, parts of days only those whose times overlap.
    """
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=leave.person_id)  # one after the other for each person
        new = leave._state.adding  # noqa: SLF001 (Django's documented name)
        found = leave if new else _locked(leave)
        before = None if new else said(found)
        touched = [] if new else [_days(found)]
        _fill(found, values)
        _refuse_overlap(found)
        if new:
            found.created_by_id = None if by is None else by.pk
        found.version += 0 if new else 1
        found.save()
        mark([*touched, _days(found)], why=Why.LEAVE)
        noted("leave.made" if new else "leave.changed", found, by=by, now=now, before=before, person=found.person.uuid)
    return found


def leave_cancel(*, leave: Leave, by: AbstractBaseUser | None, now: datetime) -> Leave:
    """The person is there after all. Cancelling twice is cancelling once."""
    with transaction.atomic():
        found = Leave.objects.select_for_update(of=("self",)).select_related("person").get(pk=leave.pk)
        if found.cancelled_at is not None:
            return found
        before = said(found)
        found.cancelled_at = now
        found.version += 1
        found.save()
        mark([_days(found)], why=Why.LEAVE)
        noted("leave.cancelled", found, by=by, now=now, before=before, person=found.person.uuid)
    return found


def _locked(leave: Leave) -> Leave:
    found = Leave.objects.select_for_update(of=("self",)).select_related("person").get(pk=leave.pk)
    if found.cancelled_at is not None:
        raise Conflict("cancelled", "This leave was cancelled and stays as it is; enter a new one.")
    return found


def _fill(leave: Leave, values: Values) -> None:
    for name in FIELDS:
        if name in values:
            setattr(leave, name, values[name])
    leave.reason = leave.reason.strip()
    if not leave.reason:
        raise _wrong("reason", "Say why, for example sick, holiday or training.")
    days_ok("first_day", leave.first_day, "last_day", leave.last_day, most_days=MOST_DAYS)
    if (leave.from_time is None) != (leave.until_time is None):
        raise _wrong("until_time", "Give both times for a part of the day, or none for whole days.")
    if leave.from_time is not None and leave.until_time is not None and leave.from_time >= leave.until_time:
        raise _wrong("until_time", "until_time is not after from_time; over midnight use two leaves.")


def _refuse_overlap(leave: Leave) -> None:
    others = Leave.objects.filter(
        person=leave.person, cancelled_at__isnull=True, first_day__lte=leave.last_day, last_day__gte=leave.first_day
    ).exclude(pk=leave.pk)
    if leave.from_time is not None and leave.until_time is not None:
        others = others.filter(Q(from_time__isnull=True) | Q(from_time__lt=leave.until_time, until_time__gt=leave.from_time))
    other = others.first()
    if other is not None:
        raise Conflict(
            "overlap", f"{leave.person.name} is on leave ({other.reason}) {_when(other)} already; change or cancel that leave first."
        )


def _when(leave: Leave) -> str:
    days = f"on {leave.first_day}" if leave.first_day == leave.last_day else f"from {leave.first_day} until {leave.last_day}"
    return days if leave.from_time is None else f"{days} from {_clock(leave.from_time)} until {_clock(leave.until_time)}"


def _clock(at: time | None) -> str:
    return "" if at is None else f"{at:%H:%M}"


def _days(leave: Leave) -> Window:
    return windows.person_days(person=leave.person_id, first=leave.first_day, last=leave.last_day)


def _wrong(field: str, sentence: str) -> Rejected:
    return Rejected("invalid", sentence, errors={field: [sentence]})
