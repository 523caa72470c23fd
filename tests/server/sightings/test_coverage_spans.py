"""Against a model that looks at every second by itself."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.sightings.coverage_spans import Look, Span, certain, union, watched, within, without

START = datetime(2024, 11, 20, 8, tzinfo=UTC)
LENGTH = 120
NS = 10**9
BOOT, NEXT_BOOT = UUID(int=1), UUID(int=2)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def seconds_of(spans: Iterable[Span]) -> set[int]:
    """The seconds that lie in one of them wholly."""
    whole = [(begins - START, ends - START) for begins, ends in spans]
    return {
        second
        for second in range(-10, LENGTH + 10)
        if any(begins <= timedelta(seconds=second) and timedelta(seconds=second + 1) <= ends for begins, ends in whole)
    }


pairs = st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(lambda pair: (at(min(pair)), at(max(pair))))
spans = st.lists(pairs, max_size=8)


def test_spans_that_touch_are_one_and_empty_ones_are_none() -> None:
    assert union([(at(5), at(9)), (at(0), at(5)), (at(20), at(20))]) == [(at(0), at(9))]


@given(spans)
def test_a_union_is_every_second_of_any_of_them_in_order_and_apart(given_spans: list[Span]) -> None:
    joined = union(given_spans)
    assert seconds_of(joined) == seconds_of(given_spans)
    assert all(begins < ends for begins, ends in joined)
    assert all(one[1] < other[0] for one, other in pairwise(joined))


@given(spans, spans)
def test_without_leaves_the_seconds_that_are_in_no_hole(given_spans: list[Span], holes: list[Span]) -> None:
    assert seconds_of(without(given_spans, holes)) == seconds_of(given_spans) - seconds_of(holes)


@given(spans, pairs)
def test_within_keeps_the_seconds_between_two_moments(given_spans: list[Span], between: Span) -> None:
    assert seconds_of(within(given_spans, *between)) == seconds_of(given_spans) & seconds_of([between])


def look(begins: int, ends: int, *, boot: UUID = BOOT, epoch: int = 1, width_s: int = 0, blind: tuple[tuple[int, int], ...] = ()) -> Look:
    dark = tuple((one * NS, other * NS) for one, other in blind)
    return Look(boot, epoch, begins * NS, ends * NS, at(begins), at(ends), width_s * 1000, dark)


def test_looks_that_follow_each_other_are_one_stretch_and_only_its_ends_are_uncertain() -> None:
    looks = [look(begins, begins + 10, width_s=2) for begins in (0, 10, 20)]
    assert watched(looks) == [(at(2), at(28))]


def test_control_a_second_that_nobody_looked_parts_them() -> None:
    assert watched([look(0, 10, width_s=2), look(11, 20, width_s=2)]) == [(at(2), at(8)), (at(13), at(18))]


def test_looks_of_different_boots_do_not_follow_each_other() -> None:
    assert watched([look(0, 10, width_s=1), look(10, 20, width_s=1, boot=NEXT_BOOT)]) == [(at(1), at(9)), (at(11), at(19))]


def test_a_look_that_is_shorter_than_its_times_are_wide_shows_nothing() -> None:
    assert watched([look(0, 3, width_s=2)]) == []


def test_a_look_that_goes_on_in_another_epoch_may_have_been_told_of_at_the_end_of_the_one_before() -> None:
    looks = [look(0, 10), look(10, 20), look(20, 30, epoch=2), look(30, 40, epoch=2), look(40, 50, epoch=2)]
    assert watched(looks) == [(at(0), at(20)), (at(30), at(50))]


def test_control_a_new_epoch_that_began_with_a_look_of_its_own_loses_nothing() -> None:
    assert watched([look(0, 10), look(11, 20, epoch=2)]) == [(at(0), at(10)), (at(11), at(20))]


def test_blind_parts_and_holes_are_taken_out_with_the_width_of_their_times() -> None:
    looks = [look(0, 30, width_s=1, blind=((10, 12),)), look(30, 60, width_s=1)]
    first, second, third = certain(looks, [(at(40), at(45))])
    assert first[0] == at(1)
    assert at(8.9) < first[1] <= at(9)
    assert at(13) <= second[0] < at(13.2)
    assert (second[1], third) == (at(40), (at(45), at(59)))


def test_a_blind_part_outside_of_its_look_takes_nothing_else_away() -> None:
    assert certain([look(0, 30), look(30, 60, blind=((0, 10),))], []) == [
        (at(0), at(30) - timedelta(microseconds=1)),
        (at(30) + timedelta(microseconds=1), at(60)),
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Look]:
    """Two boots, one after the other, each with looks that follow each other or not."""
    looks: list[Look] = []
    clock = 0
    for boot in (BOOT, NEXT_BOOT):
        width = draw(st.integers(0, 4))
        for _ in range(draw(st.integers(0, 5))):
            begins = clock + draw(st.sampled_from([0, 0, 0, 3]))
            ends = begins + draw(st.integers(0, 12))
            blind = draw(st.lists(st.tuples(st.integers(begins, ends), st.integers(begins, ends)).map(sorted).map(tuple), max_size=2))
            looks.append(look(begins, ends, boot=boot, width_s=width, blind=tuple(blind)))  # type: ignore[arg-type]
            clock = ends
        clock += draw(st.integers(0, 5))
    return draw(st.permutations(looks))


def second_by_second(looks: list[Look], holes: list[Span], *, strayed_s: int) -> set[int]:
    """A second is certain if, wherever it truly was within the width of the times, somebody looked, and nothing blind was near."""
    found: set[int] = set()
    for boot in (BOOT, NEXT_BOOT):
        mine = [one for one in looks if one.boot_id == boot]
        width = mine[0].uncertainty_ms // 1000 if mine else 0
        seen = {second for one in mine for second in range(one.from_boot_ns // NS, one.until_boot_ns // NS)}
        found |= {second for second in seen if all(other in seen for other in range(second - width, second + width + 1))}
    for one in looks:
        reach = one.uncertainty_ms // 1000 + strayed_s
        for begins, ends in one.blind:
            found -= set(range(begins // NS - reach, ends // NS + reach))
    return found - seconds_of(holes)


@given(histories(), st.lists(pairs, max_size=2))
def test_certain_is_what_every_second_by_itself_says(looks: list[Look], holes: list[Span]) -> None:
    told = seconds_of(certain(looks, holes))
    assert second_by_second(looks, holes, strayed_s=1) <= told <= second_by_second(looks, holes, strayed_s=0)
