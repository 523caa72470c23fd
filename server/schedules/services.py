"""Schedules and the sessions they make.

A session is known by its schedule and its local date for ever. What was changed or cancelled by hand (`detached`) a schedule leaves alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F, ProtectedError

from server.core.errors import Conflict, Rejected
from server.core.since import transaction_began
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why
from server.schedules.clashes import clash_in_words, clashes_of, refuse_clashes
from server.schedules.models import Schedule, Session
from server.schedules.notes import noted, said
from server.schedules.planning import KEPT, become, doors_of, doors_set, same, sessions_planned
from server.schedules.schedule_values import Values, doors_at, schedule_fill
from server.sites.models import Door, Site

AHEAD = timedelta(days=60)
MOST_BACK = timedelta(days=5 * 366)
MOST_AHEAD = timedelta(days=366)
ONE_DAY = timedelta(days=1)
log = structlog.get_logger(__name__)


def schedule_save(
    *, schedule: Schedule, values: Values, by: AbstractBaseUser | None, now: datetime, from_day: date | None = None
) -> Schedule:
    """Make a schedule and its sessions until `AHEAD`, or change it from a day on (default: today at the site).

    Sessions of earlier days stay as they are, whatever is changed. Raises Rejected for values, Conflict where the group is expected
    elsewhere in that time; then nothing is changed.
    """
    with transaction.atomic():
        if schedule._state.adding:  # noqa: SLF001 (Django's documented name)
            before, first = None, None
            schedule.created_by_id = None if by is None else by.pk
        else:
            schedule = schedule_locked(schedule)
            before, first = said(schedule), from_day or _today(schedule.site, now)
            _refuse_far(first, now)
            sessions_make(schedule=schedule, until=first - ONE_DAY)
        _fill(schedule, values)
        first = first or schedule.valid_from
        _refuse_far(min(first, now.date()), now)
        with clash_in_words():
            _replan(schedule, first, now)
        noted("schedule.changed" if before else "schedule.made", schedule, by=by, now=now, before=before)
    return schedule


def schedule_locked(schedule: Schedule) -> Schedule:
    """The row as it is now, locked. Raises Conflict for one that has ended."""
    found = Schedule.objects.select_for_update(of=("self",)).select_related("site", "group").get(pk=schedule.pk)
    if found.ended_at is not None:
        raise Conflict("ended", f"{found.name} has ended and stays as it is; make a new schedule.")
    return found


def _fill(schedule: Schedule, values: Values) -> None:
    schedule_fill(schedule, values)
    given = values.get("doors")
    if isinstance(given, Iterable):
        doors = doors_at(schedule.site, [door for door in given if isinstance(door, Door)])
    else:
        doors = doors_at(schedule.site, [] if schedule._state.adding else schedule.doors.all())  # noqa: SLF001
    schedule.version += 0 if schedule._state.adding else 1  # noqa: SLF001
    schedule.save()
    schedule.doors.set(doors)


def _refuse_far(day: date, now: datetime) -> None:
    if not now.date() - MOST_BACK <= day <= now.date() + MOST_AHEAD:
        raise Rejected("too_far", f"{day} is more than {MOST_BACK.days} days back or {MOST_AHEAD.days} ahead; use a day that is nearer.")


def _today(site: Site, now: datetime) -> date:
    return now.astimezone(site.zone).date()


def _replan(schedule: Schedule, first: date, now: datetime) -> None:
    """Let the sessions from this day on be what the schedule says. Whole or not at all."""
    last = max(filter(None, (schedule.made_until, (now + AHEAD).date())))
    wanted = {session.local_date: session for session in sessions_planned(schedule, first, last)}
    there = list(schedule.sessions.select_for_update().filter(local_date__gte=first))
    new = [session for day, session in wanted.items() if day not in {session.local_date for session in there}]
    changed, dropped = _differences(schedule, wanted, [session for session in there if not session.detached])
    began = transaction_began()
    Session.objects.filter(pk__in=[session.pk for session in (*changed, *dropped)], cancelled_at__isnull=True).update(
        cancelled_at=now, changed_at=began
    )
    Session.objects.filter(pk__in=[session.pk for session in dropped]).update(version=F("version") + 1)
    for session in changed:
        become(session, wanted[session.local_date], began)
    refuse_clashes([*changed, *new])
    Session.objects.bulk_update(changed, KEPT, batch_size=200)
    _add(schedule, new)
    doors_set(changed, _doors(schedule))
    mark([windows.session(session.pk) for session in (*changed, *dropped)], why=Why.SCHEDULE)
    _made(schedule, last)


def _differences(schedule: Schedule, wanted: Mapping[date, Session], free: Sequence[Session]) -> tuple[list[Session], list[Session]]:
    """Those that must become another session, and those that are not wanted any more."""
    doors, usual = doors_of(free), _doors(schedule)
    changed, dropped = [], []
    for session in free:
        planned = wanted.get(session.local_date)
        if planned is None:
            dropped += [session] if session.cancelled_at is None else []
        elif session.cancelled_at is not None or doors[session.pk] != usual or not same(session, planned):
            changed.append(session)
    return changed, dropped


def _doors(schedule: Schedule) -> frozenset[int]:
    return frozenset(schedule.doors.values_list("pk", flat=True))


def _add(schedule: Schedule, new: Sequence[Session]) -> None:
    made = Session.objects.bulk_create(new, batch_size=500)
    if doors := _doors(schedule):
        doors_set(made, doors)
    mark([windows.session(session.pk) for session in made], why=Why.SCHEDULE)


def _made(schedule: Schedule, until: date) -> None:
    schedule.made_until = until
    Schedule.objects.filter(pk=schedule.pk).update(made_until=until)


def sessions_make(*, schedule: Schedule, until: date) -> int:
    """Make the sessions that are still missing until a day, included. Safe to repeat and to run twice at once. Returns how many.

    Holidays make sessions too: the rules excuse. Where the group is expected elsewhere by then, the session is made as one that is
    cancelled, so that staff see it and can restore it.
    """
    with transaction.atomic():
        found = Schedule.objects.select_for_update(of=("self",)).select_related("site", "group").get(pk=schedule.pk)
        first = found.valid_from if found.made_until is None else found.made_until + ONE_DAY
        if found.ended_at is not None or first > until:
            return 0
        new = sessions_planned(found, first, until)
        for clash in clashes_of(new):
            log.warning("session_made_cancelled", schedule=str(found.uuid), local_date=str(clash.wanted.local_date))
            clash.wanted.cancelled_at, clash.wanted.detached = clash.wanted.begins_at, True
        with clash_in_words():
            _add(found, new)
        _made(found, until)
        schedule.made_until = until
    return len(new)


def sessions_extend(*, now: datetime) -> int:
    """Let every schedule reach as far ahead as it should. One that cannot does not keep the others from it. Returns how many were made."""
    made = 0
    for schedule in Schedule.objects.filter(ended_at__isnull=True).order_by("id"):
        try:
            made += sessions_make(schedule=schedule, until=(now + AHEAD).date())
        except (Conflict, Rejected) as error:
            log.error("schedule_not_extended", schedule=str(schedule.uuid), error=str(error))  # noqa: TRY400 (the sentence says it all)
    return made


def schedule_end(*, schedule: Schedule, by: AbstractBaseUser | None, now: datetime) -> Schedule:
    """It makes no further sessions, and those that have not begun are cancelled. What has been stays. Raises Conflict if it has ended."""
    with transaction.atomic():
        found = schedule_locked(schedule)
        before = said(found)
        found.ended_at = now
        found.version += 1
        found.save()
        coming = found.sessions.select_for_update().filter(begins_at__gt=now, cancelled_at__isnull=True)
        keys = list(coming.values_list("pk", flat=True))
        Session.objects.filter(pk__in=keys).update(cancelled_at=now, version=F("version") + 1, changed_at=transaction_began())
        mark([windows.session(key) for key in keys], why=Why.SCHEDULE)
        noted("schedule.ended", found, by=by, now=now, before=before)
    return found


def schedule_delete(*, schedule: Schedule, by: AbstractBaseUser | None, now: datetime) -> None:
    """Remove a schedule none of whose sessions has begun. Raises Conflict otherwise: they are history."""
    with transaction.atomic():
        found = Schedule.objects.select_for_update().get(pk=schedule.pk)
        if found.sessions.filter(begins_at__lte=now).exists():
            raise Conflict("schedule_has_history", f"{found.name} has sessions that have begun; end it instead, and they stay.")
        noted("schedule.deleted", found, by=by, now=now, before=said(found))
        keys = list(found.sessions.values_list("pk", flat=True))
        try:
            found.sessions.all().delete()
        except ProtectedError as error:
            raise Conflict("schedule_has_history", f"Something was noted about sessions of {found.name}; end it instead.") from error
        found.delete()
        mark([windows.session(key) for key in keys], why=Why.SCHEDULE)


def site_replan(*, site: Site, by: AbstractBaseUser | None, now: datetime) -> None:
    """The clock of a site is another one: its schedules mean other moments, from today on. Raises Conflict where they clash then."""
    for schedule in site.schedules.filter(ended_at__isnull=True).order_by("id"):
        schedule_save(schedule=schedule, values={}, by=by, now=now)
