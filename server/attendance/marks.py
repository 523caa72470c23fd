"""Manual marks: staff say how a person was at a session, enrolled or not.

A mark of somebody whom the session does not expect (a guest) is kept and shown with the session; it makes no record of attendance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from server.accounts.models import User
from server.attendance.correction_models import ManualMark
from server.attendance.corrections_guards import refuse_cancelled, refuse_own, refuse_wrong_order, refuse_wrong_time
from server.attendance.rules.facts import State
from server.attendance.seals import refuse_sealed
from server.audit.services import Note, Target, audit_notes
from server.core.errors import Conflict, Rejected
from server.people.models import Person
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.schedules.models import Session

SAID = frozenset({State.PRESENT, State.ABSENT, State.EXCUSED})


@dataclass(frozen=True, slots=True)
class Said:
    """How staff say it was. Times only for who was present."""

    state: State
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Made:
    """The marks that stand now, by person, and those of them that are new."""

    rows: list[ManualMark]
    new: list[ManualMark]


def mark_make(*, person: Person, session: Session, said: Said, by: User, now: datetime, batch: UUID | None = None) -> ManualMark:
    """Mark one person. Saying again what the newest mark says changes nothing.

    Raises Rejected for times that cannot be, Forbidden for one's own attendance, Conflict for a sealed day or a cancelled session.
    """
    with transaction.atomic():
        _refuse_session(session)
        made = _made(session, {person: said}, by, now, batch)
        if made.new:
            mark([windows.person_day(site=session.site_id, day=session.local_date, person=person.pk)], why=Why.MARK)
    return made.rows[0]


def session_mark(*, session: Session, said: Mapping[Person, Said], by: User, now: datetime) -> list[ManualMark]:
    """Mark many at once, all or nobody; what is new has one batch, so that it can be undone at once. Raises as `mark_make` does."""
    if not said:
        raise Rejected("nobody", "Nobody is named; say how at least one person was.")
    with transaction.atomic():
        _refuse_session(session)
        made = _made(session, said, by, now, uuid4())
        if made.new:
            mark([windows.session(session.pk)], why=Why.MARK)
    return made.rows


def mark_undo(*, row: ManualMark, by: User, now: datetime) -> ManualMark:
    """Take a mark back: the one before it counts again, or the sightings. Raises Conflict if that was done already."""
    return marks_undo(rows=[row], by=by, now=now)[0]


def marks_undo(*, rows: Iterable[ManualMark], by: User, now: datetime) -> list[ManualMark]:
    """Take marks of one session back, all or none. Raises Conflict where there is nothing to undo, or the day is sealed."""
    with transaction.atomic():
        keys = [row.pk for row in rows]
        locked = ManualMark.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys, undone_at__isnull=True)
        found = list(locked.select_related("session", "person").order_by("pk"))
        if not found:
            raise Conflict("nothing_to_undo", "This was undone already.")
        for site, day in sorted({(row.session.site_id, row.session.local_date) for row in found}):
            refuse_sealed(site=site, day=day)
        for row in found:
            refuse_own(person=row.person, by=by)
            row.undone_by, row.undone_at = by, now
        ManualMark.objects.bulk_update(found, ["undone_by", "undone_at"])
        notes = [Note(_target(row), before=_values(row)) for row in found]
        audit_notes(by=by, action="mark.undone", notes=notes, now=now)
        mark({_window(row) for row in found}, why=Why.MARK)
    return found


def _refuse_session(session: Session) -> None:
    refuse_cancelled(session)
    refuse_sealed(site=session.site_id, day=session.local_date)


def _made(session: Session, said: Mapping[Person, Said], by: User, now: datetime, batch: UUID | None) -> _Made:
    """In a fixed number of queries, however many are marked."""
    for person, how in said.items():
        refuse_own(person=person, by=by)
        _refuse_said(how, session, now)
    people = sorted(said, key=_key)
    keys = [person.pk for person in people]
    list(Person.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk"))
    standing = ManualMark.objects.filter(person__in=keys, session=session, undone_at__isnull=True).order_by("pk")
    newest = {row.person_id: row for row in standing.select_related("session")}
    wanted = [person for person in people if person.pk not in newest or _said(newest[person.pk]) != said[person]]
    new = ManualMark.objects.bulk_create(_row(person, session, said[person], by, now, batch) for person in wanted)
    notes = [Note(_target(row), row.note, _values(newest.get(row.person_id)), _values(row)) for row in new]
    audit_notes(by=by, action="mark.made", notes=notes, now=now)
    made = newest | {row.person_id: row for row in new}
    return _Made([made[key] for key in keys], new)


def _row(person: Person, session: Session, said: Said, by: User, now: datetime, batch: UUID | None) -> ManualMark:
    return ManualMark(
        person=person,
        session=session,
        state=said.state.value,
        arrived_at=said.arrived_at,
        left_at=said.left_at,
        note=said.note,
        batch=batch,
        made_by=by,
        made_at=now,
    )


def _refuse_said(said: Said, session: Session, now: datetime) -> None:
    if said.state not in SAID:
        raise Rejected("no_such_mark", "Somebody is marked present, absent or excused.", errors={"state": ["present, absent or excused"]})
    if said.state is not State.PRESENT and (said.arrived_at or said.left_at):
        message = "Times are for somebody who was present; leave them out, or mark the person present."
        raise Rejected("times_of_nobody", message, errors={"arrived_at" if said.arrived_at else "left_at": [message]})
    if said.state is State.PRESENT and now < session.window_begins_at:
        raise Rejected("not_begun", "Nobody can be present yet; mark the person once people may come.", errors={"state": ["not begun yet"]})
    refuse_wrong_order(names=("arrived_at", "left_at"), first=said.arrived_at, last=said.left_at)
    refuse_wrong_time(name="arrived_at", at=said.arrived_at, session=session, now=now)
    refuse_wrong_time(name="left_at", at=said.left_at, session=session, now=now)


def _window(row: ManualMark) -> Window:
    return windows.person_day(site=row.session.site_id, day=row.session.local_date, person=row.person_id)


def _key(person: Person) -> int:
    return person.pk


def _said(row: ManualMark) -> Said:
    return Said(State(row.state), row.arrived_at, row.left_at, row.note)


def _target(row: ManualMark) -> Target:
    return Target("manual_mark", row.uuid, row.person.uuid)


def _values(row: ManualMark | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {
        "session": str(row.session.uuid),
        "state": row.state,
        "arrived_at": None if row.arrived_at is None else row.arrived_at.isoformat(),
        "left_at": None if row.left_at is None else row.left_at.isoformat(),
        "note": row.note,
    }
