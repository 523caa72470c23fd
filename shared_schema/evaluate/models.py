"""Lists a model set."""

from pathlib import Path

from shared_schema.face.manifest import EmbedderFile, Manifest, ModelFile, ModelSet, read_manifest

Report = dict[str, object]


def describe(folder: Path | None, *, verify: bool) -> Report:
    """What the manifest says of every file; with `verify`, FaceError wrong_hash unless the files are the ones it names."""
    place = folder if folder is not None else ModelSet.shipped()
    manifest = _verified(place) if verify else read_manifest(place)
    roles: dict[str, ModelFile] = {"near": manifest.near, "far": manifest.far, "embedder": manifest.embedder}
    if manifest.landmarks is not None:
        roles["landmarks"] = manifest.landmarks
    return {"folder": str(place), "verified": verify, "models": [_entry(role, model) for role, model in roles.items()]}


def _verified(place: Path) -> Manifest:
    models = ModelSet.load(place)
    if models.manifest.landmarks is not None:
        models.read_landmarks()
    return models.manifest


def _entry(role: str, model: ModelFile) -> Report:
    source = model.source
    entry: Report = {
        "role": role,
        "file": model.file,
        "sha256": model.sha256,
        "licence": source.licence,
        "source": f"{source.package} {source.version}: {source.member}",
        "input_px": model.input_px,
        "colour": model.colour,
    }
    if isinstance(model, EmbedderFile):
        entry |= {"model_id": model.model_id, "dimension": model.dimension, "metric": model.metric, "mirrored": model.mirrored}
        entry["calibration"] = model.calibration.model_dump()
    return entry
