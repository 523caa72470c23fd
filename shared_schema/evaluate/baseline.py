"""The recogniser that the product is held against: the same networks with a detector's four landmarks, plain cosine and no crowd."""

import contextlib
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from shared_schema.face.align import FACE_SHAPE
from shared_schema.face.manifest import FILE, ModelSet
from shared_schema.face.manifest_text import replace_manifest, without, written


@contextlib.contextmanager
def baseline_models(models: Path | None) -> Iterator[Path]:
    """A model set of its own for as long as it is needed.

    BlazeFace's eyes, nose and mouth, the mean of two close-ups, are fitted onto their medians; chip and mirrored chip are embedded.
    """
    given = ModelSet.load(models)
    with tempfile.TemporaryDirectory(prefix="lintel-baseline-") as made:
        folder = Path(made)
        for model in (given.manifest.near, given.manifest.far, given.manifest.embedder):
            shutil.copyfile(given.folder / model.file, folder / model.file)
        text = (given.folder / FILE).read_text(encoding="utf-8")
        embedder = tomllib.loads(text)["embedder"]
        source = embedder.pop("source")
        for key in ("calibration", "mirrored_template"):
            embedder.pop(key, None)
        embedder |= {"template": FACE_SHAPE.round(2).tolist(), "mirrored": True, "model_id": "baseline"}
        for table in ("landmarks", "eyes", "embedder"):
            text = without(text, table)
        replace_manifest(folder / FILE, "\n".join((text, written("embedder", embedder), written("embedder.source", source))))
        yield folder
