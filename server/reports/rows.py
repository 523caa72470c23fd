"""What reports read: each of these is one query, however many rows there are."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.selectors import attendance_visible, open_days_visible, visits_visible
from server.core.errors import Rejected
from server.people.models import Membership, Person
from server.reports.questions import Question
from server.sites.models import Door

MAX_ROWS = 10_000
_T = TypeVar("_T")


def limited(rows: Iterable[_T]) -> list[_T]:
    """Raises Rejected for more than `MAX_ROWS`: a report that was cut off looks whole."""
    found = list(rows[: MAX_ROWS + 1]) if isinstance(rows, QuerySet) else list(rows)
    if len(found) > MAX_ROWS:
        raise Rejected("too_many_rows", f"This report has more than {MAX_ROWS} rows; ask for fewer days, a site, a group or a person.")
    return found


def records_of(question: Question) -> QuerySet[AttendanceRecord]:
    """The records that the question is about, by day, session and name."""
    found = attendance_visible(user=question.user, scope=question.scope).filter(local_date__range=(question.first, question.last))
    if question.site is not None:
        found = found.filter(session__site=question.site)
    if question.group is not None:
        found = found.filter(session__group=question.group)
    if question.person is not None:
        found = found.filter(person=question.person)
    if question.door is not None:
        found = found.filter(_served_by(question.door))
    return found.order_by("local_date", "session__begins_at", "session_id", "person__name", "person_id")


def _served_by(door: Door) -> Q:
    own, any_own = Door.objects.filter(pk=door.pk, sessions=OuterRef("session")), Door.objects.filter(sessions=OuterRef("session"))
    return Exists(own) | (~Exists(any_own) & Q(session__site=door.site_id))


def open_days_of(question: Question) -> QuerySet[OpenDayRecord]:
    """Open days by day and name; of a group those of its members of that day."""
    found = open_days_visible(user=question.user, scope=question.scope).filter(local_date__range=(question.first, question.last))
    if question.site is not None:
        found = found.filter(site=question.site)
    if question.person is not None:
        found = found.filter(person=question.person)
    if question.group is not None:
        found = found.filter(_in_group(question.group.pk))
    return found.order_by("local_date", "person__name", "person_id", "site_id")


def visits_of(question: Question) -> QuerySet[VisitRow]:
    """Visits in the order of their times."""
    found = visits_visible(user=question.user, scope=question.scope).filter(local_date__range=(question.first, question.last))
    for name, value in (("area", question.area), ("area__site", question.site), ("person", question.person)):
        if value is not None:
            found = found.filter(**{name: value})
    if question.group is not None:
        found = found.filter(_in_group(question.group.pk))
    return found.order_by("at", "id")


def members_of(question: Question) -> list[Person]:
    """Whom the caller sees of the group's members in these days, by name."""
    inside = Membership.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=question.first), group=question.group, valid_from__lte=question.last
    )
    return limited(question.people.filter(pk__in=inside.values("person_id")).order_by("name", "id"))


def by_person(records: Iterable[AttendanceRecord]) -> dict[Person, list[AttendanceRecord]]:
    """In the order given."""
    found: dict[Person, list[AttendanceRecord]] = defaultdict(list)
    for record in records:
        found[record.person].append(record)
    return found


def worked_by_day(records: Iterable[AttendanceRecord], days: Iterable[OpenDayRecord]) -> dict[Person, dict[date, int]]:
    """Seconds per person and day: those of the sessions, and on days without any those of the open day."""
    found: dict[Person, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    expected = set()
    for record in records:
        expected.add((record.person_id, record.local_date))
        found[record.person][record.local_date] += record.worked_s or 0
    for day in days:
        if (day.person_id, day.local_date) not in expected:
            found[day.person][day.local_date] += day.worked_s
    return found


def _in_group(group: int) -> Exists:
    day = OuterRef("local_date")
    covers = Q(valid_from__lte=day) & (Q(valid_until__isnull=True) | Q(valid_until__gte=day))
    return Exists(Membership.objects.filter(covers, group=group, person=OuterRef("person")))
