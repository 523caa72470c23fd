"""Passes with probes, and people with templates, whose similarities the tests choose."""

from datetime import datetime
from hashlib import sha256

import numpy as np
from django.utils import timezone

from server.core import cipher
from server.gallery.models import Template
from server.gallery.pipeline import embedder
from server.people.models import Person, Sample
from server.sightings.models import Sighting
from shared_schema.doorway import policy_of
from shared_schema.envelope import Kind
from shared_schema.face.types import Embedding
from shared_schema.face.vectors import encode_embedding
from shared_schema.node import NodeSettings
from shared_schema.sighting import Candidate, Crop, Evidence, Outcome
from shared_schema.sighting import Sighting as Said
from tests.factories import NOON, FakeNode, a_person

BAR = 0.9


def face(number: int, *, like: float = 1.0) -> Embedding:
    """The face of somebody: two numbers have similarity 0, one number twice the product of their `like`."""
    row = np.zeros(embedder().dimension, np.float32)
    row[number], row[-1 - number] = like, np.sqrt(1 - like**2)
    return row


def between_the_bars(number: int) -> Embedding:
    """A look at `face(number)` that is near, but not near enough for a match, while that person alone is enrolled."""
    policy = policy_of(NodeSettings(), embedder().calibration, gallery_size=1)
    for like in np.arange(0.3, 1, 0.004):
        looked, bars = face(number, like=float(like)), policy.towards(face(number, like=float(like)))
        if bars.unsure_similarity + 0.002 < like < bars.min_similarity - 0.002:
            return looked
    raise AssertionError("the bars leave no room between them")


def enrolled(number: int, name: str | None = None, *, added_at: datetime | None = None, **values: object) -> Person:
    """Somebody whose template is `face(number)`; with `added_at` also a sample of that time."""
    person = a_person(name, **{"consent_at": timezone.now(), **values})
    template(person, face(number))
    if added_at is not None:
        keys = {"object_key": f"s{person.pk}", "crop_key": f"c{person.pk}", "sha256": "0" * 64}
        sample = Sample.objects.create(person=person, size_bytes=1, quality=1, face_px=100, **keys)
        Sample.objects.filter(pk=sample.pk).update(created_at=added_at)
    return person


def template(person: Person, embedding: Embedding) -> None:
    sealed = cipher.current().encrypt(encode_embedding(embedding), purpose=cipher.TEMPLATE)
    values = {"dimension": len(embedding), "ciphertext": sealed, "samples": 1}
    Template.objects.update_or_create(person=person, model_id=embedder().model_id, defaults=values)


def passed(
    node: FakeNode,
    probe: Embedding,
    *,
    person: Person | None = None,
    at: datetime = NOON,
    doubts: tuple[str, ...] = (),
    crop: bytes | None = None,
) -> Sighting:
    """A sighting the node reported: a match of `person`, or unknown."""
    reading, data = node.reading(at), encode_embedding(probe)
    evidence = Evidence(
        min_similarity=BAR, min_margin=0.01, min_agreeing_frames=2, frames=5, agreeing_frames=4, quality=0.8, face_px=90, doubts=doubts
    )
    said = Said(
        at=reading,
        from_boot_ns=reading.boot_ns,
        until_boot_ns=reading.boot_ns,
        outcome=Outcome.UNKNOWN if person is None else Outcome.MATCH,
        candidate=None if person is None else Candidate(person=person.uuid, similarity=0.95),
        runner_up=None,
        evidence=evidence,
        model_id=embedder().model_id,
        gallery_revision=1,
        probe_sha256=sha256(data).hexdigest(),
        crop=None if crop is None else Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
    )
    item = node.item(Kind.SIGHTING, said.model_dump_json().encode(), probe=data)
    node.send(item)
    return Sighting.objects.order_by("-record_id")[0]
