import shutil
from pathlib import Path

import pytest

from tests.shared_schema.evaluate.test_commands import refusal, run_json


def checked(capsys: pytest.CaptureFixture[str], collection: Path, *more: object) -> dict[str, object]:
    return run_json(capsys, "evaluate", "gallery", "--images", collection / "images", "--json", *more)


def test_a_folder_of_people_is_tried_and_the_broken_image_is_named(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    report = checked(capsys, collection, "--plot", collection / "roc.png")
    assert (report["people"], report["tested"], report["right"], report["wrong"]) == (2, 5, 5, 0)
    assert report["unusable_images"] == ["Naval_Officer/Naval_Officer_0003.jpg"]
    assert (collection / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_a_foreign_image_is_set_aside_and_named(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    officer, astronaut = collection / "images" / "Naval_Officer", collection / "images" / "Astro_Naut"
    shutil.copy(officer / "Naval_Officer_0001.jpg", astronaut / "Astro_Naut_0009.jpg")
    assert checked(capsys, collection)["set_aside"] == ["Astro_Naut/Astro_Naut_0009.jpg: unlike"]


def test_errata_leave_images_out(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    (collection / "errata.tsv").write_text("skip\tNaval_Officer/Naval_Officer_0003\n", encoding="utf-8")
    assert checked(capsys, collection, "--errata", collection / "errata.tsv")["unusable_images"] == []


def test_one_person_is_a_gallery_but_draws_no_curve(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    shutil.rmtree(collection / "images" / "Naval_Officer")
    assert checked(capsys, collection)["highest_stranger"] is None
    told = refusal(capsys, "evaluate", "gallery", "--images", collection / "images", "--plot", collection / "roc.png")
    assert "two people" in told


def test_a_setting_out_of_range_and_a_missing_folder_are_refused(capsys: pytest.CaptureFixture[str], collection: Path) -> None:
    for one_in in (9, 0, -1, 1_000_001):
        setting = ("--strangers-named-one-in", one_in)
        assert "10 to 1,000,000" in refusal(capsys, "evaluate", "gallery", "--images", collection / "images", *setting)
    refusal(capsys, "evaluate", "gallery", "--images", collection / "none")
