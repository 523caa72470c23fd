import json
import shutil
from pathlib import Path

import pytest

from shared_schema.evaluate.__main__ import main

AGREED = {"walks", "named_right", "named_wrong", "unsure", "unknown", "missed", "strangers", "strangers_named"} | {
    "sightings_per_walk",
    "seconds_to_decision_p50",
    "fps",
    "clean_ceiling",
}


@pytest.fixture
def village(collection: Path) -> Path:
    """One person with four good pictures, another with two and a broken one."""
    astronaut = collection / "images" / "Astro_Naut"
    shutil.copy(astronaut / "Astro_Naut_0003.jpg", astronaut / "Astro_Naut_0004.jpg")
    return collection


def arguments(images: Path, gallery: int = 1, samples: int = 1, strangers: int = 1) -> list[str]:
    wanted = {"--images": images, "--gallery": gallery, "--samples": samples, "--strangers": strangers, "--seed": 2}
    return ["evaluate", "doorwalk", *(str(part) for pair in wanted.items() for part in pair)]


def refusal(capsys: pytest.CaptureFixture[str], given: list[str]) -> str:
    assert main(given) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


def test_the_enrolled_one_is_named_the_stranger_is_not_and_every_agreed_key_is_there(
    capsys: pytest.CaptureFixture[str], village: Path
) -> None:
    (village / "labels.tsv").write_text("Astro_Naut\tspace\n", encoding="utf-8")
    extra = ["--labels", str(village / "labels.tsv"), "--trace", str(village / "trace.jsonl"), "--json"]
    assert main([*arguments(village / "images"), *extra]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) >= AGREED
    assert [report[key] for key in ("walks", "named_right", "strangers", "strangers_named")] == [1, 1, 1, 0]
    assert report["groups"]["space"]["named_right_rate"] == 1.0
    lines = [json.loads(line) for line in (village / "trace.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(line["name"], line["fate"]) for line in lines} == {("Astro_Naut", "named_right"), ("Naval_Officer", "unknown")}


def test_numbers_below_one_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for wrong in ({"gallery": 0}, {"samples": 0}, {"strangers": 0}):
        assert "at least 1" in refusal(capsys, arguments(tmp_path, **wrong))


def test_a_trace_that_cannot_be_written_and_a_seed_below_zero_are_refused_before_anybody_walks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = arguments(tmp_path / "images")
    assert "cannot write" in refusal(capsys, [*given, "--trace", str(tmp_path / "none" / "trace.jsonl")])
    assert "--seed" in refusal(capsys, [*given, "--seed", "-1"])


def test_a_missing_folder_and_too_few_people_are_refused_with_advice(
    capsys: pytest.CaptureFixture[str], village: Path, tmp_path: Path
) -> None:
    assert "no folder" in refusal(capsys, arguments(tmp_path / "none"))
    assert "smaller --gallery" in refusal(capsys, arguments(village / "images", gallery=2))
    assert "fewer --strangers" in refusal(capsys, arguments(village / "images", strangers=2))
