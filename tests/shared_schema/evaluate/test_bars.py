"""What the product promises on the development data."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from shared_schema.evaluate import identify, pairs
from shared_schema.evaluate.acquire import Embedded, embed_images
from shared_schema.evaluate.identify import IdentifyTask, evaluate_identify
from shared_schema.evaluate.lfw import Image, list_images
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


@pytest.fixture(scope="module")
def every_face(lfw: Path) -> Embedded:
    """Every image, embedded once for all tests here."""
    return embed_images(lfw / "images", [image for owned in list_images(lfw / "images").values() for image in owned])


@pytest.fixture
def embedded(every_face: Embedded, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    def known(folder: Path, images: Iterable[Image], models: Path | None = None) -> Embedded:
        return {image: every_face[image] for image in images if image in every_face}

    for module in (pairs, identify):
        monkeypatch.setattr(module, "embed_images", known)
    return every_face


@pytest.mark.slow
def test_all_pairs_are_told_apart_as_promised(lfw: Path, embedded: Embedded) -> None:
    report = evaluate_pairs(PairsTask(lfw / "images", lfw / "pairs.txt", all_pairs=True)).report
    assert number(report, "accuracy") >= 0.992
    assert number(report, "tar_at_far_0.01") >= 0.991
    assert number(report, "all_pairs_tar_at_far_0.001") >= 0.933
    assert number(report, "failures") <= 9


@pytest.mark.slow
def test_of_a_hundred_people_with_three_probes_hardly_one_is_not_found(lfw: Path, embedded: Embedded) -> None:
    report, _ = evaluate_identify(IdentifyTask(lfw / "images", 100, 3, 3, tuple(range(20)), lfw / "errata.tsv"))
    assert number(report, "tpir_at_fpir_0.01") >= 0.996


@pytest.mark.slow
def test_one_probe_finds_people_more_surely_with_a_crowd_than_by_cosine_alone(lfw: Path, embedded: Embedded) -> None:
    report, _ = evaluate_identify(IdentifyTask(lfw / "images", 150, 3, 1, tuple(range(20)), lfw / "errata.tsv"))
    alone = report["cosine_alone"]
    assert isinstance(alone, dict)
    for rate, bar in (("0.01", 0.95), ("0.001", 0.85)):
        found = number(report, f"tpir_at_fpir_{rate}")
        assert found >= bar
        assert found > alone[f"tpir_at_fpir_{rate}"] + number(report, f"tpir_at_fpir_{rate}_se")
