"""The sheet of a session: everybody who was expected, and whoever has a record beside, with the record. A fixed number of queries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from server.attendance.facts_of_site import session_facts_at
from server.attendance.models import AttendanceRecord
from server.people.models import Person
from server.schedules.models import Session
from server.schedules.selectors import expected_people
from server.sightings.coverage import synced_through
from server.sites.models import Door

WAITING = "pending"
SHOWN = ("uuid", "name", "number", "account")
"""What those who only show a sheet need to know of a person."""


class SheetRecord(NamedTuple):
    """What a sheet tells of a record. Rows of hundreds are read faster than as models."""

    uuid: UUID
    state: str
    decided: bool
    late_by_s: int | None
    late_uncertain: bool
    left_early_by_s: int | None
    early_uncertain: bool
    half_day: bool
    worked_s: int | None
    first_in: datetime | None
    last_out: datetime | None
    method: str
    excuse: str
    note: str
    problems: list[str]
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Somebody on the sheet. No record: it is too early to say anything."""

    person: Person
    expected: bool
    record: SheetRecord | None

    @property
    def state(self) -> str:
        return WAITING if self.record is None else self.record.state


@dataclass(frozen=True, slots=True)
class DoorKnown:
    """A door that serves the session, and until when everybody who passed it is known of."""

    door: Door
    known_through: datetime | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A session with everybody who belongs on its sheet, by name."""

    session: Session
    rows: tuple[SheetRow, ...]
    doors: tuple[DoorKnown, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many are in each state."""
        return Counter(row.state for row in self.rows)

    @property
    def late(self) -> int:
        return sum(1 for row in self.rows if row.record is not None and (row.record.late_by_s or 0) > 0)


def session_sheet(session: Session, *, people: QuerySet[Person], now: datetime) -> Sheet:
    """Of these people: whom the caller may see."""
    found = AttendanceRecord.objects.filter(session=session, gone_at__isnull=True).order_by()
    records = {person: SheetRecord(*told) for person, *told in found.values_list("person", *SheetRecord._fields)}
    expected = set(expected_people(session).values_list("pk", flat=True))
    listed = people.filter(pk__in=expected | records.keys()).order_by("name", "id")
    rows = tuple(SheetRow(person, person.pk in expected, records.get(person.pk)) for person in listed)
    return Sheet(session, rows, _doors(session, now))


def _doors(session: Session, now: datetime) -> tuple[DoorKnown, ...]:
    doors = {door.pk: door for door in Door.objects.filter(site=session.site_id).order_by("name", "id")}
    serving = {one.door for one in session_facts_at(doors, [session])[session.pk].serving}
    known = synced_through(doors=serving, now=now)
    return tuple(DoorKnown(door, known[key]) for key, door in doors.items() if key in serving)
