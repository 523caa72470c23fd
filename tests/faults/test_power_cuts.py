"""The power goes after any change of the disk: what was announced and is not with the server is there when the node starts again."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from tests.faults.controls import CONTROLS, LOSE_IMAGES
from tests.faults.journal import Card, Change
from tests.faults.life import a_life, spoilt_lives
from tests.faults.recovery import Found, Told, start_after

CUTS, TORN = 10_000, 2_000
"""In `make faults`; as often as that."""
SHORT_CUTS, SHORT_TORN, SHORT_CONTROL_CUTS = 200, 50, 40
_CHANGES_OF_A_SIGHTING = 20
"""Fewer than there are."""


def starts(changes: list[Change], folder: Path, at: Collection[int], *, torn: int | None = None) -> Iterator[tuple[int, Told, Found]]:
    """A start of the node on what the disk held after each of those changes. `torn` seeds what else it may have held."""
    blank = folder / "blank"
    blank.mkdir(exist_ok=True)
    card, told, cut = Card(blank, named=folder / "card"), Told(), folder / "cut"
    for number, change in enumerate(changes):
        card.play(change)
        told.hear(change)
        if number not in at:
            continue
        if torn is None:
            card.write_strict(cut)
        else:
            card.write_torn(cut, random.Random(torn + number))  # noqa: S311 (not for secrets)
        yield number, told, start_after(cut / "state", told)
        shutil.rmtree(cut)


def drawn(changes: list[Change], count: int, seed: int) -> list[int]:
    """So many moments of a journal, spread by chance; all of them when there are not more."""
    return sorted(random.Random(seed).sample(range(len(changes)), min(count, len(changes))))  # noqa: S311


def tally(found: Iterator[tuple[int, Told, Found]]) -> Counter[str]:
    """How many starts there were and how many were wrong in which way."""
    total: Counter[str] = Counter()
    for _, _, one in found:
        total["cuts"] += 1
        total["present"] += one.present
        total["cuts that lost a record"] += bool(one.lost)
        total["cuts that lost an image"] += bool(one.images_lost)
        total["cuts with anything else wrong"] += bool(one.wrong)
        total["gaps"] += len(one.gaps)
    return total


def assert_whole(found: Iterator[tuple[int, Told, Found]], *, cut_off: int = 0) -> Counter[str]:
    """Nothing may be amiss after any start. So many records that were being written may be reported as cut off each time."""
    total: Counter[str] = Counter()
    for number, _, one in found:
        assert one.is_whole, (number, one)
        assert len(one.gaps) <= cut_off, (number, one.gaps)
        assert all(first == last for _, first, last in one.gaps), (number, one.gaps)
        total += Counter(cuts=1, present=one.present, gaps=len(one.gaps))
    return total


def test_a_power_cut_at_any_moment_of_a_nodes_life_loses_nothing(card: Path, tell: Callable[[str], None]) -> None:
    changes = a_life(card, sightings=50)
    strict = assert_whole(starts(changes, card, drawn(changes, SHORT_CUTS, 1)))
    torn = assert_whole(starts(changes, card, drawn(changes, SHORT_TORN, 2), torn=3), cut_off=1)
    assert (strict["cuts"], torn["cuts"]) == (SHORT_CUTS, SHORT_TORN)
    assert strict["present"] > SHORT_CUTS
    assert torn["present"] > SHORT_TORN
    tell(f"power cuts (short): {strict['cuts']} cuts and {torn['cuts']} torn ones of {len(changes)} changes: 0 lost, 0 invented")


def test_nodes_that_are_wrong_in_one_way_are_found_out(card: Path, tell: Callable[[str], None]) -> None:
    for control, changes in spoilt_lives(card, CONTROLS, sightings=12).items():
        total = tally(starts(changes, card, drawn(changes, SHORT_CONTROL_CUTS, 4)))
        lost = total["cuts that lost a record"], total["cuts that lost an image"]
        tell(f"control {control!r}: of {total['cuts']} cuts {lost[0]} lost a record, {lost[1]} an image (must not be 0)")
        assert lost[control in LOSE_IMAGES] > 0


@pytest.mark.faults
def test_ten_thousand_power_cuts_lose_nothing(card: Path, tell: Callable[[str], None]) -> None:
    changes = a_life(card, sightings=CUTS // _CHANGES_OF_A_SIGHTING)
    total = assert_whole(starts(changes, card, drawn(changes, CUTS, 5)))
    assert total["cuts"] == CUTS
    tell(f"power cuts: {CUTS} cuts of {len(changes)} changes, {total['present']} records found again: 0 lost, 0 duplicated, 0 invented")
    torn = assert_whole(starts(changes, card, drawn(changes, TORN, 6), torn=7), cut_off=1)
    assert torn["cuts"] == TORN
    tell(
        f"torn and reordered writes: {TORN} cuts, {torn['present']} records found again: 0 lost, 0 duplicated, 0 invented; "
        f"{torn['gaps']} records that were being written reported as cut off"
    )
