"""Writing what changed, and beside it how it was, how it is, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from server.attendance.publishing_rows import SHELVES, Kept, Key, Record, Shelf, json_of, row_of
from server.attendance.rules.facts import State
from server.attendance.rules.records import SessionRecord
from server.attendance.seal_models import RecordChange
from server.recompute.why import Why

BATCH = 1000
Records = Mapping[Key, Record]


@dataclass(frozen=True, slots=True)
class Because:
    """What changed, when that was (`now`), and when the transaction began that writes it."""

    why: frozenset[str]
    now: datetime
    changed_at: datetime


def changes_write(before: Records, after: Records, *, kept: Mapping[Key, Kept], because: Because) -> int:
    """Store the records that are others than before, and let those go that are none any more. Returns how many."""
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    for shelf in SHELVES:
        _store(shelf, [(after[key], _version(kept.get(key))) for key in changed if key in after and key.subject == shelf.subject], because)
        _let_go(shelf, [kept[key].pk for key in changed if key not in after and key.subject == shelf.subject], because)
    told = [_change(key, before.get(key), after.get(key), because) for key in changed if not _says_nothing(before.get(key), after.get(key))]
    RecordChange.objects.bulk_create(told, batch_size=BATCH)
    return len(changed)


def _version(kept: Kept | None) -> int:
    return 1 if kept is None else kept.version + 1


def _store(shelf: Shelf, records: Iterable[tuple[Record, int]], because: Because) -> None:
    """One statement inserts what is new and changes what is not."""
    rows = [row_of(record, changed_at=because.changed_at, version=version) for record, version in records]
    changing = [name for name in (*shelf.columns, "changed_at", "version", "gone_at") if name not in shelf.known_by]
    shelf.rows.bulk_create(rows, batch_size=BATCH, update_conflicts=True, unique_fields=list(shelf.known_by), update_fields=changing)


def _let_go(shelf: Shelf, keys: list[int], because: Because) -> None:
    if keys:
        rows = shelf.rows.filter(pk__in=keys)
        rows.update(gone_at=because.now, changed_at=because.changed_at, version=F("version") + 1)


def _change(key: Key, before: Record | None, after: Record | None, because: Because) -> RecordChange:
    record = after or before
    assert record is not None  # noqa: S101 (a change has a side)
    return RecordChange(
        subject=key.subject,
        key=key.name,
        person_id=record.person,
        local_date=record.local_date,
        at=because.now,
        why=_words(before, because.why),
        before=json_of(before),
        after=json_of(after),
    )


def _words(before: Record | None, why: frozenset[str]) -> list[str]:
    """A pass that changes what was decided is late evidence."""
    late = isinstance(before, SessionRecord) and before.decided
    return sorted(Why.LATE_EVIDENCE.value if late and word == Why.SIGHTING else word for word in why)


def _says_nothing(before: Record | None, after: Record | None) -> bool:
    """Whether it is only that somebody is expected, of whom nothing is known yet."""
    return before is None and isinstance(after, SessionRecord) and after.state is State.PENDING and not after.evidence
