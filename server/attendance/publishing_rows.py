"""Records as rows and back, and as JSON. Each of the three kinds of record has a shelf that knows how it is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Manager, Q

from server.attendance.models import AttendanceRecord, Derivation, OpenDayRecord, VisitRow
from server.attendance.rules.facts import Method, State
from server.attendance.rules.records import DayRecord, Excuse, Problem, SessionRecord, VisitRecord, VisitState
from server.attendance.seal_models import Subject

Record = SessionRecord | VisitRecord | DayRecord
Columns = dict[str, object]
Json = dict[str, object]
NOT_TOLD = frozenset({"person_id", "session_id", "area_id", "site_id", "mark_id", "at", "known_by"})
"""What the key of a record says already, or another column."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which record: unique over all kinds of records. `name` is in the words of its kind."""

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of a record. A row that has gone has no record, but still its version."""

    pk: int
    version: int
    record: Record | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """How one kind of record is kept."""

    subject: Subject
    rows: Manager[Any]
    site: str
    """The way from a row to its site."""
    known_by: tuple[str, ...]
    columns: tuple[str, ...]
    columns_of: Callable[[Any], Columns]
    record_of: Callable[[Sequence[Any]], Record]
    """From the values of `columns`."""


def session_key(*, session: int, person: int) -> Key:
    """A person at a session."""
    return Key(Subject.SESSION, f"{session}:{person}")


def visit_key(*, area: int, person: int, known_by: str) -> Key:
    """A visit, known by the id of its entry, or of its exit where no entry was seen."""
    return Key(Subject.VISIT, f"{area}:{person}:{known_by}")


def open_day_key(*, site: int, person: int, local_date: date) -> Key:
    """A person's open day at a site."""
    return Key(Subject.OPEN_DAY, f"{site}:{person}:{local_date}")


def key_of(record: Record) -> Key:
    """Which record it is."""
    if isinstance(record, SessionRecord):
        return session_key(session=record.session, person=record.person)
    if isinstance(record, VisitRecord):
        return visit_key(area=record.area, person=record.person, known_by=record.entry or record.exit or "")
    return open_day_key(site=record.site, person=record.person, local_date=record.local_date)


def shelf_of(record: Record) -> Shelf:
    """Where it is kept."""
    if isinstance(record, SessionRecord):
        return SESSIONS
    return VISITS if isinstance(record, VisitRecord) else OPEN_DAYS


def json_of(record: Record | None) -> Json | None:
    """What a record says, for those who compare: times in ISO 8601, None where there is no record."""
    if record is None:
        return None
    columns = shelf_of(record).columns_of(record)
    return {name: _plain(value) for name, value in columns.items() if name not in NOT_TOLD}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def kept_by_key(shelf: Shelf, about: Q) -> dict[Key, Kept]:
    """The rows about this, also those that have gone."""
    rows = shelf.rows.filter(about).order_by().values_list("pk", "version", "gone_at", *shelf.columns)
    found = {}
    for pk, version, gone_at, *values in rows:
        record = shelf.record_of(values)
        found[key_of(record)] = Kept(pk, version, record if gone_at is None else None)
    return found


def row_of(record: Record, *, changed_at: datetime, version: int) -> Derivation:
    """A row that says so, to be stored over the one with the same key."""
    shelf = shelf_of(record)
    row: Derivation = shelf.rows.model(**shelf.columns_of(record), changed_at=changed_at, version=version, gone_at=None)
    return row


def _session_columns(record: SessionRecord) -> Columns:
    return {
        "person_id": record.person,
        "session_id": record.session,
        "local_date": record.local_date,
        "state": record.state.value,
        "decided": record.decided,
        "late_by_s": record.late_by_s,
        "late_uncertain": record.late_uncertain,
        "left_early_by_s": record.left_early_by_s,
        "early_uncertain": record.early_uncertain,
        "half_day": record.half_day,
        "worked_s": record.worked_s,
        "first_in": record.first_in,
        "last_out": record.last_out,
        "method": record.method.value if record.method else "",
        "excuse": record.excuse.value if record.excuse else "",
        "note": record.note,
        "problems": [problem.value for problem in record.problems],
        "evidence": list(record.evidence),
        "mark_id": record.mark,
        "corrections": list(record.corrections),
    }


def _session_record(values: Sequence[Any]) -> SessionRecord:
    person, session, day, state, decided, late, late_doubt, early, early_doubt, half_day, worked_s, *rest = values
    first_in, last_out, method, excuse, note, problems, evidence, mark, corrections = rest
    return SessionRecord(
        person=person,
        session=session,
        local_date=day,
        state=State(state),
        decided=decided,
        late_by_s=late,
        late_uncertain=late_doubt,
        left_early_by_s=early,
        early_uncertain=early_doubt,
        half_day=half_day,
        worked_s=worked_s,
        first_in=first_in,
        last_out=last_out,
        method=Method(method) if method else None,
        excuse=Excuse(excuse) if excuse else None,
        note=note,
        problems=_problems(problems),
        evidence=tuple(evidence),
        mark=mark,
        corrections=tuple(corrections),
    )


def _visit_columns(record: VisitRecord) -> Columns:
    return {
        "person_id": record.person,
        "area_id": record.area,
        "local_date": record.local_date,
        "state": record.state.value,
        "entered_at": record.entered_at,
        "left_at": record.left_at,
        "duration_s": record.duration_s,
        "entry_id": record.entry or "",
        "exit_id": record.exit or "",
        "problems": [problem.value for problem in record.problems],
        "at": record.entered_at or record.left_at,
        "known_by": record.entry or record.exit,
    }


def _visit_record(values: Sequence[Any]) -> VisitRecord:
    person, area, day, state, entered_at, left_at, duration_s, entry, exit_, problems, *_ = values
    return VisitRecord(
        person, area, day, VisitState(state), entered_at, left_at, duration_s, entry or None, exit_ or None, _problems(problems)
    )


def _open_day_columns(record: DayRecord) -> Columns:
    return {
        "person_id": record.person,
        "site_id": record.site,
        "local_date": record.local_date,
        "first_seen": record.first_seen,
        "last_seen": record.last_seen,
        "sightings": record.passes,
        "worked_s": record.worked_s,
        "problems": [problem.value for problem in record.problems],
    }


def _open_day_record(values: Sequence[Any]) -> DayRecord:
    person, site, day, first_seen, last_seen, passes, worked_s, problems = values
    return DayRecord(person, site, day, first_seen, last_seen, passes, worked_s, _problems(problems))


def _problems(words: Sequence[str]) -> tuple[Problem, ...]:
    return tuple(Problem(word) for word in words)


_SESSION_COLUMNS = (
    "person_id", "session_id", "local_date", "state", "decided", "late_by_s", "late_uncertain", "left_early_by_s", "early_uncertain",
    "half_day", "worked_s", "first_in", "last_out", "method", "excuse", "note", "problems", "evidence", "mark_id", "corrections",
)  # fmt: skip
_VISIT_COLUMNS = (
    "person_id", "area_id", "local_date", "state", "entered_at", "left_at", "duration_s", "entry_id", "exit_id", "problems", "at",
    "known_by",
)  # fmt: skip
_OPEN_DAY_COLUMNS = ("person_id", "site_id", "local_date", "first_seen", "last_seen", "sightings", "worked_s", "problems")
_SESSION_KEY = ("session_id", "person_id")
_VISIT_KEY = ("area_id", "person_id", "known_by")
_OPEN_DAY_KEY = ("site_id", "person_id", "local_date")
SESSIONS = Shelf(
    Subject.SESSION, AttendanceRecord.objects, "session__site", _SESSION_KEY, _SESSION_COLUMNS, _session_columns, _session_record
)
VISITS = Shelf(Subject.VISIT, VisitRow.objects, "area__site", _VISIT_KEY, _VISIT_COLUMNS, _visit_columns, _visit_record)
OPEN_DAYS = Shelf(Subject.OPEN_DAY, OpenDayRecord.objects, "site", _OPEN_DAY_KEY, _OPEN_DAY_COLUMNS, _open_day_columns, _open_day_record)
SHELVES = (SESSIONS, VISITS, OPEN_DAYS)
