from pathlib import Path

from server.config.configuration import Models, ServerConfig
from server.config.readiness import Lack, models_unusable, why_not_ready
from shared_schema.face.install import install
from tests.shared_schema.face.foreign import small_entry
from tests.shared_schema.face.inception import small_embedder


def config(data: Path, models: Path | None) -> ServerConfig:
    (data / "static").mkdir()
    return ServerConfig(data=data, models=Models(folder=models))


def test_a_server_does_not_start_with_an_embedder_that_is_not_calibrated(tmp_path: Path) -> None:
    made = install(small_entry(tmp_path), small_embedder(), tmp_path / "set")
    lacking = why_not_ready(config(tmp_path, made.folder))
    assert lacking is not None
    assert lacking.lack is Lack.MODELS
    assert "lintel-face calibrate" in lacking.sentence


def test_a_server_does_not_start_without_the_model_set_it_is_told_of(tmp_path: Path) -> None:
    lacking = why_not_ready(config(tmp_path, tmp_path / "nowhere"))
    assert lacking is not None
    assert "nowhere" in lacking.sentence


def test_the_shipped_set_can_be_used() -> None:
    assert models_unusable(ServerConfig()) is None
