"""Passes entered by hand: a forgotten exit or entry. A fact like a sighting, beside the sightings; undone rows stay."""

from datetime import UTC, date, datetime

from django.db import transaction

from server.accounts.models import User
from server.attendance.correction_models import ManualPass
from server.attendance.corrections_guards import refuse_own
from server.attendance.rules.facts import Way
from server.attendance.seals import refuse_sealed
from server.audit.services import Target, audit_note
from server.core.errors import Conflict, Rejected
from server.people.models import Person
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.sites.days import local_day
from server.sites.models import Door

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""What lies before this is a typing error."""


def pass_add(  # noqa: PLR0913 (a pass has so many sides)
    *, person: Person, door: Door, at: datetime, way: Way, note: str, by: User, now: datetime
) -> ManualPass:
    """Somebody passed a door and no camera told. Raises Rejected for a time that cannot be, Forbidden for one's own, Conflict."""
    _refuse_time(door, at, now)
    if way is Way.BOTH:
        raise Rejected("no_way", "Say whether the person went in or out.", errors={"way": ["in or out"]})
    refuse_own(person=person, by=by)
    with transaction.atomic():
        refuse_sealed(site=door.site_id, day=_day(door, at))
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        if ManualPass.objects.filter(person=person, door=door, at=at, way=way.value, undone_at__isnull=True).exists():
            raise Conflict("entered_already", "This pass was entered already.")
        row = ManualPass.objects.create(person=person, door=door, at=at, way=way.value, note=note, made_by=by, made_at=now)
        audit_note(by=by, action="pass.entered", target=_target(row), reason=note, after=_values(row), now=now)
        mark([_window(row)], why=Why.MARK)
    return row


def pass_undo(*, row: ManualPass, by: User, now: datetime) -> ManualPass:
    """Take it back. Raises Conflict if that was done already or its day is sealed."""
    with transaction.atomic():
        locked = ManualPass.objects.select_for_update(of=("self",), no_key=True).select_related("door__site", "person").get(pk=row.pk)
        refuse_own(person=locked.person, by=by)
        if locked.undone_at is not None:
            raise Conflict("nothing_to_undo", "This pass was undone already.")
        refuse_sealed(site=locked.door.site_id, day=_day(locked.door, locked.at))
        locked.undone_by, locked.undone_at = by, now
        locked.save(update_fields=["undone_by", "undone_at"])
        audit_note(by=by, action="pass.undone", target=_target(locked), before=_values(locked), now=now)
        mark([_window(locked)], why=Why.MARK)
    return locked


def _refuse_time(door: Door, at: datetime, now: datetime) -> None:
    if not EARLIEST <= at <= now:
        message = "The time lies in the future, or before this century; enter when the person passed."
    elif (door.used_from and at < door.used_from) or (door.used_until and at >= door.used_until):
        message = f"The door {door.name} was not in use at that time; choose another door or time."
    else:
        return
    raise Rejected("wrong_time", message, errors={"at": [message]})


def _day(door: Door, at: datetime) -> date:
    return local_day(at, door.site.zone, door.site.day_cut)


def _window(row: ManualPass) -> Window:
    return windows.person_day(site=row.door.site_id, day=_day(row.door, row.at), person=row.person_id)


def _target(row: ManualPass) -> Target:
    return Target("manual_pass", row.uuid, row.person.uuid)


def _values(row: ManualPass) -> dict[str, object]:
    return {"door": str(row.door), "at": row.at.isoformat(), "way": row.way}
