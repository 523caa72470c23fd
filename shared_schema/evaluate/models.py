"""Lists a model set and what else can be installed, and installs it."""

from pathlib import Path

from shared_schema.face.calibration import Calibration
from shared_schema.face.install import Installed, install, read_file
from shared_schema.face.manifest import EmbedderFile, Manifest, ModelFile, ModelSet, read_manifest
from shared_schema.face.registry import Entry, entries, entry_of, read_entry
from shared_schema.face.registry.download import PUBLIC, download
from shared_schema.face.source import RepositorySource
from shared_schema.face.types import FaceError

Report = dict[str, object]


def describe(folder: Path | None, *, verify: bool) -> Report:
    """What the manifest says of every file; with `verify`, FaceError wrong_hash unless the files are the ones it names."""
    place = folder if folder is not None else ModelSet.shipped()
    manifest = _verified(place) if verify else read_manifest(place)
    models = [_entry(role, model) for role, model in manifest.roles.items()]
    return {"folder": str(place), "verified": verify, "models": models, "registry": [_offer(entry) for entry in entries()]}


def add(model: str, *, source: Path | None, manifest: Path | None, target: Path | None, base: str = PUBLIC) -> Report:
    """Install an embedder by its name in the registry, or a file of one's own with its manifest, as a model set of its own.

    Only what the registry pins is downloaded, and not when `source` names the file.
    """
    entry = entry_of(model) if manifest is None else read_entry(manifest)
    if manifest is not None and source is None:
        source = Path(model)
    elif manifest is not None and model != entry.name:
        raise FaceError("bad_setting", f"{manifest} describes {entry.name}, not {model}")
    content = _fetched(entry, base) if source is None else read_file(source)
    return _installed(install(entry, content, target or Path(entry.name)))


def _fetched(entry: Entry, base: str) -> bytes:
    if not isinstance(entry.source, RepositorySource):
        raise FaceError("bad_manifest", f"{entry.name} comes from no public repository; give the file with --from FILE")
    return download(entry.source, base=base)


def _installed(done: Installed) -> Report:
    return {
        "folder": str(done.folder),
        "model_id": done.model_id,
        "sha256": done.sha256,
        "made": done.made,
        "next": f"lintel-face calibrate --models {done.folder} --images DIR --write",
    }


def _offer(entry: Entry) -> Report:
    rule = entry.embedder
    return {
        "name": entry.name,
        "title": entry.title,
        "licence": entry.source.licence,
        "source": str(entry.source),
        "input_px": rule.input_px,
        "dimension": rule.dimension,
    }


def _verified(place: Path) -> Manifest:
    models = ModelSet.load(place)
    for model in models.manifest.extras.values():
        models.read_extra(model)
    return models.manifest


def _entry(role: str, model: ModelFile) -> Report:
    source = model.source
    entry: Report = {
        "role": role,
        "file": model.file,
        "sha256": model.sha256,
        "licence": source.licence,
        "source": str(source),
        "input_px": model.input_px,
        "colour": model.colour,
    }
    if isinstance(model, EmbedderFile):
        entry |= {"model_id": model.model_id, "dimension": model.dimension, "metric": model.metric, "mirrored": model.mirrored}
        entry["calibration"] = "none: calibrate it before use" if model.calibration is None else _calibration(model.calibration)
    return entry


def _calibration(calibration: Calibration) -> Report:
    """As it stands in the manifest, and in words what is missing from it."""
    unknown = "not measured: no pass is taken for a held picture" if calibration.pad is None else calibration.pad.model_dump()
    return calibration.model_dump() | {"pad": unknown}
