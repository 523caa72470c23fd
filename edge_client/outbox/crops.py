"""Sealed crop files. A file is durable before a row names it, and goes only after its row has gone."""

import os
import uuid
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edge_client.files import make_private_folder, sync_folder
from shared_schema.sealing import CROP, seal


@dataclass(frozen=True, slots=True)
class CropFile:
    """A stored crop: `sha256` is the plain image's, as in its sighting; `file_sha256` the sealed bytes'."""

    file: str
    sha256: str
    file_sha256: str
    size_bytes: int


class CropFolder:
    """`<state>/outbox/crops/`."""

    def __init__(self, outbox: Path) -> None:
        self._folder = outbox / "crops"
        make_private_folder(self._folder)
        sync_folder(outbox)

    def write(self, crop: bytes, *, public_key: bytes) -> CropFile:
        """Seal and store: temporary file → fsync → rename → fsync of the folder."""
        sealed = seal(crop, public_key=public_key, purpose=CROP)
        digest = sha256(crop).hexdigest()
        name = f"{digest}.{uuid.uuid4().hex[:8]}.sealed"
        temporary = self._folder / f".{name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._folder / name)
        sync_folder(self._folder)
        return CropFile(file=name, sha256=digest, file_sha256=sha256(sealed).hexdigest(), size_bytes=len(sealed))

    def read(self, crop: CropFile) -> bytes | None:
        """The sealed bytes; None when the file is gone or is not what was written."""
        try:
            sealed = (self._folder / crop.file).read_bytes()
        except FileNotFoundError:
            return None
        return sealed if sha256(sealed).hexdigest() == crop.file_sha256 else None

    def remove(self, file: str) -> None:
        (self._folder / file).unlink(missing_ok=True)

    def remove_all_but(self, named: set[str]) -> int:
        """Remove files that no row names, left over from a crash. Returns how many."""
        orphans = [path for path in self._folder.iterdir() if path.name not in named]
        for path in orphans:
            path.unlink()
        return len(orphans)
