"""What stands in the CSV files of the lists."""

from server.core.csv_lists import Columns, at_site
from server.schedules.models import Schedule, Session


def _doors(row: Schedule | Session) -> list[str]:
    return [door.name for door in row.doors.all()]


SCHEDULE_COLUMNS: Columns = (
    ("id", "uuid"), ("name", "name"), ("kind", "kind"), ("site", "site.name"), ("group", "group.name"), ("doors", _doors),
    ("weekdays", "weekdays"), ("every_weeks", "every_weeks"), ("begins", "begins"), ("ends", "ends"), ("valid_from", "valid_from"),
    ("valid_until", "valid_until"), ("ended_at", "ended_at"),
)  # fmt: skip
SESSION_COLUMNS: Columns = (
    ("id", "uuid"), ("schedule", "schedule.uuid"), ("date", "local_date"), ("name", "name"), ("kind", "kind"), ("site", "site.name"),
    ("group", "group.name"), ("doors", _doors), ("begins_at", at_site("begins_at", "site.zone")),
    ("ends_at", at_site("ends_at", "site.zone")), ("cancelled_at", at_site("cancelled_at", "site.zone")),
)  # fmt: skip
HOLIDAY_COLUMNS: Columns = (
    ("id", "uuid"), ("site", "site.name"), ("name", "name"), ("first_day", "first_day"), ("last_day", "last_day")
)  # fmt: skip
LEAVE_COLUMNS: Columns = (
    ("id", "uuid"), ("person_id", "person.uuid"), ("person", "person.name"), ("reason", "reason"), ("first_day", "first_day"),
    ("last_day", "last_day"), ("from_time", "from_time"), ("until_time", "until_time"), ("note", "note"), ("cancelled_at", "cancelled_at"),
)  # fmt: skip
AREA_COLUMNS: Columns = (
    ("id", "uuid"), ("site", "site.name"), ("name", "name"), ("doors", lambda area: [door.name for door in area.doors.all()]),
    ("min_gap_s", "min_gap_s"), ("auto_close", "auto_close"), ("max_s", "max_s"),
)  # fmt: skip
