"""Which numbers of an epoch are missing. Pure.

Missing is what lies below the highest number that is known to have been given and has not arrived; a `gap` makes numbers known too. Once
two copies of a node used the same number, nothing from that number on is believed to be complete: `OPEN` stands for its end.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from shared_schema.envelope import MAX_INT

Numbers = tuple[int, int]
"""From–to, both included."""
OPEN = MAX_INT


def runs_of(seqs: Iterable[int]) -> list[Numbers]:
    """The numbers as ranges, in order."""
    found: list[Numbers] = []
    for seq in sorted(seqs):
        if found and seq <= found[-1][1] + 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


def arrive(missing: Sequence[Numbers], top: int, seqs: Iterable[int]) -> list[Numbers]:
    """What is missing once these have arrived too. `top`: the highest that had arrived before."""
    runs = runs_of(seqs)
    doubted = [(first, last) for first, last in missing if last == OPEN]
    known = max([top, *(last for _, last in missing)])
    reached = [(known, known), *(run for run in runs if run[1] > known)]
    between = [(before[1] + 1, after[0] - 1) for before, after in pairwise(reached)]
    left = [part for numbers in (*missing, *between) if numbers[1] != OPEN for part in _without(numbers, runs)]
    return sorted([*(numbers for numbers in left if numbers[0] <= numbers[1]), *doubted])


def lose(missing: Sequence[Numbers], top: int, until: int) -> list[Numbers]:
    """What is missing when every number up to `until` was given. `top`: the highest that has arrived."""
    known = max([top, *(last for _, last in missing)])
    told = min(until, OPEN - 1)
    return sorted([*missing, (known + 1, told)]) if told > known else sorted(missing)


def doubt(missing: Sequence[Numbers], since: int) -> list[Numbers]:
    """From this number on, two copies of the node used the same ones."""
    since = min([since, *(first for first, last in missing if last == OPEN)])
    return [*sorted((first, min(last, since - 1)) for first, last in missing if first < since), (since, OPEN)]


def _without(numbers: Numbers, runs: Iterable[Numbers]) -> list[Numbers]:
    kept, at = [], numbers[0]
    for first, last in runs:
        if last < at or first > numbers[1]:
            continue
        kept.append((at, first - 1))
        at = last + 1
    return [(first, last) for first, last in [*kept, (at, numbers[1])] if first <= last]
