"""Writing the gallery: samples with the template they make, and the daily sweep.

The revision is raised by triggers on templates and on the columns of people that decide whom the gallery names, so no writer can
forget it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from server.accounts.models import User
from server.core.errors import Conflict, Rejected
from server.gallery import selectors
from server.gallery.cross_risk import CrossRisk, cross_risks
from server.gallery.deltas import changes_forget, changes_note
from server.gallery.models import GalleryRevision, Template
from server.gallery.pipeline import embedder, face_pipeline
from server.gallery.reembed_rows import rebuild_other_models, require_complete
from server.gallery.templates import template_rebuild
from server.people import samples
from server.people.models import Person, Sample
from server.people.samples import NewSample
from shared_schema.face.enrol import SampleLook, look_at_sample
from shared_schema.face.images import decode_image
from shared_schema.face.types import FaceError

ENROLMENT_LOCK = 0x4C696E74656C  # any number that nothing else locks: "Lintel"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """An image somebody sent for a person.

    `accept_likeness`: whoever they look like, they are somebody else. `different_from`: they look like these people and are none of them.
    """

    image: bytes
    by: User | None
    accept_likeness: bool = False
    different_from: frozenset[UUID] = frozenset()


class LooksLike(Conflict):
    """The face is enrolled as another person already."""

    def __init__(self, person: Person, similarity: float) -> None:
        self.person = person
        super().__init__(
            "looks_like_another_person",
            f"This face is enrolled as {person.name} already (similarity {similarity:.2f}). Add the image there, "
            "or confirm that they are two people.",
        )


@dataclass(frozen=True, slots=True)
class Added:
    """The sample of an image, whether it was made now, and whom the person may be taken for."""

    sample: Sample
    created: bool
    cross_risks: tuple[CrossRisk, ...]


def sample_add(*, person: Person, upload: Upload) -> Added:
    """Turn an image into a sample and the person's samples into a template. The same image again changes nothing.

    Conflict: consent_missing, looks_like_another_person. Rejected, with the code of the FaceError: not an image, no face, several faces,
    or a face that is too small, blurred and so on. Unavailable when the object storage does not answer or the gallery is being embedded.
    """
    if person.consent_at is None:
        raise Conflict("consent_missing", f"{person.name} has not agreed to be recognised; record the consent first.")
    if known := samples.sample_find(person=person, image=upload.image):
        return Added(known, created=False, cross_risks=cross_risks(person))
    require_complete(now=timezone.now())
    new = NewSample(upload.image, _look(upload.image), embedder().model_id)
    _refuse_likeness(person, new, upload)  # before anything is stored; again under the lock, where it counts
    return _kept(person, new, upload)


def _look(image: bytes) -> SampleLook:
    try:
        decoded = decode_image(image)
        with face_pipeline() as pipeline:
            return look_at_sample(pipeline, decoded)
    except FaceError as error:
        raise Rejected(error.code, _sentence(str(error))) from error


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _refuse_likeness(person: Person, new: NewSample, upload: Upload) -> None:
    if upload.accept_likeness:
        return
    others = selectors.gallery_without({person.uuid, *upload.different_from}, model_id=new.model_id, dimension=embedder().dimension)
    nearest, _ = others.search(new.look.embedding)
    if nearest is not None and nearest.similarity >= embedder().calibration.duplicate_similarity:
        raise LooksLike(Person.objects.get(uuid=nearest.person), nearest.similarity)


def _kept(person: Person, new: NewSample, upload: Upload) -> Added:
    sample = samples.sample_write(person=person, new=new, by=upload.by)
    try:
        with transaction.atomic():
            _one_at_a_time()
            locked = _consenting(person)
            _refuse_likeness(locked, new, upload)
            samples.sample_save(sample, new)
            template_rebuild(person=locked)
            sample.refresh_from_db()
            risks = cross_risks(locked)
    except BaseException as error:
        samples.sample_forget_objects(sample)
        known = samples.sample_find(person=person, image=new.image) if isinstance(error, IntegrityError) else None
        if known is None:
            raise
        return Added(known, created=False, cross_risks=cross_risks(person))
    if upload.accept_likeness or upload.different_from:
        log.warning("likeness_accepted", sample=str(sample.uuid), by=str(upload.by.uuid) if upload.by else None)
    if risks:
        log.warning("people_alike", person=str(person.uuid), others=[str(risk.person.uuid) for risk in risks])
    return Added(sample, created=True, cross_risks=risks)


def _one_at_a_time() -> None:
    """Enrolments wait for each other until they are committed: two at once must not both find the face to be new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ENROLMENT_LOCK])


def _consenting(person: Person) -> Person:
    """The person, locked against other writers. Consent may have gone while the image was looked at."""
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.consent_at is None:
        raise Conflict("consent_missing", f"{person.name} has just withdrawn the consent; the image was not kept.")
    return locked


def sample_delete(*, person: Person, sample: Sample) -> None:
    """Remove a sample and rebuild the template; without samples the person leaves the gallery."""
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        samples.sample_remove(sample=sample)
        template_rebuild(person=locked)
        rebuild_other_models(locked)


def gallery_sweep(*, now: datetime) -> bool:
    """Raise the revision when a day has begun that lets somebody into the gallery or out of it. Returns whether it was raised.

    It is called before nodes read the gallery and by a scheduled job; doing it twice changes nothing.
    """
    days = selectors.days_at(now)
    if GalleryRevision.objects.filter(pk=1, first_day=days.first, last_day=days.last).exists():
        return False
    with transaction.atomic():
        row, _ = GalleryRevision.objects.select_for_update().get_or_create(pk=1, defaults={"changed_at": now})
        turned = _turned(row, days)
        raised = turned is None or bool(turned)
        if raised:
            row.revision += 1
            row.changed_at = now
            if turned is None:
                changes_forget(row)
            else:
                changes_note(row, turned)
        row.first_day, row.last_day = days.first, days.last
        row.save()
    return raised


def _turned(row: GalleryRevision, days: selectors.Days) -> set[UUID] | None:
    """Whoever has a template and begins or ends between the last sweep and these days; None: it was never swept, so nobody knows."""
    if row.first_day is None or row.last_day is None:
        return None
    begins = Q(person__active_from__gt=min(row.last_day, days.last), person__active_from__lte=max(row.last_day, days.last))
    ends = Q(person__active_until__gte=min(row.first_day, days.first), person__active_until__lt=max(row.first_day, days.first))
    return set(Template.objects.filter(begins | ends).values_list("person__uuid", flat=True))
