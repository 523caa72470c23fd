"""Who is nearest? Exact cosine search over everybody's templates; the answer is a person, never a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Embedding, Embeddings, FaceError
from shared_schema.face.vectors import check_embedding, check_embeddings, decode_embedding, decode_embeddings, encode_embedding
from shared_schema.gallery import GallerySnapshot
from shared_schema.ids import ModelId, PersonId
from shared_schema.sighting import Candidate

__all__ = ["Gallery", "decode_embedding", "encode_embedding"]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Everybody who may be named, as of a revision. Rows of `templates` belong to `people[owners[row]]`; owners ascend.

    `starts` is the first row of each person.
    """

    model_id: ModelId
    revision: int
    people: tuple[PersonId, ...]
    templates: Embeddings
    owners: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def build(cls, *, model_id: ModelId, revision: int, people: Mapping[PersonId, Embeddings]) -> Self:
        """Each person's templates are unit float32 rows (n ≥ 1, dimension); raises FaceError for anything else."""
        if not people:
            return cls.empty(model_id, revision=revision)
        dimension = _dimension_of(people)
        rows = [_templates_of(person, templates, dimension) for person, templates in people.items()]
        counts = np.array([len(row) for row in rows])
        owners = np.repeat(np.arange(len(rows)), counts)
        return cls(model_id, revision, tuple(people), np.concatenate(rows), owners, np.cumsum(counts) - counts)

    @classmethod
    def empty(cls, model_id: ModelId, *, revision: int = 0) -> Self:
        """A gallery that names nobody."""
        return cls(model_id, revision, (), np.empty((0, 0), np.float32), np.empty(0, np.intp), np.empty(0, np.intp))

    @classmethod
    def from_snapshot(cls, snapshot: GallerySnapshot, *, model_id: ModelId | None = None) -> Self:
        """Build from the wire message. Give the node's own `model_id` to refuse a gallery made with another model."""
        if model_id is not None and snapshot.model_id != model_id:
            raise FaceError(
                "wrong_model",
                f"the gallery was made with model {snapshot.model_id}, this pipeline runs {model_id}; install the same model on both sides",
            )
        people: dict[PersonId, Embeddings] = {}
        for entry in snapshot.people:
            person = PersonId(entry.person)
            if person in people:
                raise FaceError("mixed_gallery", f"person {person} stands in the gallery twice")
            people[person] = decode_embeddings(entry.templates, snapshot.dimension)
        return cls.build(model_id=ModelId(snapshot.model_id), revision=snapshot.revision, people=people)

    @classmethod
    def merge(cls, galleries: Sequence[Self], *, revision: int) -> Self:
        """One gallery of several scopes. Raises FaceError when they were made with different models or share a person."""
        models = {gallery.model_id for gallery in galleries}
        if len(models) != 1:
            raise FaceError("mixed_gallery", f"templates of different models cannot be compared: {', '.join(sorted(models)) or 'none'}")
        people: dict[PersonId, Embeddings] = {}
        for gallery in galleries:
            for index, person in enumerate(gallery.people):
                if person in people:
                    raise FaceError("mixed_gallery", f"person {person} stands in two galleries")
                people[person] = gallery.templates[gallery.owners == index]
        return cls.build(model_id=models.pop(), revision=revision, people=people)

    @property
    def size(self) -> int:
        """How many people it can name."""
        return len(self.people)

    def search(self, embedding: Embedding) -> tuple[Candidate | None, Candidate | None]:
        """The nearest person and the next *other* person, by each one's nearest template; None where there is nobody."""
        if not self.people:
            return None, None
        probe = check_embedding(embedding, self.templates.shape[1])
        similarities = self.similarities(probe)
        best = int(similarities.argmax())
        if len(self.people) == 1:
            return self._candidate(best, similarities), None
        others = similarities.copy()
        others[best] = -np.inf
        return self._candidate(best, similarities), self._candidate(int(others.argmax()), similarities)

    def similarities(self, probe: Embedding) -> NDArray[np.float32]:
        """Cosine similarity of the probe to every person, in the order of `people`."""
        similarities = self.templates @ probe
        if len(similarities) > len(self.people):
            similarities = np.maximum.reduceat(similarities, self.starts)
        return np.asarray(similarities, np.float32)

    def _candidate(self, index: int, similarities: NDArray[np.float32]) -> Candidate:
        return Candidate(person=self.people[index], similarity=min(1.0, float(similarities[index])))


def _dimension_of(people: Mapping[PersonId, Embeddings]) -> int:
    first = next(iter(people.values()))
    return int(first.shape[-1]) if first.ndim else 0


def _templates_of(person: PersonId, templates: Embeddings, dimension: int) -> Embeddings:
    try:
        checked = check_embeddings(templates, dimension)
    except FaceError as error:
        raise FaceError(error.code, f"person {person}: {error}") from error
    if len(checked) == 0:
        raise FaceError("empty", f"person {person} has no template; enrol a sample or leave the person out of the gallery")
    return checked
