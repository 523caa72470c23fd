import tomllib
from pathlib import Path

import numpy as np
import pytest

from shared_schema.evaluate.calibrate import Measured
from shared_schema.face.calibration import PadCalibration, Point
from shared_schema.face.crowd import make_crowd
from shared_schema.face.install import Installed, install
from shared_schema.face.manifest import ModelSet, read_manifest
from shared_schema.face.manifest_text import replace_manifest, without, write_calibration, written
from shared_schema.face.types import FaceError
from shared_schema.face.vectors import unit
from tests.shared_schema.face.foreign import calibration_of, small_entry
from tests.shared_schema.face.inception import small_embedder

DIMENSION = 32
CROWD = make_crowd(unit(np.random.default_rng(0).normal(size=(200, DIMENSION)) + 1))
ONE_IN = (10, 100, 1_000, 10_000, 100_000)


def measured(*similarities: float) -> Measured:
    points = tuple(Point(one_in=one_in, similarity=value) for one_in, value in zip(ONE_IN, similarities, strict=True))
    return Measured(points, CROWD, points, min_own_similarity=0.5, own_median=0.8, people=60)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return install(small_entry(tmp_path), small_embedder(), tmp_path / "set")


def test_a_calibration_is_written_and_then_the_set_can_decide(installed: Installed) -> None:
    calibration = calibration_of('a "test"')
    write_calibration(installed.folder, calibration)
    assert ModelSet.load(installed.folder).embedder.calibration == calibration
    assert ModelSet.load(installed.folder).embedder.model_id == installed.model_id
    assert [path.name for path in installed.folder.iterdir() if path.name.startswith(".")] == []


def test_writing_again_replaces_the_block_and_leaves_the_rest_and_the_pad_bar(installed: Installed) -> None:
    first = calibration_of("first")
    pad = PadCalibration(max_pad_value=0.97, measured_on="clips")
    write_calibration(installed.folder, first.model_copy(update={"pad": pad}))
    before = (installed.folder / "manifest.toml").read_text(encoding="utf-8")
    second = calibration_of("second", lowest=0.1)
    write_calibration(installed.folder, second)
    after = (installed.folder / "manifest.toml").read_text(encoding="utf-8")
    assert read_manifest(installed.folder).embedder.calibration == second.model_copy(update={"pad": pad})
    assert without(before, "embedder.calibration") == without(after, "embedder.calibration")
    assert "first" not in after


def test_the_crowd_is_written_beside_the_manifest_and_serves_from_then_on(installed: Installed) -> None:
    derived = measured(0.2, 0.3, 0.4, 0.5, 0.6).calibration("people")
    write_calibration(installed.folder, derived, CROWD)
    embedder = ModelSet.load(installed.folder).embedder
    assert embedder.crowd is not None
    assert np.abs(embedder.crowd.means - CROWD.means).max() < 1e-3
    assert embedder.excess(CROWD.means[:1])[0] > 0


def test_margin_and_duplicate_bar_stand_in_proportion_to_the_table() -> None:
    """The table is the shipped embedder's; 0.01 and 0.965 were chosen for it by hand."""
    derived = measured(0.9064, 0.9311, 0.9458, 0.9582, 0.9706).calibration("again")
    assert (derived.min_margin, derived.duplicate_similarity) == (0.0099, 0.9644)


def test_an_embedder_that_takes_everybody_for_everybody_is_refused() -> None:
    with pytest.raises(FaceError, match="cannot tell people apart") as caught:
        measured(0.99, 0.99, 0.99, 0.99, 0.99).calibration("all alike")
    assert caught.value.code == "no_telling_apart"


def test_a_text_that_is_no_manifest_does_not_take_the_place_of_one(installed: Installed) -> None:
    path = installed.folder / "manifest.toml"
    before = path.read_bytes()
    with pytest.raises(FaceError) as caught:
        replace_manifest(path, without(path.read_text(encoding="utf-8"), "near"))
    assert caught.value.code == "bad_manifest"
    assert path.read_bytes() == before


def test_a_table_goes_with_its_own_comments_and_no_others() -> None:
    text = "# top\na = 1\n\n# of b\n[b]\nx = 1\n\n[b.c]\ny = 2\n# of d\n[d]\nz = [\n  1,\n]\n"
    assert without(text, "b") == "# top\na = 1\n\n# of d\n[d]\nz = [\n  1,\n]\n"
    assert without(text, "c") == text


def test_a_written_table_reads_back_as_what_it_was() -> None:
    values = {"text": 'a "quote" \\ ü', "yes": True, "none": None, "rows": [[1.5, 2], [3, 4]], "inner": {"k": "v"}}
    read = tomllib.loads(written("t", values))["t"]
    assert read == {key: value for key, value in values.items() if value is not None}
