import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from shared_schema.evaluate import models
from shared_schema.evaluate.__main__ import main
from shared_schema.face.manifest import ModelSet
from shared_schema.face.registry import read_entry
from shared_schema.face.types import FaceError
from tests.shared_schema.face.foreign import manifest_text, repository_source, write_manifest
from tests.shared_schema.face.inception import small_embedder

Run = Callable[..., dict[str, object]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The report of a command that succeeds."""

    def go(*arguments: object) -> dict[str, object]:
        assert main([*map(str, arguments), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert isinstance(report, dict)
        return report

    return go


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    return shown.err


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """A model file and its manifest."""
    (tmp_path / "model.tflite").write_bytes(small_embedder())
    return tmp_path / "model.tflite", write_manifest(tmp_path, manifest_text(small_embedder()))


def test_models_lists_what_can_be_installed(run: Run) -> None:
    registry = run("models")["registry"]
    assert isinstance(registry, list)
    assert {entry["name"]: entry["dimension"] for entry in registry} == {
        "facenet-128": 128, "facenet-512": 512, "facenet-128-int8": 128, "facenet-512-int8": 512,
    }  # fmt: skip
    assert {entry["licence"] for entry in registry} == {"Apache-2.0"}


def test_a_file_of_ones_own_is_added_and_listed_as_uncalibrated(run: Run, own: tuple[Path, Path], tmp_path: Path) -> None:
    file, manifest = own
    made = run("models", "add", file, "--manifest", manifest, "--to", tmp_path / "set")
    assert made["made"] is True
    listed = run("models", "--verify", "--models", tmp_path / "set")["models"]
    assert isinstance(listed, list)
    embedder = next(model for model in listed if model["role"] == "embedder")
    assert embedder["model_id"] == made["model_id"]
    assert "calibrate" in embedder["calibration"]
    assert run("models", "add", "own", "--manifest", manifest, "--from", file, "--to", tmp_path / "set")["made"] is False


def test_a_name_of_the_registry_with_another_file_is_refused_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], own: tuple[Path, Path], tmp_path: Path
) -> None:
    said = refusal(capsys, "models", "add", "facenet-512", "--from", own[0], "--to", tmp_path / "set")
    assert "git blob" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.tflite", "own.toml"]


def test_what_cannot_be_added_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], own: tuple[Path, Path], tmp_path: Path) -> None:
    file, manifest = own
    assert "registry" in refusal(capsys, "models", "add", "buffalo_l")
    assert "describes own" in refusal(capsys, "models", "add", "facenet-512", "--manifest", manifest, "--from", file)
    assert "cannot read" in refusal(capsys, "models", "add", tmp_path / "nothing.tflite", "--manifest", manifest)
    assert "cannot read" in refusal(capsys, "models", "add", file, "--manifest", tmp_path / "nothing.toml")
    assert "--models DIR" in refusal(capsys, "calibrate", "--images", tmp_path, "--write")


def test_a_pinned_file_is_fetched_checked_and_made_a_set(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = manifest_text(small_embedder(), source=repository_source(small_embedder()))
    monkeypatch.setattr(models, "entry_of", lambda _: read_entry(write_manifest(tmp_path, text)))
    path = "/somebody/something/" + "0" * 39 + "1/a/model.tflite"
    httpserver.expect_ordered_request(path).respond_with_data(small_embedder()[:-4])
    httpserver.expect_ordered_request(path).respond_with_data(small_embedder())
    base = httpserver.url_for("").rstrip("/")
    with pytest.raises(FaceError) as caught:
        models.add("own", source=None, manifest=None, target=tmp_path / "set", base=base)
    assert caught.value.code == "wrong_hash"
    assert not (tmp_path / "set").exists()
    made = models.add("own", source=None, manifest=None, target=tmp_path / "set", base=base)
    assert ModelSet.load(tmp_path / "set").embedder.model_id == made["model_id"]
