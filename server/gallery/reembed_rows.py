"""What the rows say about the embedders of the gallery: which samples wait for one, and whose templates nodes may have."""

from datetime import datetime

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet

from server.core import cipher
from server.core.errors import Conflict, Unavailable
from server.gallery.models import GalleryModel, SampleRefusal, Template
from server.gallery.pipeline import embedder
from server.people import samples
from server.people.models import Person, Sample, SampleEmbedding, SampleState
from shared_schema.face.enrol import mean_of
from shared_schema.face.vectors import encode_embedding
from shared_schema.ids import ModelId


def usable() -> QuerySet[Sample]:
    """Samples of people who agreed and are not merged or erased: no others are embedded."""
    return Sample.objects.filter(person__consent_at__isnull=False, person__merged_into__isnull=True, person__erased_at__isnull=True)


def awaiting(model_id: ModelId) -> QuerySet[Sample]:
    """Samples that this embedder has neither embedded nor refused."""
    embedded = SampleEmbedding.objects.filter(sample=OuterRef("pk"), model_id=model_id)
    refused = SampleRefusal.objects.filter(sample=OuterRef("pk"), model_id=model_id)
    return usable().filter(~Exists(embedded), ~Exists(refused))


def current_model(*, now: datetime) -> GalleryModel:
    """The row of the embedder in use; made at its first use, complete at once when no sample waits for it."""
    model = embedder()
    row = GalleryModel.objects.filter(model_id=model.model_id).first()
    if row is not None:
        return row
    completed_at = None if awaiting(model.model_id).exists() else now
    defaults = {"dimension": model.dimension, "started_at": now, "completed_at": completed_at}
    return GalleryModel.objects.get_or_create(model_id=model.model_id, defaults=defaults)[0]


def require_complete(*, now: datetime) -> None:
    """Unavailable while the gallery is being embedded anew: a face could not be compared with everybody who is enrolled."""
    row = current_model(now=now)
    if row.completed_at is None:
        raise Unavailable(
            "gallery_being_embedded",
            f"The gallery is being embedded with {row.model_id}; enrol again when that is done, see the page Nodes for how far it is.",
            retry_after_s=60,
        )


def served_model(model_id: str, *, now: datetime) -> GalleryModel:
    """The model whose templates a node may have. Conflict: unknown_model, gallery_not_ready."""
    current = current_model(now=now)
    row = GalleryModel.objects.filter(model_id=model_id).first()
    if row is None:
        raise Conflict(
            "unknown_model", f"This server has no templates of model {model_id}, it uses {current.model_id}; install the same model set."
        )
    if row.completed_at is None:
        raise Conflict(
            "gallery_not_ready",
            f"The templates of model {model_id} are still being made; the node goes on with those it has and asks again.",
        )
    return row


def rebuild_other_models(person: Person) -> None:
    """Make the person's templates of other models anew from what is left of the samples; call it when a sample has gone.

    What an embedder that is not in use calls unlike cannot be said here, so the samples in use are all taken.
    """
    for template in person.templates.exclude(model_id=embedder().model_id):
        embeddings = SampleEmbedding.objects.filter(sample__person=person, model_id=template.model_id, sample__state=SampleState.ACTIVE)
        opened = [one for row in embeddings if (one := samples.embedding_open(bytes(row.ciphertext), row.dimension)) is not None]
        if not opened:
            template.delete()
            continue
        sealed = cipher.current().encrypt(encode_embedding(mean_of(np.stack(opened))), purpose=cipher.TEMPLATE)
        Template.objects.filter(pk=template.pk).update(ciphertext=sealed, samples=len(opened))
