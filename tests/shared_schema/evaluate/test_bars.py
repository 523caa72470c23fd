"""What the product promises on the development data."""

from pathlib import Path

import pytest

from shared_schema.evaluate.identify import IdentifyTask, evaluate_identify
from shared_schema.evaluate.pairs import PairsTask, evaluate_pairs


def number(report: dict[str, object], key: str) -> float:
    value = report[key]
    assert isinstance(value, float | int)
    return value


def test_a_sample_of_the_pairs_is_told_apart(lfw: Path, tmp_path: Path) -> None:
    lines = (lfw / "pairs.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "pairs.txt").write_text("\n".join(["1\t80", *lines[1:81], *lines[301:381]]) + "\n", encoding="utf-8")
    report = evaluate_pairs(PairsTask(lfw / "images", tmp_path / "pairs.txt")).report
    assert report["failures"] == 0
    assert number(report, "accuracy") >= 0.97


@pytest.mark.slow
def test_all_pairs_are_told_apart_as_promised(lfw: Path) -> None:
    report = evaluate_pairs(PairsTask(lfw / "images", lfw / "pairs.txt")).report
    assert number(report, "accuracy") >= 0.99
    assert number(report, "tar_at_far_0.01") >= 0.99
    assert number(report, "failures") <= 7


@pytest.mark.slow
def test_enrolled_people_are_found_and_strangers_are_not_named(lfw: Path) -> None:
    task = IdentifyTask(lfw / "images", 100, 3, 3, tuple(range(5)), lfw / "errata.tsv")
    report, _ = evaluate_identify(task)
    assert number(report, "tpir_at_fpir_0.01") >= 0.99
