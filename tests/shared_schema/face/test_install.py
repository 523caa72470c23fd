from pathlib import Path

import cv2
import numpy as np
import pytest
import tflite

from shared_schema.face.embed import FaceEmbedder
from shared_schema.face.install import Installed, install, read_file
from shared_schema.face.manifest import SHIPPED, ModelSet
from shared_schema.face.match import Gallery
from shared_schema.face.models.flat import Graph, _Operator, _Stored
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.registry import Entry, read_entry
from shared_schema.face.runtime import Network
from shared_schema.face.types import Bgr, FaceError
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.ids import ModelId
from tests.shared_schema.face.foreign import manifest_text, small_entry, write_manifest
from tests.shared_schema.face.inception import INPUT_PX, inception_resnet_v1, small_embedder


def refused(entry: Entry, content: bytes, target: Path) -> str:
    """The code of the refusal, after which nothing may be left."""
    before = sorted(target.parent.iterdir())
    with pytest.raises(FaceError) as caught:
        install(entry, content, target)
    assert "\n" not in str(caught.value)
    assert sorted(target.parent.iterdir()) == before
    return caught.value.code


def entry_for(folder: Path, content: bytes, *, input_px: int = 48, dimension: int = 32) -> Entry:
    return read_entry(write_manifest(folder, manifest_text(content, input_px=input_px, dimension=dimension)))


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return install(small_entry(tmp_path), small_embedder(), tmp_path / "set")


def test_an_own_embedder_becomes_a_whole_set_that_finds_and_embeds_faces(installed: Installed, astronaut: Bgr) -> None:
    models = ModelSet.load(installed.folder)
    assert models.embedder.model_id == installed.model_id
    assert models.manifest.near == ModelSet.load().manifest.near
    assert models.manifest.extras == ModelSet.load().manifest.extras
    assert all(models.read_extra(extra) for extra in models.manifest.extras.values())
    pipeline = FacePipeline(models)
    (face,) = pipeline.detect(astronaut)
    (row,) = pipeline.embed(astronaut, [face])
    assert row.shape == (32,)
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_installing_the_same_again_changes_nothing(installed: Installed, tmp_path: Path) -> None:
    before = (installed.folder / "manifest.toml").stat().st_mtime_ns
    again = install(small_entry(tmp_path), small_embedder(), installed.folder)
    assert (again.made, again.model_id) == (False, installed.model_id)
    assert (installed.folder / "manifest.toml").stat().st_mtime_ns == before


def test_another_model_does_not_take_the_place_of_one_that_is_there(installed: Installed, tmp_path: Path) -> None:
    other = small_embedder(seed=2)
    assert refused(entry_for(tmp_path, other), other, installed.folder) == "exists"
    (tmp_path / "notes").mkdir()
    assert refused(small_entry(tmp_path), small_embedder(), tmp_path / "notes") == "exists"


def test_wrong_content_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    entry = small_entry(tmp_path)
    assert refused(entry, small_embedder()[:-1], tmp_path / "set") == "wrong_hash"
    assert refused(entry, small_embedder(seed=2), tmp_path / "set") == "wrong_hash"


@pytest.mark.parametrize(("input_px", "dimension"), [(64, 32), (48, 128)])
def test_a_manifest_with_another_size_or_dimension_is_refused(tmp_path: Path, input_px: int, dimension: int) -> None:
    entry = entry_for(tmp_path, small_embedder(), input_px=input_px, dimension=dimension)
    assert refused(entry, small_embedder(), tmp_path / "set") == "bad_manifest"


def test_a_detector_and_a_text_are_no_embedders(tmp_path: Path) -> None:
    detector = (SHIPPED / "blazeface_near.tflite").read_bytes()
    assert refused(entry_for(tmp_path, detector, input_px=128, dimension=16), detector, tmp_path / "set") == "bad_manifest"
    text = b"version https://git-lfs"
    assert refused(entry_for(tmp_path, text), text, tmp_path / "set") == "bad_model"


def integer_model() -> bytes:
    """A model that takes and gives whole numbers, as a fully quantised one does."""
    graph = Graph("whole numbers")
    source, paddings = graph.input("face", (1, 48, 48, 3)), graph._constant("paddings", np.zeros((4, 2), np.int32))
    target = graph._variable("out", (1, 48, 48, 3))
    graph._add(_Operator(tflite.BuiltinOperator.PAD, (source.index, paddings.index), target.index, "PadOptions", {}))
    graph._tensors = [_Stored(one.name, one.shape, "int32", one.buffer) for one in graph._tensors]
    return graph.write(target)


def test_a_model_with_whole_numbers_at_its_ends_is_refused_with_what_to_do(tmp_path: Path) -> None:
    content = integer_model()
    with pytest.raises(FaceError, match="convert it with float input and output"):
        install(entry_for(tmp_path, content), content, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_model_without_direction_is_refused(tmp_path: Path) -> None:
    graph = Graph("always zero")
    mean = graph.pool("mean", graph.input("face", (1, 48, 48, 3)), tflite.BuiltinOperator.AVERAGE_POOL_2D, window=48, stride=1)
    content = graph.write(graph.project("embedding", mean, np.zeros((32, 3), np.float32)))
    assert refused(entry_for(tmp_path, content), content, tmp_path / "set") == "not_finite"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FaceError) as caught:
        install(small_entry(tmp_path), small_embedder(), tmp_path / "file" / "set")
    assert caught.value.code == "cannot_write"
    with pytest.raises(FaceError) as caught:
        read_file(tmp_path / "nowhere.tflite")
    assert caught.value.code == "bad_file"


@pytest.mark.parametrize(
    ("old", "new"), [('colour = "RGB"', 'colour = "BGR"'), ("mirrored = false", "mirrored = true"), ("[[16.3,", "[[17.3,")]
)
def test_an_installed_embedder_that_is_fed_otherwise_may_not_keep_its_id(installed: Installed, old: str, new: str) -> None:
    manifest = installed.folder / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    head, tail = text.split("[embedder]")
    assert old in tail
    manifest.write_text(f"{head}[embedder]{tail.replace(old, new)}", encoding="utf-8")
    with pytest.raises(FaceError, match="install the model again") as caught:
        ModelSet.load(installed.folder)
    assert caught.value.code == "bad_manifest"


def test_an_embedder_without_calibration_names_nobody(installed: Installed) -> None:
    with pytest.raises(FaceError, match="lintel-face calibrate") as caught:
        _ = ModelSet.load(installed.folder).embedder.calibration
    assert caught.value.code == "uncalibrated"


def test_templates_of_another_model_are_never_compared(installed: Installed) -> None:
    row = np.zeros(32, np.float32)
    row[0] = 1
    person = GalleryPerson.model_validate({"person": "0" * 32, "templates": (row.tobytes(),)})
    snapshot = GallerySnapshot(revision=1, model_id=installed.model_id, dimension=32, people=(person,))
    assert Gallery.from_snapshot(snapshot, model_id=installed.model_id).size == 1
    with pytest.raises(FaceError, match="made with model"):
        Gallery.from_snapshot(snapshot, model_id=ModelId("own-00000000"))


@pytest.mark.parametrize("dimension", [128, 512])
def test_facenets_own_network_keeps_the_contract(tmp_path: Path, astronaut: Bgr, officer: Bgr, dimension: int) -> None:
    content = inception_resnet_v1(dimension)
    done = install(entry_for(tmp_path, content, input_px=INPUT_PX, dimension=dimension), content, tmp_path / "set")
    models = ModelSet.load(done.folder)
    pipeline = FacePipeline(models)
    rows = np.concatenate([pipeline.embed(picture, pipeline.detect(picture)[:1]) for picture in (astronaut, officer)])
    assert rows.shape == (2, dimension)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1], abs=1e-5)
    chip = pipeline.chip(astronaut, pipeline.detect(astronaut)[0])
    assert chip.shape == (INPUT_PX, INPUT_PX, 3)
    (row,) = FaceEmbedder(models.manifest.embedder, content).embed([chip])
    assert row == pytest.approx(rows[0], abs=1e-4)


def test_each_image_is_standardised_by_its_own_mean_and_deviation(installed: Installed, astronaut: Bgr) -> None:
    chip = np.asarray(cv2.resize(astronaut[60:200, 150:290], (48, 48)), np.uint8)
    red_green_blue = chip[:, :, ::-1].astype(np.float32)
    standardised = (red_green_blue - red_green_blue.mean()) / red_green_blue.std()
    (wanted,) = Network(small_embedder(), name="small")(np.ascontiguousarray(standardised[np.newaxis]))
    embedder = FaceEmbedder(ModelSet.load(installed.folder).manifest.embedder, small_embedder())
    (row,) = embedder.embed([chip])
    assert row == pytest.approx(wanted[0] / np.linalg.norm(wanted), abs=1e-4)
    (darker,) = embedder.embed([np.asarray(chip // 2, np.uint8)])
    assert float(row @ darker) > 0.999
    (swapped,) = embedder.embed([np.ascontiguousarray(chip[:, :, ::-1])])
    assert float(row @ swapped) < 0.999
