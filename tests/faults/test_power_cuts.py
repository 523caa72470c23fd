"""The power goes after any change of the disk: what was announced and is not with the server is there when the node starts again."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from tests.faults.beforehand import RECORDS, damaged, of_the_first_version
from tests.faults.controls import CONTROLS, LOSE_IMAGES
from tests.faults.journal import Change
from tests.faults.life import Start, a_later_life, a_life, spoilt_lives
from tests.faults.recovery import Found, Told, start_after

CUTS, TORN = 10_000, 2_000
"""In `make faults`; as often as that."""
SHORT_CUTS, SHORT_TORN, SHORT_CONTROL_CUTS, SHORT_LATER_CUTS = 120, 30, 20, 8
_CHANGES_OF_A_ROUND = 500
"""Fewer than there are."""


def starts(
    since: Start, changes: list[Change], folder: Path, at: Collection[int], *, torn: int | None = None
) -> Iterator[tuple[int, Told, Found]]:
    """A start of the node on what the disk held after each of those changes. `torn` seeds what else it may have held."""
    card, told, cut = *deepcopy((since.card, since.told)), folder / "cut"
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
    """Nothing may be amiss after any start: nothing that was announced is lost, reported or not.

    So many times each may it be reported that what was being written was cut off.
    """
    total: Counter[str] = Counter()
    for number, _, one in found:
        assert one.is_whole, (number, one)
        assert not one.reported, (number, one)
        assert len(one.gaps) <= cut_off, (number, one.gaps)
        total += Counter(cuts=1, present=one.present, gaps=len(one.gaps))
    return total


def test_a_power_cut_at_any_moment_of_a_nodes_life_loses_nothing(card: Path, tell: Callable[[str], None]) -> None:
    changes = a_life(card, rounds=1)
    strict = assert_whole(starts(Start.blank(card), changes, card, drawn(changes, SHORT_CUTS, 1)))
    torn = assert_whole(starts(Start.blank(card), changes, card, drawn(changes, SHORT_TORN, 2), torn=3), cut_off=1)
    assert (strict["cuts"], torn["cuts"]) == (SHORT_CUTS, SHORT_TORN)
    assert strict["present"] > SHORT_CUTS
    assert torn["present"] > SHORT_TORN
    tell(f"power cuts (short): {strict['cuts']} cuts and {torn['cuts']} torn ones of {len(changes)} changes: 0 lost, 0 invented")


def cut_an_update(card: Path, count: int) -> Counter[str]:
    """Cuts, strict and torn, of the first start of a new release on an old card."""
    start, changes = a_later_life(card, of_the_first_version, sightings=6)
    at = drawn(changes, count, 8)
    return assert_whole(starts(start, changes, card, at)) + assert_whole(starts(start, changes, card, at, torn=9), cut_off=1)


def cut_a_salvage(card: Path, count: int) -> Counter[str]:
    """Cuts, strict and torn, of a start on a damaged card: what the damage took is reported, and only that is missing."""
    start, changes = a_later_life(card, damaged, sightings=6)
    total: Counter[str] = Counter()
    at = drawn(changes, count, 10)
    for number, told, found in (*starts(start, changes, card, at), *starts(start, changes, card, at, torn=11)):
        assert found.is_whole, (number, found)
        assert found.reported <= {key for key in told.recorded.values() if key[1] <= RECORDS}, (number, found)
        total += Counter(cuts=1, present=found.present, reported=len(found.reported))
    return total


def test_an_update_and_a_salvage_survive_power_cuts(card: Path, tell: Callable[[str], None]) -> None:
    update = cut_an_update(card / "update", SHORT_LATER_CUTS)
    salvage = cut_a_salvage(card / "salvage", SHORT_LATER_CUTS)
    assert update["present"] > update["cuts"] == 2 * SHORT_LATER_CUTS
    assert 0 < salvage["reported"] < salvage["present"]
    tell(f"update and salvage cut off (short): {update['cuts']} and {salvage['cuts']} cuts: 0 lost, damage reported every time")


def test_nodes_that_are_wrong_in_one_way_are_found_out(card: Path, tell: Callable[[str], None]) -> None:
    for control, changes in spoilt_lives(card, CONTROLS, sightings=12).items():
        total = tally(starts(Start.blank(card), changes, card, drawn(changes, SHORT_CONTROL_CUTS, 4)))
        lost = total["cuts that lost a record"], total["cuts that lost an image"]
        tell(f"control {control!r}: of {total['cuts']} cuts {lost[0]} lost a record, {lost[1]} an image (must not be 0)")
        assert lost[control in LOSE_IMAGES] > 0


@pytest.mark.faults
def test_ten_thousand_power_cuts_lose_nothing(card: Path, tell: Callable[[str], None]) -> None:
    changes = a_life(card, rounds=CUTS // _CHANGES_OF_A_ROUND)
    total = assert_whole(starts(Start.blank(card), changes, card, drawn(changes, CUTS, 5)))
    assert total["cuts"] == CUTS
    tell(f"power cuts: {CUTS} cuts of {len(changes)} changes, {total['present']} records found again: 0 lost, 0 duplicated, 0 invented")
    torn = assert_whole(starts(Start.blank(card), changes, card, drawn(changes, TORN, 6), torn=7), cut_off=1)
    assert torn["cuts"] == TORN
    tell(
        f"torn and reordered writes: {TORN} cuts, {torn['present']} records found again: 0 lost, 0 duplicated, 0 invented; "
        f"{torn['gaps']} times it was reported that what was being written was cut off"
    )


@pytest.mark.faults
def test_an_update_and_a_salvage_survive_a_power_cut_at_every_change(card: Path, tell: Callable[[str], None]) -> None:
    update = cut_an_update(card / "update", CUTS)
    salvage = cut_a_salvage(card / "salvage", CUTS)
    assert update["present"] > update["cuts"] > 100
    assert 0 < salvage["reported"] < salvage["present"]
    tell(
        f"update cut off at every change, strict and torn: {update['cuts']} cuts, 0 lost; salvage: {salvage['cuts']} cuts, 0 lost "
        f"beyond the damage, which was reported every time"
    )
