"""The lists of attendance as columns of CSV. Times are on the clock of the site."""

from server.core.csv_lists import Columns, Getter, at_site

WHO: Columns = (("person", "person.name"), ("person_id", "person.uuid"), ("number", "person.number"))
ROW: Columns = (("problems", "problems"), ("version", "version"), ("changed_at", "changed_at"), ("id", "uuid"))


def _at(moment: Getter, site: str) -> tuple[str, Getter]:
    return (str(moment), at_site(moment, f"{site}.zone"))


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
