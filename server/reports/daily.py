"""The day of a site, and who came late or left early."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.reports.blind import Blindness
from server.reports.questions import Question
from server.reports.rows import limited, open_days_of, records_of
from server.reports.tables import Cell, Column, Row, Table, seconds
from server.reports.words import lateness, remarks, state_words
from server.sites.models import Site

DAY_COLUMNS = (
    Column("Session", 22), Column("From", 7), Column("To", 7), Column("Person", 24), Column("Number", 10), Column("Attendance", 20),
    Column("First in", 8), Column("Last out", 8), Column("Late", 22), Column("Left early", 16), Column("Hours", 7), Column("Remarks", 26),
)  # fmt: skip
LATE_COLUMNS = (
    Column("Date", 12), Column("Session", 22), Column("Group", 18), Column("Person", 24), Column("Number", 10), Column("Expected", 9),
    Column("First in", 8), Column("Late", 30), Column("Last out", 8), Column("Left early", 30),
)  # fmt: skip


def day_table(question: Question) -> Table:
    """Everybody expected on that day, by session; then whoever was there without being expected."""
    records = limited(records_of(question))
    expected = {record.person_id for record in records}
    others = [day for day in limited(open_days_of(question)) if day.person_id not in expected]
    blindness = Blindness(records)
    rows = (*(_expected(record, blindness) for record in records), *(_seen(day) for day in others))
    return Table(
        title=f"Attendance of {question.first:%A, %d %B %Y}",
        about=(_counts(records, others),),
        columns=DAY_COLUMNS,
        rows=rows,
        legend=("Hours are hours and minutes. “So far”: not every door has told everything yet.",),
    )


def late_table(question: Question) -> Table:
    """Everybody who came later or left earlier than allowed, day by day."""
    records = limited(records_of(question).filter(Q(late_by_s__gt=0) | Q(left_early_by_s__gt=0)))
    blindness = Blindness(records)
    late = sum(1 for record in records if record.late_by_s)
    return Table(
        title=f"Late and early, {question.first:%d %b %Y} to {question.last:%d %b %Y}",
        about=(f"{late} times late, {sum(1 for record in records if record.left_early_by_s)} times left early.",),
        columns=LATE_COLUMNS,
        rows=tuple(_late(record, blindness) for record in records),
    )


def at(moment: datetime | None, site: Site) -> datetime | None:
    """On the clock of the site."""
    return None if moment is None else moment.astimezone(site.zone)


def late_words(record: AttendanceRecord, blindness: Blindness) -> str:
    """How late, and why that is not certain where it is not."""
    why = blindness.before_entry(record) if record.late_uncertain and record.late_by_s else ""
    return lateness(record.late_by_s, uncertain=record.late_uncertain, why=why)


def early_words(record: AttendanceRecord, blindness: Blindness) -> str:
    """As `late_words`, for the end."""
    why = blindness.after_exit(record) if record.early_uncertain and record.left_early_by_s else ""
    return lateness(record.left_early_by_s, uncertain=record.early_uncertain, why=why)


def _expected(record: AttendanceRecord, blindness: Blindness) -> Row:
    session, site = record.session, record.session.site
    told: tuple[Cell, ...] = (state_words(record), at(record.first_in, site), at(record.last_out, site))
    judged = (late_words(record, blindness), early_words(record, blindness), seconds(record.worked_s))
    who = (record.person.name, record.person.number or "")
    return (
        session.name,
        at(session.begins_at, site),
        at(session.ends_at, site),
        *who,
        *told,
        *judged,
        remarks(record.problems, record.note),
    )


def _seen(day: OpenDayRecord) -> Row:
    who = (day.person.name, day.person.number or "")
    seen = ("was here", at(day.first_seen, day.site), at(day.last_seen, day.site))
    return ("–", None, None, *who, *seen, "", "", seconds(day.worked_s), remarks(day.problems))


def _late(record: AttendanceRecord, blindness: Blindness) -> Row:
    session, site = record.session, record.session.site
    what = (record.local_date, session.name, session.group.name, record.person.name, record.person.number or "")
    came = (at(session.begins_at, site), at(record.first_in, site), late_words(record, blindness))
    return (*what, *came, at(record.last_out, site), early_words(record, blindness))


def _counts(records: Iterable[AttendanceRecord], others: list[OpenDayRecord]) -> str:
    found: dict[str, int] = {}
    for record in records:
        found[record.state] = found.get(record.state, 0) + 1
    words = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(found.items()))
    return f"{words or 'Nobody was expected'}; {len(others)} here without being expected."
