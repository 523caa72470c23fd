"""Where a model file comes from, and what pins its content."""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, StringConstraints, Tag

from shared_schema.base import Sha256Hex
from shared_schema.face.types import FaceError

GitHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Source(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    licence: Line


class PackageSource(_Source):
    """A package of the Python index and one member of its archive."""

    kind: Literal["package"] = "package"
    package: str
    version: str
    archive: str
    archive_sha256: Sha256Hex
    member: str
    member_sha256: Sha256Hex

    def __str__(self) -> str:
        return f"{self.package} {self.version}: {self.member}"


class RepositorySource(_Source):
    """A file of a public git repository. `blob` is git's own id of its content: SHA-1 over "blob", size, a zero byte and the content."""

    kind: Literal["repository"]
    repository: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")]
    commit: GitHash
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
    blob: GitHash

    def __str__(self) -> str:
        return f"{self.repository} at {self.commit[:12]}: {self.path}"

    def check(self, content: bytes) -> None:
        """FaceError wrong_hash unless it is the pinned file."""
        _compare("git blob", git_blob(content), self.blob)


class FileSource(_Source):
    """A file of the operator's own. `origin` says in words where it is from."""

    kind: Literal["file"]
    origin: Line
    sha256: Sha256Hex

    def __str__(self) -> str:
        return self.origin

    def check(self, content: bytes) -> None:
        """FaceError wrong_hash unless it is the pinned file."""
        _compare("SHA-256", hashlib.sha256(content).hexdigest(), self.sha256)


def _kind(value: object) -> str:
    """A source that names no kind is a package."""
    kind = value.get("kind", "package") if isinstance(value, dict) else getattr(value, "kind", "")
    return str(kind)


Source = Annotated[
    Annotated[PackageSource, Tag("package")] | Annotated[RepositorySource, Tag("repository")] | Annotated[FileSource, Tag("file")],
    Discriminator(_kind),
]
Pinned = Annotated[
    Annotated[RepositorySource, Tag("repository")] | Annotated[FileSource, Tag("file")],
    Discriminator(_kind),
]
"""What can be installed as a single file."""


def git_blob(content: bytes) -> str:
    """The object id that git gives this content. It identifies, together with the size in it; it is not used to sign anything."""
    return hashlib.sha1(b"blob %d\x00" % len(content) + content, usedforsecurity=False).hexdigest()


def _compare(kind: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise FaceError(
            "wrong_hash",
            f"the file's {kind} hash is {found[:12]}…, the manifest pins {wanted[:12]}…; it is another file or a damaged one",
        )
