"""A server whose model set was changed: another embedder, calibrated."""

from pathlib import Path

import pytest
from pytest_django import Settings

from shared_schema.evaluate.calibrate import Measured
from shared_schema.face.calibration import Point
from shared_schema.face.install import install
from shared_schema.face.manifest_text import write_calibration
from tests.shared_schema.face.foreign import small_entry
from tests.shared_schema.face.inception import small_embedder

DIMENSION = 32


@pytest.fixture(scope="session")
def other_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model set with a small embedder of random weights."""
    folder = tmp_path_factory.mktemp("models")
    done = install(small_entry(folder), small_embedder(), folder / "set")
    points = tuple(Point(one_in=10**power, similarity=0.3 + 0.1 * power) for power in range(1, 6))
    write_calibration(done.folder, Measured(points, 0.3, 0.5, 60).calibration("a test"))
    return done.folder


def use(settings: Settings, folder: Path | None) -> None:
    """As after a restart with another `[models] folder`."""
    settings.LINTEL_MODELS = folder
