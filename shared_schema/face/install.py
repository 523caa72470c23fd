"""Makes a model set of an embedder that is not shipped: the shipped detectors, the checked file, and a manifest that states how it is fed.

Nothing is left behind unless the file is the pinned one and the whole set runs.
"""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_schema.face.embed import FaceEmbedder
from shared_schema.face.manifest import FILE, SHIPPED, Manifest, ModelSet, read_manifest
from shared_schema.face.manifest_text import replace_manifest, without, written
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.registry import Entry
from shared_schema.face.registry.download import MAX_BYTES
from shared_schema.face.types import FaceError
from shared_schema.ids import ModelId


@dataclass(frozen=True, slots=True)
class Installed:
    """A model set on disk. `made` is False when it was there already."""

    folder: Path
    model_id: ModelId
    sha256: str
    made: bool


def install(entry: Entry, content: bytes, target: Path) -> Installed:
    """Put the set of this embedder into the folder `target`, which may not exist yet. The same again changes nothing.

    FaceError: wrong_hash (another file), bad_model or bad_manifest (it does not run as its manifest says), exists, cannot_write.
    """
    entry.source.check(content)
    model_id = ModelId(f"{entry.name}-{entry.embedder.fingerprint(_sha256(content))}")
    installed = Installed(target, model_id, _sha256(content), made=True)
    if target.exists():
        return _known(installed)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _workplace(target) as folder:
            _fill(folder, entry, content, model_id)
            try_out(ModelSet.load(folder))
            folder.chmod(0o755)
            folder.rename(target)
    except OSError as error:
        raise FaceError("cannot_write", f"cannot make {target}: {error.strerror}; check its rights and the room on the disk") from error
    return installed


def read_file(path: Path) -> bytes:
    """A model file of the operator. FaceError: bad_file, too_large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FaceError("too_large", f"{path} has more than {MAX_BYTES / 1e6:.0f} MB; that is no embedder a door can run")
        return path.read_bytes()
    except OSError as error:
        raise FaceError("bad_file", f"cannot read {path}: {error.strerror}; name the model file") from error


def try_out(models: ModelSet) -> None:
    """Run every network once on noise. FaceError when one is not what the manifest describes or gives no direction."""
    noise = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    FacePipeline(models, threads=1).detect(noise)
    file = models.manifest.embedder
    FaceEmbedder(file, models.contents[file.file]).embed([noise[: file.input_px, : file.input_px]])


def _known(installed: Installed) -> Installed:
    """The set that is there, when it is this one and whole."""
    try:
        there = ModelSet.load(installed.folder)
    except FaceError as error:
        raise FaceError(
            "exists", f"{installed.folder} exists and is not this model set ({error}); name another folder with --to"
        ) from error
    if there.embedder.model_id != installed.model_id:
        raise FaceError("exists", f"{installed.folder} holds {there.embedder.model_id} already; name another folder with --to")
    return Installed(installed.folder, installed.model_id, installed.sha256, made=False)


def _fill(folder: Path, entry: Entry, content: bytes, model_id: ModelId) -> None:
    shipped = read_manifest(SHIPPED)
    for name in _kept(shipped):
        shutil.copyfile(SHIPPED / name, folder / name)
    file = f"{entry.name}.tflite"
    (folder / file).write_bytes(content)
    embedder = {"model_id": model_id, "file": file, "sha256": _sha256(content), **entry.embedder.model_dump(mode="json")}
    parts = (
        without((SHIPPED / FILE).read_text(encoding="utf-8"), "embedder"),
        f"# {entry.title}\n" + written("embedder", embedder),
        written("embedder.source", entry.source.model_dump(mode="json")),
    )
    replace_manifest(folder / FILE, "\n".join(parts))


def _kept(shipped: Manifest) -> list[str]:
    """The files of the shipped set that every set has: all but the embedder."""
    models = (*shipped.files, *shipped.extras.values())
    return [model.file for model in models if model is not shipped.embedder]


@contextlib.contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A folder beside the target; gone afterwards unless it was moved."""
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
