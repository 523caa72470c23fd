"""Samples: encrypted images with the embeddings made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from django.db import transaction

from server.accounts.models import User
from server.core import cipher
from server.core.cipher import CipherError
from server.people.models import Person, Sample, SampleEmbedding, SampleState, SetAside
from server.people.storage import forget_objects, open_object, store_object
from shared_schema.face.enrol import SampleLook
from shared_schema.face.images import encode_jpeg
from shared_schema.face.types import Embedding, FaceError
from shared_schema.face.vectors import decode_embedding, encode_embedding
from shared_schema.ids import ModelId

EMBEDDING = b"lintel sample embedding 1"


@dataclass(frozen=True, slots=True)
class NewSample:
    """A looked-at image that may become a sample. `image` is the file as it was sent."""

    image: bytes
    look: SampleLook
    model_id: ModelId

    @property
    def sha256(self) -> str:
        return sha256(self.image).hexdigest()


@dataclass(frozen=True, slots=True)
class OwnSample:
    """A sample with what one model made of it; None when that cannot be read."""

    sample: Sample
    embedding: Embedding | None


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
        yaw=new.look.view.yaw,
        brightness=new.look.view.brightness,
        sharpness=new.look.view.sharpness,
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


def samples_of(person: Person, model_id: ModelId, dimension: int) -> list[OwnSample]:
    """All samples of a person that this model has embedded, oldest first, those set aside too: what speaks for them may change."""
    rows = SampleEmbedding.objects.filter(sample__person=person, model_id=model_id).select_related("sample").order_by("sample_id")
    return [OwnSample(row.sample, embedding_open(bytes(row.ciphertext), dimension)) for row in rows]


def embedding_open(ciphertext: bytes, dimension: int) -> Embedding | None:
    """The embedding that was kept; None when it cannot be used: of another key, another size, or no numbers."""
    try:
        return decode_embedding(cipher.current().decrypt(ciphertext, purpose=EMBEDDING), dimension)
    except (FaceError, CipherError):
        return None


def samples_mark(person: Person, *, active: Sequence[int], set_aside: Mapping[int, SetAside]) -> None:
    """Write down which of these samples (keys) are part of the template, and why the others are not."""
    person.samples.filter(pk__in=active).update(state=SampleState.ACTIVE, reason="")
    for reason in set(set_aside.values()):
        keys = [key for key, why in set_aside.items() if why == reason]
        person.samples.filter(pk__in=keys).update(state=SampleState.SET_ASIDE, reason=reason)
