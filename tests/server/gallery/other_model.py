"""A server whose model set was changed: another embedder, calibrated."""

from pathlib import Path

import pytest
from pytest_django import Settings

from shared_schema.face.install import install
from shared_schema.face.manifest import FILE
from shared_schema.face.manifest_text import replace_manifest, written
from tests.shared_schema.face.foreign import calibration_of, small_entry
from tests.shared_schema.face.inception import small_embedder

DIMENSION = 32


@pytest.fixture(scope="session")
def other_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model set with a small embedder of random weights."""
    folder = tmp_path_factory.mktemp("models")
    done = install(small_entry(folder), small_embedder(), folder / "set")
    manifest = done.folder / FILE
    table = written("embedder.calibration", calibration_of("a test").model_dump(mode="json"))
    replace_manifest(manifest, manifest.read_text(encoding="utf-8") + "\n" + table)
    return done.folder


def use(settings: Settings, folder: Path | None) -> None:
    """As after a restart with another `[models] folder`."""
    settings.LINTEL_MODELS = folder
