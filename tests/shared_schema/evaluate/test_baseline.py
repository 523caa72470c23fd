from pathlib import Path

from shared_schema.evaluate.baseline import baseline_models
from shared_schema.evaluate.bench import read_frame
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline


def test_the_baseline_is_the_same_embedder_on_chips_cut_by_four_landmarks(collection: Path) -> None:
    officer = read_frame(collection / "images" / "Astro_Naut" / "Astro_Naut_0001.jpg")
    with baseline_models(None) as folder:
        models = ModelSet.load(folder)
        pipeline = FacePipeline(models)
        (face,) = pipeline.detect(officer)
        probe = pipeline.embed(officer, [face])[0]
    shipped = FacePipeline(ModelSet.load())
    usual = shipped.embed(officer, shipped.detect(officer))[0]
    assert models.embedder.crowd is None
    assert models.manifest.landmarks is None
    assert models.manifest.embedder.sha256 == ModelSet.load().manifest.embedder.sha256
    assert 0.95 < float(probe @ usual) < 0.9999


def test_the_baseline_is_gone_afterwards() -> None:
    with baseline_models(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()
