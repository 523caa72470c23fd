import hashlib
import shutil
from pathlib import Path

import pytest

from shared_schema.face.manifest import SHIPPED, ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.source import PackageSource
from shared_schema.face.types import FaceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped set that a test may spoil."""
    for name in ("manifest.toml", "blazeface_near.tflite", "blazeface_far.tflite", "embedder_128.tflite"):
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
        ('file = "embedder_128.tflite"', 'file = "../embedder_128.tflite"'),
        ("manifest_version = 1", "manifest_version = 2"),
        ("[near]", "[near"),
    ],
)
def test_a_manifest_that_lies_or_is_misspelt_is_refused(folder: Path, old: str, new: str) -> None:
    change(folder, old, new)
    assert code_of(folder) == "bad_manifest"


def test_a_door_needs_no_landmark_model(folder: Path, model_set: ModelSet) -> None:
    loaded = ModelSet.load(folder)
    FacePipeline(loaded)
    assert "face_landmark.tflite" not in model_set.contents
    with pytest.raises(FaceError) as caught:
        loaded.read_extra(loaded.manifest.landmarks)
    assert caught.value.code == "no_models"


def test_a_set_without_landmarks_is_valid_and_says_so_when_asked(folder: Path) -> None:
    manifest = (folder / "manifest.toml").read_text(encoding="utf-8")
    start, end = manifest.index("[landmarks]"), manifest.index("[embedder]")
    (folder / "manifest.toml").write_text(manifest[:start] + manifest[end:], encoding="utf-8")
    loaded = ModelSet.load(folder)
    assert loaded.manifest.landmarks is None
    with pytest.raises(FaceError) as caught:
        loaded.read_extra(loaded.manifest.landmarks)
    assert caught.value.code == "no_landmarks"


def test_a_changed_landmark_model_is_refused(folder: Path) -> None:
    (folder / "face_landmark.tflite").write_bytes((folder / "blazeface_far.tflite").read_bytes())
    loaded = ModelSet.load(folder)
    with pytest.raises(FaceError) as caught:
        loaded.read_extra(loaded.manifest.landmarks)
    assert caught.value.code == "wrong_hash"


def test_the_shipped_landmark_models_are_the_ones_their_manifest_names(model_set: ModelSet) -> None:
    extras = model_set.manifest.extras
    assert set(extras) == {"landmarks", "eyes"}
    assert {model.source.licence for model in extras.values()} == {"Apache-2.0"}
    assert all(hashlib.sha256(model_set.read_extra(model)).hexdigest() == model.sha256 for model in extras.values())


def test_the_refusal_names_the_place_in_the_manifest(folder: Path) -> None:
    change(folder, "mirrored = true", "mirrored = 7")
    with pytest.raises(FaceError, match=r"embedder\.mirrored"):
        ModelSet.load(folder)
