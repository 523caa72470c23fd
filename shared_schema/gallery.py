"""The gallery a node matches against. It carries no names: a node needs none."""

from uuid import UUID

from pydantic import Field

from shared_schema.base import Base64Bytes, WireModel
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
