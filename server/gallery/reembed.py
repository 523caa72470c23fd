"""Embeds the stored samples with the embedder in use, person by person, after the model set was changed.

The rows are the truth: whoever has samples that wait is found again after any crash, the person's row lock is the lease, and doing it
twice changes nothing. Until the last sample is done nodes get the templates of the model before.
"""

from datetime import datetime

import structlog
from django.db import transaction

from server.core.cipher import CipherError
from server.core.errors import Conflict, NotFound, Unavailable
from server.gallery.models import GalleryDigest, GalleryModel, SampleRefusal, Template
from server.gallery.pipeline import embedder, face_pipeline
from server.gallery.reembed_rows import awaiting, current_model
from server.gallery.templates import template_rebuild
from server.nodes.models import Node
from server.people import samples
from server.people.models import Person, Sample, SampleEmbedding
from shared_schema.face.enrol import look_at_sample
from shared_schema.face.images import decode_image
from shared_schema.face.types import Embedding, FaceError
from shared_schema.ids import ModelId

AT_A_TIME = 10
"""Samples of one person in one transaction: a kill loses no more work than that."""
log = structlog.get_logger(__name__)


def person_reembed(*, now: datetime) -> bool:
    """Embed samples of one person who waits. False: nobody is left whom no other worker has in hand.

    Raises Unavailable when object storage does not answer; nothing of that person is kept then.
    """
    model = current_model(now=now)
    try:
        with transaction.atomic():
            person = _lease(embedder().model_id)
            if person is not None:
                _embed(person, now)
    except Unavailable as error:
        _note(model, str(error))
        raise
    if person is None:
        _complete_if_done(model, now)
    else:
        _note(model, "")
    return person is not None


def refusals_forget(model_id: ModelId) -> int:
    """Let the samples that were refused be tried again. Returns how many there were."""
    return SampleRefusal.objects.filter(model_id=model_id).delete()[0]


def model_forget(model_id: str) -> int:
    """Remove everything an embedder made that is no longer in use. Returns how many templates there were.

    Conflict: model_in_use (by this server or by a node that is not revoked). NotFound: unknown_model.
    """
    if model_id == embedder().model_id:
        raise Conflict("model_in_use", f"This server uses {model_id}; change [models] in its configuration first.")
    with transaction.atomic():
        row = GalleryModel.objects.select_for_update().filter(model_id=model_id).first()
        if row is None:
            raise NotFound("unknown_model", f"Nothing here was made with {model_id}.")
        nodes = sorted(node.name for node in Node.objects.filter(model_id=model_id, revoked_at__isnull=True))
        if nodes:
            raise Conflict("model_in_use", f"{', '.join(nodes)} still uses {model_id}; give it the new model set or revoke it.")
        templates, _ = Template.objects.filter(model_id=model_id).delete()
        SampleEmbedding.objects.filter(model_id=model_id).delete()
        refusals_forget(ModelId(model_id))
        GalleryDigest.objects.filter(model_id=model_id).delete()
        row.delete()
    log.warning("gallery_model_forgotten", model_id=model_id, templates=templates)
    return templates


def _lease(model_id: ModelId) -> Person | None:
    """Somebody who waits, locked against other writers; whom another worker has is passed over."""
    waiting = Person.objects.filter(pk__in=awaiting(model_id).values("person_id"))
    return waiting.select_for_update(skip_locked=True, no_key=True).order_by("id").first()


def _embed(person: Person, now: datetime) -> None:
    """What waits is asked anew under the lock: consent may have gone, another worker may have been quicker."""
    model_id = embedder().model_id
    for sample in awaiting(model_id).filter(person=person).order_by("id")[:AT_A_TIME]:
        try:
            embedding = _look(sample)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 (the top of the loop: one strange image must not stop all the others)
            _refuse(sample, model_id, error, now)
        else:
            samples.embedding_store(sample, model_id, embedding)
    template_rebuild(person=person)


def _look(sample: Sample) -> Embedding:
    image = decode_image(samples.sample_image(sample))
    with face_pipeline() as pipeline:
        return look_at_sample(pipeline, image).embedding


def _refuse(sample: Sample, model_id: ModelId, error: Exception, now: datetime) -> None:
    """Set the sample aside for this model, with a stable code and the reason."""
    if isinstance(error, FaceError | NotFound):
        code, reason = error.code, str(error)
    else:
        code, reason = "unreadable" if isinstance(error, CipherError) else "failed", f"{type(error).__name__}: {error}"
    strange = error if code == "failed" else None
    log.warning("sample_refused", sample=str(sample.uuid), model_id=model_id, code=code, exc_info=strange)
    SampleRefusal.objects.create(sample=sample, model_id=model_id, code=code, reason=reason[:200], at=now)


def _complete_if_done(model: GalleryModel, now: datetime) -> None:
    """From here on nodes with this model get its templates; the revision is raised by a trigger."""
    if model.completed_at is not None or awaiting(ModelId(model.model_id)).exists():
        return
    if GalleryModel.objects.filter(pk=model.pk, completed_at__isnull=True).update(completed_at=now, last_error=""):
        log.info("gallery_embedded", model_id=model.model_id)


def _note(model: GalleryModel, error: str) -> None:
    if model.last_error != error[:200]:
        GalleryModel.objects.filter(pk=model.pk).update(last_error=error[:200])
