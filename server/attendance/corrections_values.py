"""What a correction changes: the published record, the wish, and the difference between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from server.attendance.correction_models import Correction
from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State

Values = dict[str, object]
FIELDS = (
    "state", "decided", "first_in", "last_out", "late_by_s", "left_early_by_s", "half_day", "worked_s", "method", "excuse", "note",
)  # fmt: skip
"""What of a record is compared, in the order in which it is shown."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What should become of a record; None leaves a field alone, an empty note clears it."""

    state: State | None = None
    first_in: datetime | None = None
    last_out: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a diff, in JSON: as it was when the request was made, as it is published now, as it is wished for."""

    name: str
    before: object
    now: object
    after: object

    @property
    def changes(self) -> bool:
        return self.now != self.after

    @property
    def stale(self) -> bool:
        return self.before != self.now


@dataclass(frozen=True, slots=True)
class Diff:
    """Fields that change or have changed. `stale`: the record is another one than the requester saw."""

    fields: tuple[Field, ...]
    stale: bool
    computed: bool
    """Whether `after` is what the rules make of the wish; otherwise it is the wish itself, and hours and lateness follow."""


def values_of(record: AttendanceRecord | None) -> Values:
    """A record in JSON; empty where there is none."""
    return {} if record is None else {name: _json(getattr(record, name)) for name in FIELDS}


def wished(changes: Changes) -> Values:
    """The fields somebody wishes for, in JSON."""
    return {name: _json(value) for name in ("state", "first_in", "last_out", "note") if (value := getattr(changes, name)) is not None}


def changes_of(row: Correction) -> Changes:
    return Changes(State(row.to_state) if row.to_state else None, row.to_first_in, row.to_last_out, row.to_note)


def published_for(rows: Iterable[Correction]) -> Mapping[tuple[int, int], AttendanceRecord]:
    """What is published now for these corrections, by session and person; one query."""
    wanted = Q(pk__in=())
    for row in rows:
        wanted |= Q(session=row.session_id, person=row.person_id)
    return {(found.session_id, found.person_id): found for found in AttendanceRecord.objects.filter(wanted, gone_at__isnull=True)}


def diff_of(row: Correction, *, published: AttendanceRecord | None, computed: Values | None = None) -> Diff:
    """The diff against what is published. `computed`: what the rules make of the wish, where that is known."""
    before, current = dict(row.before), values_of(published)
    after = current | wished(changes_of(row)) if computed is None else computed
    fields = (Field(name, before.get(name), current.get(name), after.get(name)) for name in FIELDS)
    return Diff(tuple(field for field in fields if field.changes or field.stale), stale=before != current, computed=computed is not None)


def _json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
