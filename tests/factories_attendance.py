"""Derived records for tests of what reads them."""

from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.rules.facts import Method, State
from server.attendance.rules.records import VisitState
from server.people.models import Person
from server.schedules.models import Area, Session
from server.sites.models import Door, Site
from tests.factories import NOON, a_person, a_session, a_site

_numbers = count(1)


def a_record(person: Person | None = None, session: Session | None = None, **values: object) -> AttendanceRecord:
    """Somebody who came in time and was seen leaving at the end."""
    at = session or a_session()
    here = {
        "state": State.PRESENT,
        "decided": True,
        "late_by_s": 0,
        "worked_s": int((at.ends_at - at.begins_at).total_seconds()),
        "first_in": at.begins_at,
        "last_out": at.ends_at,
        "method": Method.FACE,
    }
    absent = {"state": State.ABSENT, "decided": True}
    said = here if values.get("state", State.PRESENT) == State.PRESENT else absent
    return AttendanceRecord.objects.create(
        **{"person": person or a_person(), "session": at, "local_date": at.local_date, "changed_at": timezone.now(), **said, **values}
    )


def an_open_day(person: Person | None = None, site: Site | None = None, *, at: datetime = NOON, **values: object) -> OpenDayRecord:
    """Seen at `at` and eight hours later."""
    place, later = site or a_site(), at + timedelta(hours=8)
    seen = {"first_seen": at, "last_seen": later, "sightings": 2, "worked_s": 28_800, "changed_at": timezone.now()}
    day = at.astimezone(place.zone).date()
    return OpenDayRecord.objects.create(**{"person": person or a_person(), "site": place, "local_date": day, **seen, **values})


def an_area(site: Site | None = None, *doors: Door, **values: object) -> Area:
    area = Area.objects.create(**{"site": site or a_site(), "name": f"Area {next(_numbers)}", **values})
    area.doors.set(doors)
    return area


def a_visit(
    person: Person | None = None, area: Area | None = None, *, at: datetime = NOON, minutes: int | None = 30, **values: object
) -> VisitRow:
    """Entered at `at`; without minutes nobody was seen leaving."""
    place, number = area or an_area(), next(_numbers)
    end = {} if minutes is None else {"left_at": at + timedelta(minutes=minutes), "duration_s": minutes * 60, "exit_id": f"exit-{number}"}
    state = VisitState.OPEN if minutes is None else VisitState.CLOSED
    entry = {"entered_at": at, "at": at, "entry_id": f"entry-{number}", "known_by": f"entry-{number}", "state": state}
    day = {"local_date": at.astimezone(place.site.zone).date(), "changed_at": timezone.now()}
    return VisitRow.objects.create(**{"person": person or a_person(), "area": place, **day, **entry, **end, **values})
