"""Open days as CSV (RFC 4180, UTF-8) for a spreadsheet. Times are those of the site."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime

from rest_framework.renderers import JSONRenderer

from server.attendance.models import OpenDayRecord

MAX_ROWS = 50_000
COLUMNS = ("date", "person", "person_id", "number", "site", "first_seen", "last_seen", "sightings")
_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")


class CsvRenderer(JSONRenderer):
    """The rows of `csv_of`; a refusal is rendered as a problem in JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: object, accepted_media_type: str | None = None, renderer_context: Mapping[str, object] | None = None) -> bytes:
        return data.encode() if isinstance(data, str) else super().render(data, None, renderer_context)


def csv_of(days: Iterable[OpenDayRecord]) -> str:
    """A line of column names, then a line per open day."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    lines.writerows([harmless(cell) for cell in _cells(day)] for day in days)
    return text.getvalue()


def harmless(cell: str) -> str:
    """A spreadsheet takes what begins like a formula for one: an apostrophe before it makes it text."""
    return f"'{cell}" if cell.startswith(_FORMULA_BEGINS) else cell


def _cells(day: OpenDayRecord) -> tuple[str, ...]:
    person, site = day.person, day.site

    def local(moment: datetime) -> str:
        return moment.astimezone(site.zone).isoformat(timespec="seconds")

    seen = (local(day.first_seen), local(day.last_seen), str(day.sightings))
    return (day.local_date.isoformat(), person.name, str(person.uuid), person.number or "", site.name, *seen)
