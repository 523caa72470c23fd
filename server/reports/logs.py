"""One after the other: the days of a person, the passes at a door, the visits of a server room."""

from datetime import date, datetime

from server.attendance.correction_models import ManualPass
from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.rules.records import VisitState
from server.core.errors import Rejected
from server.people.models import Person
from server.reports.blind import Blindness
from server.reports.daily import at, early_words, late_words
from server.reports.questions import Question
from server.reports.rows import limited, open_days_of, records_of, visits_of
from server.reports.tables import Column, Row, Table, seconds
from server.reports.words import VISIT, remarks, state_words
from server.sightings.models import Sighting
from server.sites.days import day_bounds, local_day
from server.sites.models import Door

MAX_PASSES = 100_000
PERSON_COLUMNS = (
    Column("Date", 12), Column("Session", 22), Column("From", 7), Column("To", 7), Column("Attendance", 22), Column("First in", 8),
    Column("Last out", 8), Column("Late", 26), Column("Left early", 18), Column("Hours", 7), Column("Remarks", 26),
)  # fmt: skip
DOOR_COLUMNS = (
    Column("Date", 12), Column("Person", 30), Column("Number", 12), Column("First pass", 10), Column("Last pass", 10), Column("Passes", 8)
)  # fmt: skip
VISIT_COLUMNS = (
    Column("Date", 12), Column("Area", 20), Column("Site", 18), Column("Person", 26), Column("Number", 10), Column("Entered", 9),
    Column("Left", 9), Column("Left on", 12), Column("Stayed", 8), Column("Remarks", 34),
)  # fmt: skip


def person_table(question: Question) -> Table:
    """Session after session, and the days on which the person was here without being expected."""
    records, days = limited(records_of(question)), limited(open_days_of(question))
    expected, blindness = {record.local_date for record in records}, Blindness(records)
    told: list[tuple[date, Row]] = [(record.local_date, _session(record, blindness)) for record in records]
    told += [(day.local_date, _open_day(day)) for day in days if day.local_date not in expected]
    worked = sum(record.worked_s or 0 for record in records) + sum(day.worked_s for day in days if day.local_date not in expected)
    person = question.person
    return Table(
        title=f"{person.name if person else ''}, {question.first:%d %b %Y} to {question.last:%d %b %Y}",
        about=(f"{len(records)} sessions, {len({day.local_date for day in days})} days here",),
        columns=PERSON_COLUMNS,
        rows=tuple(row for _, row in sorted(told, key=lambda one: one[0])),
        footers=(("All", *[None] * 8, seconds(worked), None),) if told else (),
    )


def door_table(question: Question) -> Table:
    """Who passed a door on which day: first, last and how often. Passes of unknown time are left out, those entered by hand are in."""
    door = question.door
    assert door is not None  # noqa: S101 (a report about a door asks for one)
    found: dict[tuple[date, int], list[datetime]] = {}
    for person, passed_at in _passes(question, door):
        found.setdefault((local_day(passed_at, door.site.zone, door.site.day_cut), person), []).append(passed_at)
    people = {person.pk: person for person in question.people.filter(pk__in={person for _, person in found})}
    order = sorted(limited(found), key=lambda key: (key[0], people[key[1]].name, key[1]))
    return Table(
        title=f"Passes at {door.name}, {question.first:%d %b %Y} to {question.last:%d %b %Y}",
        about=(f"{door.site.name}: {sum(map(len, found.values()))} passes of {len(people)} people",),
        columns=DOOR_COLUMNS,
        rows=tuple(_passed(day, people[person], found[day, person], door) for day, person in order),
        legend=(f"A day begins at {door.site.day_cut:%H:%M}. Passes of people who are not known are not listed.",),
    )


def visits_table(question: Question) -> Table:
    """Every visit with how long it was; those without an exit are errors until somebody enters it."""
    visits = limited(visits_of(question))
    open_ones = sum(1 for visit in visits if visit.state == VisitState.OPEN)
    where = question.area.name if question.area else question.site.name if question.site else "all areas"
    stayed = sum(visit.duration_s or 0 for visit in visits)
    return Table(
        title=f"Visits of {where}, {question.first:%d %b %Y} to {question.last:%d %b %Y}",
        about=(f"{len(visits)} visits by {len({visit.person_id for visit in visits})} people, {open_ones} open",),
        columns=VISIT_COLUMNS,
        rows=tuple(_visit(visit) for visit in visits),
        footers=(("All", *[None] * 7, seconds(stayed), None),) if visits else (),
    )


def _passes(question: Question, door: Door) -> list[tuple[int, datetime]]:
    """Who passed, and when. Raises Rejected for more than `MAX_PASSES`."""
    zone, cut = door.site.zone, door.site.day_cut
    begins, ends = day_bounds(question.first, zone, cut)[0], day_bounds(question.last, zone, cut)[1]
    people = question.people
    if question.group is not None:
        people = people.filter(memberships__group=question.group)
    whose = people.order_by().values("pk")
    seen = Sighting.objects.filter(door=door, time_known=True, captured_at__gte=begins, captured_at__lt=ends, counts_for__in=whose)
    by_hand = ManualPass.objects.filter(door=door, undone_at__isnull=True, at__gte=begins, at__lt=ends, person__in=whose)
    found = list(seen.order_by().values_list("counts_for", "captured_at")[: MAX_PASSES + 1])
    found += list(by_hand.order_by().values_list("person", "at")[: MAX_PASSES + 1])
    if len(found) > MAX_PASSES:
        raise Rejected("too_many_rows", f"More than {MAX_PASSES} passes; ask for fewer days, a group or a person.")
    return [(person, passed_at) for person, passed_at in found if person is not None]


def _passed(day: date, person: Person, passes: list[datetime], door: Door) -> Row:
    first, last = at(min(passes), door.site), at(max(passes), door.site)
    return (day, person.name, person.number or "", first, last, len(passes))


def _session(record: AttendanceRecord, blindness: Blindness) -> Row:
    session, site = record.session, record.session.site
    when = (record.local_date, session.name, at(session.begins_at, site), at(session.ends_at, site))
    seen = (state_words(record), at(record.first_in, site), at(record.last_out, site))
    judged = (late_words(record, blindness), early_words(record, blindness), seconds(record.worked_s))
    return (*when, *seen, *judged, remarks(record.problems, record.note))


def _open_day(day: OpenDayRecord) -> Row:
    seen = (f"was here: {day.site.name}", at(day.first_seen, day.site), at(day.last_seen, day.site))
    return (day.local_date, "–", None, None, *seen, "", "", seconds(day.worked_s), remarks(day.problems))


def _visit(visit: VisitRow) -> Row:
    site = visit.area.site
    who = (visit.person.name, visit.person.number or "")
    left = at(visit.left_at, site)
    later = left.date() if left is not None and left.date() != visit.local_date else None
    words = "; ".join(filter(None, [VISIT[VisitState(visit.state)], remarks(_beside(visit))]))
    return (visit.local_date, visit.area.name, site.name, *who, at(visit.entered_at, site), left, later, seconds(visit.duration_s), words)


def _beside(visit: VisitRow) -> list[str]:
    """Problems that the state does not tell already."""
    return [problem for problem in visit.problems if problem == "entered_twice"]
