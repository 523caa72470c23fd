"""Where sealed records differ from what their facts derive now: a row for each, exactly as long as they differ."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from server.attendance.publishing_rows import Json, Key, Record, json_of
from server.attendance.seal_models import Discrepancy, DiscrepancyState, Subject
from server.schedules.models import Session
from server.sites.models import Site

Sides = tuple[Record | None, Record | None]
BATCH = 1000


@dataclass(frozen=True, slots=True)
class About:
    """Whose records on which days of a site were compared."""

    site: Site
    days: Collection[date]
    people: Sequence[int]


def discrepancies_write(found: Mapping[Key, Sides], *, about: About, now: datetime) -> None:
    """Open those that are new or others than before; those that are no more are gone."""
    rows = Discrepancy.objects.filter(site=about.site, local_date__in=about.days, person__in=about.people)
    known = {Key(row.subject, row.key): row for row in rows}
    agreeing = [row.pk for key, row in known.items() if key not in found and row.state != DiscrepancyState.GONE]
    if agreeing:
        Discrepancy.objects.filter(pk__in=agreeing).update(state=DiscrepancyState.GONE)
    told = [row for key, sides in sorted(found.items()) if (row := _row(key, sides, known.get(key), about.site, now)) is not None]
    Discrepancy.objects.bulk_create(
        told,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["subject", "key"],
        update_fields=["local_date", "published", "derived", "state", "found_at", "acknowledged_by", "acknowledged_at", "note"],
    )


def differing_people(session: Session) -> set[int]:
    """Of whom a sealed record of this session differs."""
    known = Discrepancy.objects.filter(subject=Subject.SESSION, key__startswith=f"{session.pk}:").exclude(state=DiscrepancyState.GONE)
    return set(known.values_list("person", flat=True))


def _row(key: Key, sides: Sides, known: Discrepancy | None, site: Site, now: datetime) -> Discrepancy | None:
    """None: the same difference is known already."""
    published, derived = sides
    record = published or derived
    assert record is not None  # noqa: S101 (two sides that are nothing do not differ)
    said: tuple[Json | None, Json | None] = json_of(published), json_of(derived)
    if known is not None and known.state != DiscrepancyState.GONE and (known.published, known.derived) == said:
        return None
    return Discrepancy(
        subject=key.subject,
        key=key.name,
        person_id=record.person,
        site=site,
        local_date=record.local_date,
        published=said[0],
        derived=said[1],
        found_at=now,
    )
