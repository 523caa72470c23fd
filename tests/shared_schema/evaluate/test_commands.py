import json
import shutil
from pathlib import Path

import pytest

from shared_schema.evaluate.__main__ import main
from shared_schema.face.manifest import SHIPPED

PAIRS = "2\nNaval_Officer\t1\t2\nAstro_Naut\t1\t3\nNaval_Officer\t1\tAstro_Naut\t2\nNaval_Officer\t3\tAstro_Naut\t1\n"


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main([str(argument) for argument in arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    assert isinstance(report, dict)
    return report


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("lintel-face: ")
    assert shown.err.count("\n") == 1
    return shown.err


def with_pairs(collection: Path, text: str = PAIRS) -> tuple[object, ...]:
    (collection / "pairs.txt").write_text(text, encoding="utf-8")
    return ("evaluate", "pairs", "--images", collection / "images", "--pairs", collection / "pairs.txt", "--json")


def test_pairs_reports_the_agreed_keys_and_a_broken_image_is_a_failure(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    report = run_json(capsys, *with_pairs(collection))
    wanted = {"accuracy", "accuracy_std", "tar_at_far_0.01", "tar_at_far_0.001", "threshold", "failures", "pairs", "seconds", "model_id"}
    assert set(report) == wanted
    assert (report["accuracy"], report["pairs"], report["failures"]) == (1.0, 4, 1)


def test_a_same_pair_with_a_broken_image_is_missed(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    report = run_json(capsys, *with_pairs(collection, PAIRS.replace("Naval_Officer\t1\t2", "Naval_Officer\t1\t3")))
    assert report["tar_at_far_0.01"] == 0.5


def test_errata_labels_all_pairs_and_a_plot_add_to_the_report(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    (collection / "errata.tsv").write_text("skip\tNaval_Officer/Naval_Officer_0003\n", encoding="utf-8")
    (collection / "labels.tsv").write_text("Naval_Officer\tnavy\nAstro_Naut\tspace\n", encoding="utf-8")
    extra = ("--errata", collection / "errata.tsv", "--labels", collection / "labels.tsv", "--all-pairs", "--plot", collection / "roc.png")
    report = run_json(capsys, *with_pairs(collection), *extra)
    assert report["pairs"] == 3
    assert report["without_errata"] != {}
    assert report["all_pairs_tar_at_far_0.001"] == 1.0
    assert isinstance(report["groups"], dict)
    assert set(report["groups"]) == {"navy", "space"}
    assert (collection / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_identify_reports_the_agreed_keys(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    setting = ("--gallery", 1, "--samples", 1, "--probes", 1, "--seed", 3, "--json")
    report = run_json(capsys, "evaluate", "identify", "--images", collection / "images", *setting)
    assert {"rank1", "tpir_at_fpir_0.1", "tpir_at_fpir_0.01", "tpir_at_fpir_0.001", "gallery", "strangers", "model_id"} <= set(report)
    assert (report["gallery"], report["strangers"]) == (1, 1)


def test_too_few_people_to_identify_are_refused(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    setting = ("--gallery", 50, "--samples", 3, "--probes", 1)
    assert "smaller --gallery" in refusal(capsys, "evaluate", "identify", "--images", collection / "images", *setting)


def test_missing_folders_and_lists_are_refused_in_one_line(capsys: pytest.CaptureFixture[str], collection: Path, tmp_path: Path) -> None:
    refusal(capsys, "evaluate", "pairs", "--images", tmp_path / "none", "--pairs", tmp_path / "none.txt")
    (tmp_path / "pairs.txt").write_text(PAIRS, encoding="utf-8")
    refusal(capsys, "evaluate", "pairs", "--images", tmp_path / "none", "--pairs", tmp_path / "pairs.txt")
    refusal(capsys, "evaluate", "identify", "--images", tmp_path / "none", "--gallery", 1, "--samples", 1, "--probes", 1)
    refusal(capsys, "bench", "--image", tmp_path / "none.jpg")
    broken = collection / "images" / "Naval_Officer" / "Naval_Officer_0003.jpg"
    assert "\n" not in refusal(capsys, "bench", "--image", broken).rstrip("\n")


def test_a_folder_without_any_face_is_refused(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    for path in (collection / "images").glob("*/*.jpg"):
        path.write_bytes(b"")
    assert "no face was found" in refusal(capsys, *with_pairs(collection))


def test_a_list_of_same_pairs_only_is_refused(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    same = "1\nNaval_Officer\t1\t2\nAstro_Naut\t1\t3\n"
    assert "two people" in refusal(capsys, *with_pairs(collection, same))


def test_models_lists_files_hashes_licences_and_calibration(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "models", "--verify", "--json")
    assert report["verified"] is True
    assert isinstance(report["models"], list)
    assert {model["licence"] for model in report["models"]} == {"Apache-2.0", "CC0-1.0"}
    assert main(["models"]) == 0
    assert "min_own_similarity" in capsys.readouterr().out


def test_a_changed_model_file_is_refused_by_verify(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "set", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    with (tmp_path / "set" / "embedder_128.tflite").open("ab") as file:
        file.write(b"more")
    assert "SHA-256" in refusal(capsys, "models", "--verify", "--models", tmp_path / "set")
    assert main(["models", "--models", str(tmp_path / "set")]) == 0


def test_bench_reports_median_and_p95_per_stage_and_thread_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_schema.evaluate.bench.bench.__defaults__", (None, 2))
    report = run_json(capsys, "bench", "--json")
    assert isinstance(report["threads"], dict)
    stages = report["threads"]["1"]
    parts = {"motion", "detect", "detect_near", "align", "assess", "embed", "embed_4", "search", "crop"}
    assert set(stages) == parts | {"end_to_end", "end_to_end_near"}
    assert report["frame"] == "1280x720"
    assert stages["end_to_end"]["p95_ms"] >= stages["end_to_end"]["median_ms"] > 0


def test_a_collection_too_small_to_calibrate_is_refused(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    assert "at least 50" in refusal(capsys, "calibrate", "--images", collection / "images")
