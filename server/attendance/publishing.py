"""Publishing what the rules derive: only what changed is written, sealed days stay as they are, and it is kept why.

Whoever derives a day of a site holds a lock on it until the transaction ends. So workers on any number of hosts derive one after the
other what touches, each from all facts committed before, and nothing is doubled.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice

from django.db import transaction
from django.db.models import Q

from server.attendance.facts_of import day_facts, merged_people, merged_to, people_of
from server.attendance.facts_of_people import everybody
from server.attendance.publishing_changes import changes_write
from server.attendance.publishing_discrepancies import About, discrepancies_write
from server.attendance.publishing_ground import Publishing, publishing_begin
from server.attendance.publishing_rows import SESSIONS, SHELVES, VISITS, Kept, Key, Record, kept_by_key, key_of
from server.attendance.rules.derive import derive
from server.attendance.rules.publish import publish
from server.attendance.rules.records import SessionRecord, VisitRecord
from server.attendance.session_settling import sessions_settle
from server.sites.models import Site

CHUNK = 500
"""People whose facts are in memory at a time."""


def person_days_publish(*, site: Site, days: Sequence[date], people: Iterable[int] | None, why: frozenset[str], now: datetime) -> int:
    """Derive these people (None: everybody concerned) on these days and publish it. Returns how many records changed."""
    if not days:
        return 0
    with transaction.atomic():
        publishing = publishing_begin(site=site, days=days, why=why, now=now)
        if people is not None:
            return people_publish(publishing, people)
        changed = people_publish(publishing, everybody(publishing.ground))
        sessions_settle(publishing.ground, [fact.key for fact in publishing.ground.facts.values()], now=now)
        return changed


def people_publish(publishing: Publishing, people: Iterable[int]) -> int:
    """Derive and publish these people, and whoever they were merged into. Returns how many records changed."""
    merged = merged_people()
    asked = set(people)
    return sum(_publish(publishing, chunk) for chunk in _chunks(sorted(asked | {merged_to(person, merged) for person in asked})))


def _chunks(people: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(people)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _publish(publishing: Publishing, people: Sequence[int]) -> int:
    derived = _derived(publishing, people)
    kept = _kept(publishing, people, derived)
    sealed = {key for key in derived.keys() | kept.keys() if _is_sealed(publishing, derived.get(key), kept.get(key))}
    elsewhere = {key for key in sealed if key in kept and _is_of_another_day(publishing, kept[key])}
    derived = {key: record for key, record in derived.items() if key not in elsewhere}
    before = {key: row.record for key, row in kept.items() if row.record is not None and key not in elsewhere}
    published = publish(derived, before, sealed)
    discrepancies_write(published.discrepancies, about=About(publishing.ground.site, publishing.days, people), now=publishing.because.now)
    return changes_write(before, published.records, kept=kept, because=publishing.because)


def _derived(publishing: Publishing, people: Sequence[int]) -> dict[Key, Record]:
    found: dict[Key, Record] = {}
    for whose in people_of(publishing.ground, people):
        for day in publishing.ground.days:
            derived = derive(day_facts(publishing.ground, whose, day))
            records: list[Record] = [record for record in derived.sessions if _is_told(publishing, record)]
            records.extend(derived.visits)
            if derived.day is not None:
                records.append(derived.day)
            found.update((key_of(record), record) for record in records)
    return found


def _is_told(publishing: Publishing, record: SessionRecord) -> bool:
    """Of a session whose margin has not begun, there are records only of those of whom something was said or seen."""
    if publishing.ground.rows[record.session].window_begins_at <= publishing.because.now:
        return True
    return record.mark is not None or bool(record.corrections) or bool(record.evidence)


def _kept(publishing: Publishing, people: Sequence[int], derived: Mapping[Key, Record]) -> dict[Key, Kept]:
    """The rows of these people and days, and wherever they are those that have the keys of what was derived."""
    whose, days = Q(person__in=people), Q(local_date__in=publishing.days)
    sessions = {record.session for record in derived.values() if isinstance(record, SessionRecord)}
    visits = [record for record in derived.values() if isinstance(record, VisitRecord)]
    found: dict[Key, Kept] = {}
    for shelf in SHELVES:
        found |= kept_by_key(shelf, whose & days & Q(**{shelf.site: publishing.ground.site}))
    found |= kept_by_key(SESSIONS, whose & ~days & Q(session__in=sessions)) if sessions else {}
    if visits:
        same = Q(area__in={visit.area for visit in visits}, known_by__in={visit.entry or visit.exit for visit in visits})
        found |= kept_by_key(VISITS, whose & ~days & same)
    return {key: row for key, row in found.items() if row.record is not None or key in derived}


def _is_sealed(publishing: Publishing, derived: Record | None, kept: Kept | None) -> bool:
    """Whether the day of either side is sealed."""
    sides = [derived, kept.record if kept is not None else None]
    return any(side is not None and publishing.is_sealed(side.local_date) for side in sides)


def _is_of_another_day(publishing: Publishing, kept: Kept) -> bool:
    """Whoever publishes that day tells how it differs."""
    return kept.record is not None and kept.record.local_date not in publishing.days
