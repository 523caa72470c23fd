"""The lists of attendance as columns of CSV. Times are on the clock of the site."""

import json
from collections.abc import Callable

from server.attendance.sheets import SheetRow
from server.core.csv_lists import Columns, Getter, at_site
from server.schedules.models import Session

WHO: Columns = (("person", "person.name"), ("person_id", "person.uuid"), ("number", "person.number"))
ROW: Columns = (("problems", "problems"), ("version", "version"), ("changed_at", "changed_at"), ("id", "uuid"))


def _at(moment: Getter, site: str) -> tuple[str, Getter]:
    return (str(moment), at_site(moment, f"{site}.zone"))


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _of_record(name: str) -> Callable[[tuple[Session, SheetRow]], object]:
    """A column of the record, where there is one, on the clock of the session's site."""

    def value(told: tuple[Session, SheetRow]) -> object:
        session, row = told
        return at_site(lambda _: getattr(row.record, name, None), lambda _: session.site.zone)(row)

    return value


OPEN_DAY_COLUMNS: Columns = (
    ("date", "local_date"),
    *WHO,
    ("site", "site.name"),
    _at("first_seen", "site"),
    _at("last_seen", "site"),
    ("sightings", "sightings"),
    ("worked_s", "worked_s"),
    *ROW,
)
ATTENDANCE_COLUMNS: Columns = (
    ("date", "local_date"),
    *WHO,
    ("session", "session.name"),
    ("session_id", "session.uuid"),
    ("group", "session.group.name"),
    ("site", "session.site.name"),
    ("begins_at", at_site("session.begins_at", "session.site.zone")),
    ("ends_at", at_site("session.ends_at", "session.site.zone")),
    ("state", "state"),
    ("decided", "decided"),
    _at("first_in", "session.site"),
    _at("last_out", "session.site"),
    ("late_by_s", "late_by_s"),
    ("late_uncertain", "late_uncertain"),
    ("left_early_by_s", "left_early_by_s"),
    ("early_uncertain", "early_uncertain"),
    ("half_day", "half_day"),
    ("worked_s", "worked_s"),
    ("method", "method"),
    ("excuse", "excuse"),
    ("note", "note"),
    *ROW,
)
VISIT_COLUMNS: Columns = (
    ("date", "local_date"),
    *WHO,
    ("area", "area.name"),
    ("site", "area.site.name"),
    ("state", "state"),
    _at("entered_at", "area.site"),
    _at("left_at", "area.site"),
    ("duration_s", "duration_s"),
    *ROW,
)
CHANGE_COLUMNS: Columns = (
    ("at", "at"),
    ("why", "why"),
    ("before", lambda row: _json(row.before)),
    ("after", lambda row: _json(row.after)),
)
SHEET_COLUMNS: Columns = (
    ("person", lambda row: row[1].person.name),
    ("person_id", lambda row: row[1].person.uuid),
    ("number", lambda row: row[1].person.number),
    ("expected", lambda row: row[1].expected),
    ("state", lambda row: row[1].state),
    *((name, _of_record(name)) for name in ("first_in", "last_out")),
    *((name, _of_record(name)) for name in ("late_by_s", "late_uncertain", "left_early_by_s", "early_uncertain", "worked_s")),
    *((name, _of_record(name)) for name in ("method", "excuse", "note", "problems")),
)
"""Of pairs of a session and a row of its sheet."""
