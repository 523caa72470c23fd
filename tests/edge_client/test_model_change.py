"""A node goes over to another model when the server has a gallery for it, with model and gallery at once."""

from pathlib import Path

import pytest

from edge_client.capture import load_model_set, load_model_sets, pipeline_of
from edge_client.capture_report import CaptureReport
from edge_client.capture_rules import Rules
from edge_client.config import CameraConfig, ModelsConfig, NodeConfig
from edge_client.errors import ModelSetBad
from edge_client.gallery_cache import GalleryCache
from shared_schema.face.install import install
from shared_schema.face.manifest import ModelSet
from shared_schema.sighting import Outcome
from tests.edge_client.fakes import FakeClock
from tests.edge_client.scenes import MODELS, Node, embedder_called, snapshot
from tests.shared_schema.doorway.fakes import EMPTY, approach
from tests.shared_schema.face.foreign import small_entry
from tests.shared_schema.face.inception import small_embedder

OLD, NEW = embedder_called(MODELS.embedder.model_id), embedder_called("facenet")
TWICE = (*approach("ann", 4), *((EMPTY,) * 10), *approach("ann", 4), *((EMPTY,) * 10))


def node_with_both(state: Path) -> Node:
    node = Node(state, TWICE)
    node.embedders = (NEW, OLD)
    return node


def test_a_node_goes_on_with_the_model_before_and_changes_model_and_gallery_at_once(tmp_path: Path) -> None:
    node = node_with_both(tmp_path)
    node.cache.store_gallery(snapshot("ann", "bob", revision=5), "old")
    node.camera.before[14] = lambda: node.cache.store_gallery(snapshot("ann", "bob", revision=6, model_id="facenet"), "new")
    node.run()
    told = [(one.outcome, one.model_id, one.gallery_revision) for one in node.sightings()]
    assert told == [(Outcome.MATCH, OLD.model_id, 5), (Outcome.MATCH, "facenet", 6)]
    assert [report.models for report in (node.reports[0], node.reports[-1])] == [(OLD.model_id, "facenet"), ("facenet",)]


def test_a_pass_that_is_open_at_the_change_is_recorded_with_the_model_that_saw_it(tmp_path: Path) -> None:
    node = node_with_both(tmp_path)
    node.cache.store_gallery(snapshot("ann", "bob", revision=5), "old")
    node.camera.before[3] = lambda: node.cache.store_gallery(snapshot("ann", "bob", revision=6, model_id="facenet"), "new")
    node.run()
    assert node.sightings()[0].model_id == OLD.model_id


def test_no_frame_is_lost_from_the_count_at_the_change(tmp_path: Path) -> None:
    node = node_with_both(tmp_path)
    node.cache.store_gallery(snapshot("ann", revision=5), "old")
    node.camera.before[3] = lambda: node.cache.store_gallery(snapshot("ann", revision=6, model_id="facenet"), "new")
    node.run()
    assert node.reports[-1].model_id == "facenet"
    assert sum(one.funnel.frames for one in node.observations()) == len(TWICE)


def test_a_gallery_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    node = node_with_both(tmp_path)
    node.cache.store_gallery(snapshot("ann", "bob", revision=5), "old")
    spoilt = snapshot("ann", "ann", revision=6, model_id="facenet")
    node.camera.before[14] = lambda: node.cache.store_gallery(spoilt, "new")
    node.run()
    assert {one.model_id for one in node.sightings()} == {OLD.model_id}


@pytest.mark.parametrize(
    ("cached", "model_id"),
    [
        ((), "facenet"),
        (("facenet",), "facenet"),
        ((OLD.model_id,), OLD.model_id),
        ((OLD.model_id, "facenet"), "facenet"),
        (("somebody-elses",), "facenet"),
    ],
)
def test_a_node_begins_with_the_model_it_has_a_gallery_for(tmp_path: Path, cached: tuple[str, ...], model_id: str) -> None:
    cache = GalleryCache(tmp_path)
    for model in cached:
        cache.store_gallery(snapshot("ann", model_id=model), "e")
    config = NodeConfig(state=tmp_path, camera=CameraConfig(kind="replay", source="x"))
    rules = Rules(config, cache, NEW, OLD)
    assert (rules.model_id, rules.wanted_model_id) == (model_id, "facenet")
    assert rules.gallery.model_id == model_id
    assert rules.gallery.size == (1 if model_id in cached else 0)


def test_a_report_names_every_model_whose_gallery_is_needed_once() -> None:
    at = FakeClock().reading()
    both = CaptureReport(at=at, camera="ok", model_id="a", wanted_model_id="b", gallery_revision=0, settings_revision=0)
    assert both.models == ("a", "b")
    assert both.model_copy(update={"wanted_model_id": "a"}).models == ("a",)
    assert both.model_copy(update={"wanted_model_id": ""}).models == ("a",)


def test_without_a_set_of_its_own_a_node_has_the_built_in_one_alone(tmp_path: Path) -> None:
    assert [one.embedder.model_id for one in load_model_sets(ModelsConfig())] == [OLD.model_id]
    both = load_model_sets(ModelsConfig(folder=ModelSet.shipped()))
    assert len(both) == 2


def test_a_set_that_is_not_calibrated_cannot_watch_a_door(tmp_path: Path) -> None:
    made = install(small_entry(tmp_path), small_embedder(), tmp_path / "set")
    with pytest.raises(ModelSetBad, match="lintel-face calibrate"):
        load_model_set(made.folder)


def test_a_set_whose_files_are_not_what_it_says_ends_capture_with_its_own_code(tmp_path: Path) -> None:
    shipped = ModelSet.load()
    near = shipped.manifest.near.model_copy(update={"input_px": 256})
    lying = ModelSet(shipped.folder, shipped.manifest.model_copy(update={"near": near}), shipped.contents)
    with pytest.raises(ModelSetBad) as refused:
        pipeline_of(lying)
    assert refused.value.exit_code == 5


def test_both_folders_are_relative_to_the_file(tmp_path: Path) -> None:
    lines = ['state = "s"', "[camera]", 'kind = "replay"', 'source = "x"', "[models]", 'folder = "new"', 'meanwhile = "old"']
    (tmp_path / "edge.toml").write_text("\n".join(lines), encoding="utf-8")
    models = NodeConfig.load(tmp_path / "edge.toml").models
    assert (models.folder, models.meanwhile) == (tmp_path / "new", tmp_path / "old")
