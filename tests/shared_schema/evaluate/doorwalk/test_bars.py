"""What the product promises of whole walks, on the development faces."""

from pathlib import Path

import pytest

from shared_schema.evaluate.doorwalk import DoorwalkTask, evaluate_doorwalk


def task(lfw: Path, gallery: int, strangers: int) -> DoorwalkTask:
    return DoorwalkTask(lfw / "images", gallery, 3, strangers, errata=lfw / "errata.tsv")


def numbers(report: dict[str, object]) -> dict[str, float]:
    return {key: value for key, value in report.items() if isinstance(value, float | int)}


@pytest.mark.slow
def test_of_twenty_who_walk_up_nobody_gets_a_wrong_name(lfw: Path) -> None:
    found = numbers(evaluate_doorwalk(task(lfw, 20, 40)))
    assert found["named_wrong"] == found["strangers_named"] == 0
    assert found["named_right"] >= 0.9 * found["walks"]
    assert found["missed"] <= 1


@pytest.mark.nightly
def test_a_hundred_are_named_at_the_door_and_strangers_are_not(lfw: Path) -> None:
    found = numbers(evaluate_doorwalk(task(lfw, 100, 2000)))
    assert found["named_wrong"] == 0
    assert found["strangers_named"] <= found["strangers"] / 500
    assert found["named_right"] >= 0.95 * found["walks"]
    assert found["missed"] <= 0.01 * found["walks"]
    assert 1.0 <= found["sightings_per_walk"] <= 1.02
    assert found["seconds_to_decision_p50"] <= 1.0
