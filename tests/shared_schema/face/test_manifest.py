import hashlib
import re
import shutil
from pathlib import Path

import pytest

from shared_schema.face.landmarks import FaceMesh
from shared_schema.face.manifest import SHIPPED, ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.source import PackageSource
from shared_schema.face.types import Bgr, FaceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped set that a test may spoil."""
    for name in ("manifest.toml", *ModelSet.load().contents):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def code_of(folder: Path) -> str:
    with pytest.raises(FaceError) as caught:
        FacePipeline(ModelSet.load(folder))
    assert "\n" not in str(caught.value)
    return caught.value.code


def change(folder: Path, old: str, new: str) -> None:
    manifest = folder / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_set_is_whole(model_set: ModelSet) -> None:
    model_set.verify()
    assert model_set.embedder.dimension == 128
    assert model_set.embedder.model_id == model_set.manifest.embedder.model_id


def test_every_file_states_a_free_licence_and_a_pinned_source(model_set: ModelSet) -> None:
    assert {model.source.licence for model in model_set.manifest.files} == {"Apache-2.0", "CC0-1.0"}
    assert all(isinstance(model.source, PackageSource) for model in model_set.manifest.files)


def test_a_changed_model_file_is_refused(folder: Path) -> None:
    (folder / "embedder_128.tflite").write_bytes((folder / "blazeface_far.tflite").read_bytes())
    assert code_of(folder) == "wrong_hash"


def test_a_missing_file_or_folder_is_refused(folder: Path) -> None:
    (folder / "blazeface_far.tflite").unlink()
    assert code_of(folder) == "no_models"
    assert code_of(folder / "nowhere") == "no_models"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("input_px = 150", "input_px = 160"),
        ("dimension = 128", "dimension = 512"),
        ("per_cell = 6", "per_cell = 2"),
        ('metric = "cosine"', 'metric = "euclidean"'),
        ('colour = "RGB"', 'colour = "CMYK"'),
        ("mirrored = true", "mirrord = true"),
        ("mirrored = true", "mirrored = false"),
        ('file = "embedder_128.tflite"', 'file = "../embedder_128.tflite"'),
        ("manifest_version = 1", "manifest_version = 2"),
        ("[near]", "[near"),
    ],
)
def test_a_manifest_that_lies_or_is_misspelt_is_refused(folder: Path, old: str, new: str) -> None:
    change(folder, old, new)
    assert code_of(folder) == "bad_manifest"


def without_the_mesh(folder: Path) -> None:
    manifest = (folder / "manifest.toml").read_text(encoding="utf-8")
    start, end = manifest.index("[landmarks]"), manifest.index("[eyes]")
    (folder / "manifest.toml").write_text(manifest[:start] + manifest[end:], encoding="utf-8")


def test_a_door_needs_no_model_of_eyes(folder: Path, model_set: ModelSet) -> None:
    loaded = ModelSet.load(folder)
    FacePipeline(loaded)
    assert "iris_landmark.tflite" not in model_set.contents
    with pytest.raises(FaceError) as caught:
        loaded.read_extra(loaded.manifest.eyes)
    assert caught.value.code == "no_models"


def test_a_template_of_five_points_needs_the_face_mesh(folder: Path) -> None:
    without_the_mesh(folder)
    with pytest.raises(FaceError, match="needs the face mesh"):
        ModelSet.load(folder)


def test_a_set_without_a_mesh_cuts_chips_by_four_landmarks(folder: Path, officer: Bgr) -> None:
    without_the_mesh(folder)
    manifest = (folder / "manifest.toml").read_text(encoding="utf-8")
    four = "template = [[46.1, 47.9], [102.1, 47.9], [74.0, 78.7], [74.2, 107.2]]"
    (folder / "manifest.toml").write_text(re.sub(r"template = .*", four, manifest), encoding="utf-8")
    pipeline = FacePipeline(ModelSet.load(folder))
    (face,) = pipeline.detect(officer)
    assert face.mesh is None
    assert pipeline.embed(officer, [face]).shape == (1, 128)


def test_a_set_without_a_mesh_says_so_when_asked(folder: Path) -> None:
    without_the_mesh(folder)
    change(folder, "template = [[37.06, 46.37], ", "template = [")
    change(folder, "template = [[38.96, 43.80], ", "template = [")
    with pytest.raises(FaceError) as caught:
        FaceMesh.load(ModelSet.load(folder))
    assert caught.value.code == "no_landmarks"


def test_a_changed_landmark_model_is_refused(folder: Path) -> None:
    (folder / "face_landmark.tflite").write_bytes((folder / "blazeface_far.tflite").read_bytes())
    assert code_of(folder) == "wrong_hash"


def test_a_changed_or_missing_crowd_is_refused(folder: Path) -> None:
    (crowd,) = folder.glob("*.npy")
    crowd.write_bytes(b"not what the manifest names")
    assert code_of(folder) == "wrong_hash"
    crowd.unlink()
    assert code_of(folder) == "no_models"


def test_the_shipped_model_of_eyes_is_the_one_its_manifest_names(model_set: ModelSet) -> None:
    (eyes,) = model_set.manifest.extras.values()
    assert eyes.source.licence == "Apache-2.0"
    assert hashlib.sha256(model_set.read_extra(eyes)).hexdigest() == eyes.sha256


def test_the_refusal_names_the_place_in_the_manifest(folder: Path) -> None:
    change(folder, "mirrored = true", "mirrored = 7")
    with pytest.raises(FaceError, match=r"embedder\.mirrored"):
        ModelSet.load(folder)
