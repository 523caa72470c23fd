from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.sightings.coverage_numbers import OPEN, Numbers, arrive, doubt, lose, runs_of

seqs = st.integers(1, 40)
steps = st.lists(st.tuples(st.sampled_from(["arrive", "lose", "doubt"]), st.lists(seqs, min_size=1, max_size=6)), max_size=12)


class Kept:
    """The ranges as they are kept, one piece of news after the other."""

    def __init__(self) -> None:
        self.missing: list[Numbers] = []
        self.top = 0
        self.arrived: set[int] = set()

    def take(self, kind: str, numbers: list[int]) -> None:
        if kind == "arrive":
            self.missing = arrive(self.missing, self.top, set(numbers) - self.arrived)
            self.arrived |= set(numbers)
            self.top = max(self.arrived)
        elif kind == "lose":
            self.missing = lose(self.missing, self.top, max(numbers))
        elif self.arrived & set(numbers):
            self.missing = doubt(self.missing, min(self.arrived & set(numbers)))


def plainly(news: list[tuple[str, list[int]]]) -> set[int]:
    """The same, number by number; 1000 stands for what never ends."""
    arrived: set[int] = set()
    lost: set[int] = {0}
    doubted: set[int] = set()
    for kind, numbers in news:
        if kind == "arrive":
            arrived |= set(numbers)
        elif kind == "lose":
            lost |= set(numbers)
        else:
            doubted |= arrived & set(numbers)
    missing = set(range(1, max(arrived | lost) + 1)) - arrived
    return missing if not doubted else {number for number in missing if number < min(doubted)} | set(range(min(doubted), 1000))


@given(steps)
def test_what_is_kept_is_what_is_missing_number_by_number(news: list[tuple[str, list[int]]]) -> None:
    kept = Kept()
    for kind, numbers in news:
        kept.take(kind, numbers)
    ranges = kept.missing
    assert {number for first, last in ranges for number in range(first, min(last, 999) + 1)} == plainly(news)
    assert all(first <= last for first, last in ranges)
    assert all(one[1] < other[0] for one, other in pairwise(ranges))


@given(st.lists(st.lists(seqs, min_size=1, max_size=5), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_and_the_batches_in_which_numbers_arrive_make_no_difference(batches: list[list[int]], random: object) -> None:
    shuffled = [[number] for batch in batches for number in batch]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = Kept(), Kept()
    for batch in batches:
        one.take("arrive", batch)
    for batch in shuffled:
        other.take("arrive", batch)
    assert {n for a, b in one.missing for n in range(a, b + 1)} == {n for a, b in other.missing for n in range(a, b + 1)}


def test_what_arrives_later_splits_a_range() -> None:
    assert arrive([], 0, [1, 9]) == [(2, 8)]
    assert arrive([(2, 8)], 9, [5]) == [(2, 4), (6, 8)]
    assert arrive([(2, 8)], 9, range(2, 9)) == []


def test_a_gap_beyond_what_arrived_makes_numbers_missing_that_nobody_has_seen() -> None:
    assert lose([], 5, 9) == [(6, 9)]
    assert arrive([(6, 9)], 5, [12]) == [(6, 9), (10, 11)]
    assert lose([(3, 4)], 9, 7) == [(3, 4)]


def test_where_two_copies_used_a_number_nothing_from_there_on_is_complete() -> None:
    assert doubt([(2, 4), (7, 9)], 8) == [(2, 4), (7, 7), (8, OPEN)]
    assert arrive([(8, OPEN)], 9, [10, 20]) == [(8, OPEN)]
    assert arrive([(2, 4), (8, OPEN)], 9, [3]) == [(2, 2), (4, 4), (8, OPEN)]
    assert doubt([(8, OPEN)], 12) == [(8, OPEN)]


def test_numbers_become_ranges() -> None:
    assert runs_of([5, 1, 2, 3, 3]) == [(1, 3), (5, 5)]
