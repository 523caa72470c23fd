"""Reading the gallery: its revision, whom it names, and the snapshot nodes fetch."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from server.core import cipher
from server.gallery.models import GalleryRevision, Template
from server.sites.models import Site
from shared_schema.face.match import Gallery
from shared_schema.face.types import Embeddings
from shared_schema.face.vectors import decode_embeddings
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.ids import ModelId, PersonId


@dataclass(frozen=True, slots=True)
class Days:
    """The earliest and the latest date it is now at any site."""

    first: date
    last: date


def days_at(now: datetime) -> Days:
    """Without sites the dates of UTC count."""
    dates = {now.astimezone(site.zone).date() for site in Site.objects.all()} or {now.date()}
    return Days(min(dates), max(dates))


def gallery_revision() -> int:
    """The revision now; 1 before anything happened."""
    return GalleryRevision.objects.filter(pk=1).values_list("revision", flat=True).first() or 1


def named_templates(model_id: ModelId, days: Days) -> QuerySet[Template]:
    """Templates of those who agreed and belong here: today, by the date of at least one site."""
    begun = Q(person__active_from__isnull=True) | Q(person__active_from__lte=days.last)
    not_ended = Q(person__active_until__isnull=True) | Q(person__active_until__gte=days.first)
    return Template.objects.filter(
        begun,
        not_ended,
        model_id=model_id,
        person__consent_at__isnull=False,
        person__merged_into__isnull=True,
        person__erased_at__isnull=True,
    )


def snapshot(*, model_id: ModelId, dimension: int, now: datetime) -> GallerySnapshot:
    """Everybody a node may name. The revision is read first: a change in between is fetched again, never missed."""
    revision = gallery_revision()
    people = tuple(_opened(named_templates(model_id, days_at(now))))
    return GallerySnapshot(revision=revision, model_id=model_id, dimension=dimension, people=people)


def entries_of(people: Collection[UUID], *, model_id: ModelId, now: datetime) -> tuple[GalleryPerson, ...]:
    """Those of these people whom a node may name."""
    return tuple(_opened(named_templates(model_id, days_at(now)).filter(person__uuid__in=people)))


def _opened(templates: QuerySet[Template]) -> Iterator[GalleryPerson]:
    keys = cipher.current()
    for uuid, ciphertext in templates.order_by("person_id").values_list("person__uuid", "ciphertext").iterator():
        yield GalleryPerson(person=uuid, templates=(keys.decrypt(ciphertext, purpose=cipher.TEMPLATE),))


def gallery_without(people: Collection[UUID], *, model_id: ModelId, dimension: int) -> Gallery:
    """Everybody enrolled but these, active or not: for finding out that somebody is enrolled already."""
    keys = cipher.current()
    rows = Template.objects.filter(model_id=model_id, person__merged_into__isnull=True).exclude(person__uuid__in=people)
    others: dict[PersonId, Embeddings] = {
        PersonId(uuid): decode_embeddings([keys.decrypt(ciphertext, purpose=cipher.TEMPLATE)], dimension)
        for uuid, ciphertext in rows.values_list("person__uuid", "ciphertext")
    }
    return Gallery.build(model_id=model_id, revision=gallery_revision(), people=others)
