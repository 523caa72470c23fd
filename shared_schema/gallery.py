"""The gallery a node matches against. It carries no names: a node needs none."""

from hashlib import sha256
from typing import Self
from uuid import UUID

from pydantic import Field

from shared_schema.base import Base64Bytes, Sha256Hex, WireModel
from shared_schema.envelope import MAX_INT


class GalleryPerson(WireModel):
    """A person's templates: each a little-endian float32 vector of unit length."""

    person: UUID
    templates: tuple[Base64Bytes, ...] = Field(min_length=1)


class GallerySnapshot(WireModel):
    """Everybody a node may name, as of a revision. Revisions only grow."""

    revision: int = Field(ge=1, le=MAX_INT)
    model_id: str
    dimension: int = Field(ge=1, le=4096)
    people: tuple[GalleryPerson, ...]

    def digest(self) -> str:
        """The SHA-256 of who is in it with which templates, whatever their order and the revision."""
        whole = sha256(f"{self.model_id}|{self.dimension}".encode())
        for one in sorted(self.people, key=lambda entry: entry.person.bytes):
            whole.update(one.person.bytes + len(one.templates).to_bytes(4, "little"))
            for template in one.templates:
                whole.update(len(template).to_bytes(4, "little") + template)
        return whole.hexdigest()


class GalleryDelta(WireModel):
    """What to do to the gallery of `base_revision` to have that of `revision`."""

    base_revision: int = Field(ge=1, le=MAX_INT)
    revision: int = Field(ge=1, le=MAX_INT)
    model_id: str
    dimension: int = Field(ge=1, le=4096)
    people: tuple[GalleryPerson, ...] = Field(description="new and changed ones, each with all their templates")
    gone: tuple[UUID, ...] = Field(description="who is no longer in it")
    digest: Sha256Hex = Field(description="of the gallery that comes out; when it differs, fetch the whole")

    @classmethod
    def between(cls, base: GallerySnapshot, now: GallerySnapshot) -> Self:
        """The difference of two galleries of the same model."""
        before = {one.person: one.templates for one in base.people}
        there = {one.person for one in now.people}
        return cls(
            base_revision=base.revision,
            revision=now.revision,
            model_id=now.model_id,
            dimension=now.dimension,
            people=tuple(one for one in now.people if before.get(one.person) != one.templates),
            gone=tuple(sorted(person for person in before if person not in there)),
            digest=now.digest(),
        )

    def applied_to(self, base: GallerySnapshot) -> GallerySnapshot | None:
        """The gallery of `revision`; None when `base` is not the one this was made from."""
        if (base.revision, base.model_id, base.dimension) != (self.base_revision, self.model_id, self.dimension):
            return None
        gone = set(self.gone)
        people = {one.person: one for one in base.people if one.person not in gone}
        people |= {one.person: one for one in self.people}
        result = GallerySnapshot(revision=self.revision, model_id=self.model_id, dimension=self.dimension, people=tuple(people.values()))
        return result if result.digest() == self.digest else None
