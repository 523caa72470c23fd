"""Sealed crop files. A file is durable before a row names it, and goes only after its row has gone.

A file's name says whose it is (`<epoch>-<seq>-<sha256>.sealed`, the hash being the plain image's), so that a row that was
damaged can be made again from it.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_client.errors import OutboxError
from edge_client.files import file_mode, make_private_folder, sync_folder
from edge_client.outbox.rows import CropRow, Number, number_of, row_id
from shared_schema.ids import Epoch, Seq
from shared_schema.sealing import CROP, seal

_NAME: Final = re.compile(r"(?P<epoch>\d{1,7})-(?P<seq>\d{1,13})-(?P<sha256>[0-9a-f]{64})\.sealed")


@dataclass(frozen=True, slots=True)
class CropFile:
    """A stored crop: `sha256` is the plain image's, as in its sighting; `file_sha256` the sealed bytes'."""

    file: str
    sha256: str
    file_sha256: str
    size_bytes: int

    def row(self, row: int) -> CropRow:
        return CropRow(row, self.sha256, self.file, self.file_sha256, self.size_bytes)


class CropFolder:
    """`<state>/outbox/crops/`."""

    def __init__(self, outbox: Path) -> None:
        self._folder = outbox / "crops"
        make_private_folder(self._folder)

    @property
    def path(self) -> Path:
        return self._folder

    def write(self, crop: bytes, *, public_key: bytes, number: Number) -> CropFile:
        """Seal and store: temporary file → fsync → rename → fsync of the folder. Raises OSError; then there is no file."""
        sealed = seal(crop, public_key=public_key, purpose=CROP)
        digest = hashlib.sha256(crop).hexdigest()
        name = f"{number.epoch}-{number.seq}-{digest}.sealed"
        temporary = self._folder / f".{name}.new"
        try:
            self._write_durably(temporary, sealed)
            temporary.rename(self._folder / name)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        return CropFile(file=name, sha256=digest, file_sha256=hashlib.sha256(sealed).hexdigest(), size_bytes=len(sealed))

    def read(self, crop: CropRow) -> bytes | None:
        """The sealed bytes; None when the file is gone or is not what was written."""
        try:
            sealed = (self._folder / crop.file).read_bytes()
        except FileNotFoundError:
            return None
        return sealed if hashlib.sha256(sealed).hexdigest() == crop.file_sha256 else None

    def remove(self, file: str) -> None:
        (self._folder / file).unlink(missing_ok=True)

    def unnamed(self, named: set[str]) -> Iterator[str]:
        """Files that no row names."""
        return (path.name for path in sorted(self._folder.iterdir()) if path.name not in named)

    def find(self, row: int, sha256: str | None) -> CropRow | None:
        """The row that the file of a record's crop tells, by the record's number or else by the image's hash."""
        epoch, seq = number_of(row)
        own = sorted(self._folder.glob(f"{epoch}-{seq}-{sha256 or '*'}.sealed"))
        alike = sorted(self._folder.glob(f"*{sha256}*.sealed")) if sha256 else []
        for path in (*own, *alike):
            sealed = path.read_bytes()
            digest = sha256 or path.stem.rsplit("-", 1)[-1]
            return CropRow(row, digest, path.name, hashlib.sha256(sealed).hexdigest(), len(sealed))
        return None

    def adopt(self, file: str) -> CropRow | None:
        """The row that the file itself tells; None when its name does not say whose it is."""
        named = _NAME.fullmatch(file)
        if named is None:
            return None
        try:
            row = row_id(Epoch(int(named["epoch"])), Seq(int(named["seq"])))
        except OutboxError:
            return None
        sealed = (self._folder / file).read_bytes()
        return CropRow(row, named["sha256"], file, hashlib.sha256(sealed).hexdigest(), len(sealed))

    def _write_durably(self, path: Path, data: bytes) -> None:
        mode = file_mode(self._folder)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
