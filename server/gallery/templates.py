"""A person's template, made of the samples that are in order, and what staff say of a sample."""

from datetime import datetime

import numpy as np
import structlog
from django.db import transaction

from server.accounts.models import User
from server.core import cipher
from server.gallery.models import Template
from server.gallery.pipeline import embedder
from server.gallery.reembed_rows import rebuild_other_models
from server.people import samples
from server.people.models import Person, Ruling, Sample, SetAside
from server.people.samples import OwnSample
from shared_schema.face.enrol import mean_of
from shared_schema.face.hygiene import sort_out
from shared_schema.face.types import Embeddings
from shared_schema.face.vectors import encode_embedding

log = structlog.get_logger(__name__)


def template_rebuild(*, person: Person) -> None:
    """Make the template anew, setting aside what is unlike, redundant, damaged or ruled out. Call it inside the sample's transaction.

    Without a sample that can be used the person leaves the gallery.
    """
    model = embedder()
    own = samples.samples_of(person, model.model_id, model.dimension)
    active, set_aside = _sort(own, model.calibration.min_own_similarity)
    samples.samples_mark(person, active=[one.sample.pk for one in active], set_aside=set_aside)
    if not active:
        Template.objects.filter(person=person, model_id=model.model_id).delete()
        return
    sealed = cipher.current().encrypt(encode_embedding(mean_of(rows_of(active))), purpose=cipher.TEMPLATE)
    Template.objects.update_or_create(
        person=person, model_id=model.model_id, defaults={"dimension": model.dimension, "ciphertext": sealed, "samples": len(active)}
    )


def sample_rule(*, person: Person, sample: Sample, ruling: Ruling, by: User | None, now: datetime) -> Sample:
    """Keep a sample, set it aside, or leave it to the rules again, and make the template anew. The same ruling again changes nothing."""
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        changed = locked.samples.filter(pk=sample.pk).exclude(ruling=ruling).update(ruling=ruling, ruled_by=by, ruled_at=now)
        if changed:
            template_rebuild(person=locked)
            rebuild_other_models(locked)
    if changed:
        log.info("sample_ruled", sample=str(sample.uuid), ruling=ruling, by=str(by.uuid) if by else None)
    sample.refresh_from_db()
    return sample


def rows_of(own: list[OwnSample]) -> Embeddings:
    """Their embeddings, (n ≥ 1, dimension); each of them can be read."""
    return np.stack([one.embedding for one in own if one.embedding is not None])


def _sort(own: list[OwnSample], min_own_similarity: float) -> tuple[list[OwnSample], dict[int, SetAside]]:
    """Those that make the template, and why the others (by key) do not."""
    set_aside = {one.sample.pk: SetAside.DAMAGED for one in own if one.embedding is None}
    set_aside |= {one.sample.pk: SetAside.BY_HAND for one in own if one.sample.ruling == Ruling.SET_ASIDE}
    left = [one for one in own if one.sample.pk not in set_aside]
    if not left:
        return [], set_aside
    kept = [at for at, one in enumerate(left) if one.sample.ruling == Ruling.KEEP]
    found = sort_out(rows_of(left), [one.sample.quality for one in left], kept=kept, min_own_similarity=min_own_similarity)
    set_aside |= {left[row].sample.pk: SetAside(reason.value) for row, reason in found.set_aside.items()}
    return [left[row] for row in found.active], set_aside
