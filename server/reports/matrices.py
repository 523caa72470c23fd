"""People against days, periods or totals: the monthly sheet, hours, and the summary of a group."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.people.models import Person
from server.reports.questions import Period, Question
from server.reports.rows import by_person, limited, members_of, open_days_of, records_of, worked_by_day
from server.reports.tables import Column, Row, Table, seconds
from server.reports.words import LEGEND, day_sign

GROUP_COLUMNS = (
    Column("Person", 28), Column("Number", 12), Column("Sessions", 9), Column("Present", 9), Column("Absent", 9), Column("Excused", 9),
    Column("Not known", 10), Column("Rate", 8), Column("Late", 7), Column("Late in all", 11), Column("Left early", 10), Column("Hours", 9),
)  # fmt: skip
TO_MINUTES = 60


def monthly_table(question: Question) -> Table:
    """People of a group against the days: a sign for each day, then totals; to be signed."""
    people, records = members_of(question), by_person(limited(records_of(question)))
    rows = tuple(_sheet_row(person, records.get(person, []), question.days) for person in _everybody(people, records))
    days = tuple(Column(f"{day:%a %d}"[:2] + f" {day.day}", 4) for day in question.days)
    totals = (Column("Present", 9), Column("Absent", 8), Column("Excused", 10), Column("Late", 6), Column("Hours", 9))
    group = question.group
    return Table(
        title=f"Attendance sheet of {group.name if group else ''}",
        about=(f"{question.first:%d %B %Y} to {question.last:%d %B %Y}, {len(rows)} people",),
        columns=(Column("Person", 26), Column("Number", 10), *days, *totals),
        rows=rows,
        legend=(
            LEGEND,
            "More than one session on a day: the signs of each in order, with how often in a row. Half a day counts as present.",
        ),
        signed=True,
    )


def hours_table(question: Question) -> Table:
    """Hours per person and week or month: those of sessions, and on days without any those of the open day."""
    worked = worked_by_day(limited(records_of(question)), limited(open_days_of(question)))
    periods = list(dict.fromkeys(_begin(day, question.by) for day in question.days))
    people = sorted(worked, key=lambda person: (person.name, person.pk))
    rows = tuple(_hours_row(person, worked[person], periods, question.by) for person in people)
    sums = [timedelta(seconds=sum(_sums(worked[person], question.by).get(period, 0) for person in people)) for period in periods]
    return Table(
        title=f"Hours per {question.by}, {question.first:%d %b %Y} to {question.last:%d %b %Y}",
        about=(f"{len(rows)} people",),
        columns=(
            Column("Person", 28),
            Column("Number", 12),
            *(Column(_name(period, question.by), 11) for period in periods),
            Column("Total", 10),
        ),
        rows=rows,
        footers=(("All", "", *sums, sum(sums, timedelta())),) if rows else (),
        legend=("Hours and minutes. Days with sessions count the hours of the sessions; other days those from first to last seen.",),
    )


def group_table(question: Question) -> Table:
    """What the members of a group come to over the days."""
    people, records = members_of(question), by_person(limited(records_of(question)))
    rows = tuple(_totals(person, records.get(person, [])) for person in _everybody(people, records))
    everything = [record for found in records.values() for record in found]
    group = question.group
    return Table(
        title=f"{group.name if group else ''}, {question.first:%d %b %Y} to {question.last:%d %b %Y}",
        about=(f"{len(rows)} people, {len({record.session_id for record in everything})} sessions",),
        columns=GROUP_COLUMNS,
        rows=rows,
        footers=(("All", "", *_sums_of(everything)),) if rows else (),
        legend=("Rate: present of those sessions that are known to be present or absent.",),
    )


def _everybody(people: Iterable[Person], records: Iterable[Person]) -> list[Person]:
    return sorted({*people, *records}, key=lambda person: (person.name, person.pk))


def _sheet_row(person: Person, records: Sequence[AttendanceRecord], days: Iterable[date]) -> Row:
    found: dict[date, list[AttendanceRecord]] = {}
    for record in records:
        found.setdefault(record.local_date, []).append(record)
    signs = tuple(day_sign(found.get(day, [])) for day in days)
    counts = (_count(records, State.PRESENT), _count(records, State.ABSENT), _count(records, State.EXCUSED), _late(records))
    return (person.name, person.number or "", *signs, *counts, seconds(_worked(records)))


def _hours_row(person: Person, worked: dict[date, int], periods: Iterable[date], by: Period) -> Row:
    sums = _sums(worked, by)
    return (person.name, person.number or "", *(seconds(sums.get(period)) for period in periods), seconds(sum(sums.values())))


def _sums(worked: dict[date, int], by: Period) -> dict[date, int]:
    found: dict[date, int] = {}
    for day, long in worked.items():
        found[_begin(day, by)] = found.get(_begin(day, by), 0) + long
    return found


def _begin(day: date, by: Period) -> date:
    return day.replace(day=1) if by is Period.MONTH else day - timedelta(days=day.weekday())


def _name(begin: date, by: Period) -> str:
    if by is Period.MONTH:
        return f"{begin:%b %Y}"
    year, week, _ = begin.isocalendar()
    return f"{year} W{week:02d}"


def _totals(person: Person, records: Sequence[AttendanceRecord]) -> Row:
    return (person.name, person.number or "", *_sums_of(records))


def _sums_of(records: Sequence[AttendanceRecord]) -> Row:
    present, absent = _count(records, State.PRESENT), _count(records, State.ABSENT)
    unknown = _count(records, State.PENDING) + _count(records, State.NOT_COVERED)
    rate = f"{100 * present // (present + absent)} %" if present + absent else ""
    counts = (len(records), present, absent, _count(records, State.EXCUSED), unknown, rate)
    early = sum(1 for record in records if record.left_early_by_s)
    return (*counts, _late(records), seconds(sum(record.late_by_s or 0 for record in records)), early, seconds(_worked(records)))


def _count(records: Iterable[AttendanceRecord], state: State) -> int:
    return sum(1 for record in records if record.state == state)


def _late(records: Iterable[AttendanceRecord]) -> int:
    return sum(1 for record in records if record.late_by_s)


def _worked(records: Iterable[AttendanceRecord]) -> int:
    return sum(record.worked_s or 0 for record in records)
