"""Against a model that looks at every second by itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.sightings.coverage_spans import Look, Span, certain, union, watched, within, without

START = datetime(2024, 11, 20, 8, tzinfo=UTC)
LENGTH = 120
NS = 10**9


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


def look(begins: int, ends: int, *, width_s: int = 0, blind: tuple[tuple[int, int], ...] = (), doubtful: bool = False) -> Look:
    """A stretch of its own."""
    dark = tuple((one * NS, other * NS) for one, other in blind)
    return Look(begins * NS, ends * NS, at(begins), at(ends), width_s * 1000, starts=True, ends=True, doubtful=doubtful, blind=dark)


def stretch(*looks: Look) -> list[Look]:
    """They follow each other without a hole."""
    last = len(looks) - 1
    return [replace(one, starts=number == 0, ends=number == last) for number, one in enumerate(looks)]


def test_of_a_stretch_only_the_ends_are_uncertain() -> None:
    looks = stretch(*(look(begins, begins + 10, width_s=2) for begins in (0, 10, 20)))
    assert watched(looks) == [(at(2), at(28))]


def test_what_lies_inside_of_a_stretch_may_be_left_out() -> None:
    first, inside, last = stretch(*(look(begins, begins + 10) for begins in (0, 10, 20)))
    assert watched([first, last]) == watched([first, inside, last]) == [(at(0), at(30))]


def test_control_two_stretches_have_four_uncertain_ends() -> None:
    assert watched([look(0, 10, width_s=2), look(10, 20, width_s=2)]) == [(at(2), at(8)), (at(12), at(18))]


def test_a_look_that_is_shorter_than_its_times_are_wide_shows_nothing() -> None:
    assert watched([look(0, 3, width_s=2)]) == []


def test_a_stretch_whose_end_is_not_there_shows_nothing() -> None:
    first, _, last = stretch(*(look(begins, begins + 10) for begins in (0, 10, 20)))
    assert watched([first]) == watched([last]) == []


def test_a_doubtful_look_is_a_hole_as_long_as_it_may_have_been() -> None:
    looks = stretch(look(0, 20), look(20, 30, width_s=1, doubtful=True), look(30, 50))
    assert certain(looks, []) == [(at(0), at(19)), (at(31), at(50))]


def test_blind_parts_and_holes_are_taken_out_with_the_width_of_their_times() -> None:
    looks = stretch(look(0, 30, width_s=1, blind=((10, 12),)), look(30, 60, width_s=1))
    first, second, third = certain(looks, [(at(40), at(45))])
    assert first[0] == at(1)
    assert at(8.9) < first[1] <= at(9)
    assert at(13) <= second[0] < at(13.2)
    assert (second[1], third) == (at(40), (at(45), at(59)))


def test_a_blind_part_outside_of_its_look_takes_hardly_anything_away() -> None:
    moment = timedelta(microseconds=1)
    told = certain(stretch(look(0, 30), look(30, 60, blind=((0, 10),))), [])
    assert told == [(at(0), at(30) - moment), (at(30) + moment, at(60))]


def test_a_blind_part_is_taken_out_whichever_of_its_ends_is_named_first() -> None:
    assert certain([look(0, 30, blind=((12, 10),))], []) == certain([look(0, 30, blind=((10, 12),))], [])
