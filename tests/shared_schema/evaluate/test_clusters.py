import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from shared_schema.evaluate.__main__ import main
from shared_schema.evaluate.clusters import score_of


def score(labels: list[int], truth: list[int]) -> tuple[float, float]:
    found = score_of(np.array(labels), np.array(truth))
    return found.precision, found.recall


def test_right_groups_are_precise_and_complete() -> None:
    assert score([1, 1, 0, 0, 0, 2], [0, 0, 1, 1, 1, 2]) == (1.0, 1.0)


def test_a_torn_person_costs_recall_and_a_mixed_group_precision() -> None:
    assert score([0, 0, 1, 1], [0, 0, 0, 0]) == (1.0, 2 / 6)
    assert score([0, 0, 0, 0], [0, 0, 1, 1]) == (2 / 6, 1.0)


def test_where_nothing_was_grouped_nothing_was_grouped_wrongly() -> None:
    assert score([0, 1, 2], [0, 0, 1]) == (1.0, 0.0)


@pytest.fixture
def four(collection: Path) -> Path:
    """Two people and their twins, whom no embedder can tell apart."""
    for name in ("Astro_Naut", "Naval_Officer"):
        shutil.copytree(collection / "images" / name, collection / "images" / f"{name}_Twin")
    return collection / "images"


def test_the_command_reports_the_agreed_keys(capsys: pytest.CaptureFixture[str], four: Path) -> None:
    assert main(["evaluate", "clusters", "--images", str(four), "--seed", "3", "--draws", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"precision", "recall", "groups", "people", "probes", "model_id"} <= set(report)
    assert (report["people"], report["probes"], report["failures"]) == (4, 10, 2)
    assert report["with_people_seen_once"]["probes"] == 10
    assert set(report["draws"]) == {"half_the_people", "few_images_each", "few_images_each_with_people_seen_once"}
    assert report["draws"]["few_images_each"]["recall_se"] >= 0


def test_twins_are_told_to_be_mixed_up(capsys: pytest.CaptureFixture[str], four: Path) -> None:
    main(["evaluate", "clusters", "--images", str(four), "--draws", "1", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["precision"] < 0.6
    assert report["groups"] < report["people"]


@pytest.mark.parametrize("wrong", [["--min-images", "1"], ["--draws", "0"], ["--min-images", "9"]])
def test_what_cannot_be_measured_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], four: Path, wrong: list[str]) -> None:
    assert main(["evaluate", "clusters", "--images", str(four), *wrong]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_strangers_with_several_images_are_grouped_as_promised(capsys: pytest.CaptureFixture[str], lfw: Path) -> None:
    arguments = ["--images", str(lfw / "images"), "--errata", str(lfw / "errata.tsv"), "--json"]
    assert main(["evaluate", "clusters", *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    draws = report["draws"]
    for found, precision in ((report, 0.99), (draws["half_the_people"], 0.99), (draws["few_images_each"], 0.98)):
        assert found["precision"] >= precision
        assert found["recall"] >= 0.8
