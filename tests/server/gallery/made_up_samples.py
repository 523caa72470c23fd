"""People with samples of known embeddings, without pictures."""

from collections.abc import Iterable
from uuid import uuid4

import numpy as np

from server.core import cipher
from server.gallery.pipeline import embedder
from server.gallery.templates import template_rebuild
from server.people.models import Person, Sample, SampleEmbedding
from server.people.samples import EMBEDDING
from shared_schema.face.types import Embedding, Embeddings
from shared_schema.face.vectors import unit
from tests.factories_people import make_person


def looks(number: int, count: int, *, spread: float = 0.2) -> Embeddings:
    """Samples around an axis of their own: two numbers, two people who have nothing in common."""
    random = np.random.default_rng(number)
    return unit(np.eye(128)[number] + spread * unit(random.normal(size=(count, 128))))


def between(number: int, other: int, share: float) -> Embedding:
    """Somebody who is `share` of the way to another person."""
    axes = np.eye(128)
    return unit(axes[number] * (1 - share) + axes[other] * share)


def store(person: Person, embedding: Embedding, *, model_id: str = "", **values: object) -> Sample:
    """A sample as it lies in the database, of whatever numbers."""
    given = {"sha256": uuid4().hex * 2, "size_bytes": 1, "quality": 0.5, "face_px": 120, "yaw": 0.0, "brightness": 120, "sharpness": 200}
    keys = {"object_key": uuid4().hex, "crop_key": uuid4().hex}
    sample = Sample.objects.create(person=person, **{**given, **keys, **values})
    sealed = cipher.current().encrypt(np.asarray(embedding, "<f4").tobytes(), purpose=EMBEDDING)
    model = model_id or embedder().model_id
    SampleEmbedding.objects.create(sample=sample, model_id=model, dimension=len(embedding), ciphertext=sealed)
    return sample


def enrolled(name: str, rows: Iterable[Embedding], *, consent: bool = True) -> Person:
    """A person with these samples and the template they make."""
    person = make_person(name, consent=consent)
    for row in rows:
        store(person, row)
    template_rebuild(person=person)
    return person
