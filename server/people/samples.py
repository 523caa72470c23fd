"""Samples: encrypted images with the embeddings made of them."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from django.db import transaction

from server.accounts.models import User
from server.core import cipher
from server.people.models import Person, Sample, SampleEmbedding, SampleState
from server.people.storage import forget_objects, open_object, store_object
from shared_schema.face.enrol import SampleLook
from shared_schema.face.images import encode_jpeg
from shared_schema.face.types import Embedding, Embeddings
from shared_schema.face.vectors import decode_embeddings, encode_embedding
from shared_schema.ids import ModelId

EMBEDDING = b"lintel sample embedding 1"
UNLIKE_OTHERS = "unlike the other samples of this person"


@dataclass(frozen=True, slots=True)
class NewSample:
    """A looked-at image that may become a sample. `image` is the file as it was sent."""

    image: bytes
    look: SampleLook
    model_id: ModelId

    @property
    def sha256(self) -> str:
        return sha256(self.image).hexdigest()


def sample_find(*, person: Person, image: bytes) -> Sample | None:
    """The sample made of exactly this image."""
    return person.samples.filter(sha256=sha256(image).hexdigest()).first()


def sample_write(*, person: Person, new: NewSample, by: User | None) -> Sample:
    """Put image and crop into object storage, encrypted, under random keys; the sample that names them is not saved yet.

    Whoever does not save it removes them with `sample_forget_objects`. Raises Unavailable.
    """
    sample = Sample(
        person=person,
        sha256=new.sha256,
        object_key=f"samples/{uuid4().hex}",
        crop_key=f"samples/{uuid4().hex}",
        size_bytes=len(new.image),
        quality=new.look.quality.value,
        face_px=new.look.quality.face_px,
        created_by=by,
    )
    try:
        store_object(sample.object_key, new.image)
        store_object(sample.crop_key, encode_jpeg(new.look.crop))
    except BaseException:
        sample_forget_objects(sample)
        raise
    return sample


def sample_save(sample: Sample, new: NewSample) -> None:
    """Keep the sample and its embedding, encrypted. Call it inside the transaction that rebuilds the template."""
    sample.save()
    embedding_store(sample, new.model_id, new.look.embedding)


def embedding_store(sample: Sample, model_id: ModelId, embedding: Embedding) -> None:
    """Keep what this embedder made of the sample, encrypted. Call it inside the transaction that rebuilds the template."""
    sealed = cipher.current().encrypt(encode_embedding(embedding), purpose=EMBEDDING)
    SampleEmbedding.objects.create(sample=sample, model_id=model_id, dimension=len(embedding), ciphertext=sealed)


def sample_image(sample: Sample) -> bytes:
    """The image as it was sent. Raises NotFound when object storage lost it, Unavailable when it does not answer."""
    return open_object(sample.object_key)


def sample_forget_objects(sample: Sample) -> None:
    """Remove what lies in object storage."""
    forget_objects([sample.object_key, sample.crop_key])


def sample_crop(sample: Sample) -> bytes:
    """The head of the sample as JPEG. Raises NotFound when object storage lost it."""
    return open_object(sample.crop_key)


def sample_remove(*, sample: Sample) -> None:
    """Delete the rows now and the objects once the transaction is committed."""
    keys = [sample.object_key, sample.crop_key]
    sample.delete()
    transaction.on_commit(lambda: forget_objects(keys))


def embeddings_of(person: Person, model_id: ModelId) -> tuple[list[int], Embeddings | None]:
    """Sample keys and embeddings (n, dimension) that may be part of the template, oldest first; None when there are none.

    Samples that were set aside by comparison are given too: another sample may show that they were right.
    """
    rows = list(
        SampleEmbedding.objects.filter(sample__person=person, model_id=model_id)
        .exclude(sample__in=person.samples.filter(state=SampleState.SET_ASIDE).exclude(reason=UNLIKE_OTHERS))
        .order_by("sample_id")
    )
    if not rows:
        return [], None
    opened = [cipher.current().decrypt(row.ciphertext, purpose=EMBEDDING) for row in rows]
    return [row.sample_id for row in rows], decode_embeddings(opened, rows[0].dimension)


def mark_unlike(*, person: Person, unlike: list[int]) -> None:
    """Set these samples aside and take back those that were set aside by an earlier comparison."""
    person.samples.filter(reason=UNLIKE_OTHERS).exclude(pk__in=unlike).update(state=SampleState.ACTIVE, reason="")
    person.samples.filter(pk__in=unlike).update(state=SampleState.SET_ASIDE, reason=UNLIKE_OTHERS)
