"""Which face of a frame continues which track, and which tracks are one person's."""

import math
from collections.abc import Sequence
from typing import Final

from shared_schema.doorway.track import Seen, Track, middle
from shared_schema.doorway.types import DoorPolicy
from shared_schema.face.types import Box
from shared_schema.ids import BootNs

_NEAR_WIDTHS: Final = 1.0
"""A face that lies no farther than so many of its widths from where it was expected may be the same by its place alone."""
_FAR_WIDTHS: Final = 6.0
"""Nobody moves farther between two frames of a pass, however alike they look."""
_LEAST_OVERLAP: Final = 0.15
_SURE_OVERLAP: Final = 0.5
"""Boxes that overlap so much, with no other near, are the same face."""
_TURNING_NS: Final = 400_000_000
"""Nobody leaves and is replaced by another in the very same place in so short a time; a head turns in it."""
_MAX_GROWTH: Final = 2.5
"""Between two sightings of one face its width changes by less than this factor."""
_STOPPED: Final = 0.9
"""A face where the track was last, and not where it was expected, is a little less likely its own."""
_NO_LOOK: Final = 0.5
"""What a face that cannot be compared counts for, between one that is surely another's (0) and one surely the same (2)."""
_EQUAL: Final = 1e-9


def link(tracks: Sequence[Track], seen: Sequence[Seen], at: BootNs, policy: DoorPolicy) -> dict[int, Track]:
    """Which track each face continues, by the face's index; faces not named begin a track. One to one, the strongest links on the whole."""
    strengths = [[_strength(track, face, at, policy) for face in seen] for track in tracks]
    return {column: tracks[row] for column, row in assigned(strengths).items()}


def sure_places(tracks: Sequence[Track], boxes: Sequence[Box], at: BootNs) -> dict[int, Track]:
    """The tracks that faces continue by their place beyond doubt: they overlap much, and nothing else is near either."""
    near = [[_place(track, box, at) > 0 for box in boxes] for track in tracks]
    sure = {}
    for row, track in enumerate(tracks):
        for column, box in enumerate(boxes):
            alone = sum(near[row]) == 1 and sum(others[column] for others in near) == 1
            if alone and near[row][column] and track.expected(at).overlap(box) >= _SURE_OVERLAP:
                sure[column] = track
    return sure


def followed_by(track: Track, tracks: Sequence[Track]) -> set[int]:
    """The tracks, lost just now, in whose place a new one begins."""
    lost = (other for other in tracks if 0 < track.from_at - other.until_at <= _TURNING_NS)
    return {part for other in lost if other.expected(track.from_at).overlap(track.box) >= _SURE_OVERLAP for part in other.parts}


def take_turns(one: Track, other: Track) -> bool:
    """Whether one began in the place of the other, and they were never seen in the same frame."""
    return bool(one.follows & other.parts or other.follows & one.parts) and not (one.beside & other.parts or other.beside & one.parts)


def are_one_person(one: Track, other: Track, policy: DoorPolicy) -> bool:
    """Whether two tracks, never seen in the same frame, are alike enough to be the two parts of one pass."""
    if one.probe is None or other.probe is None or one.beside & other.parts or other.beside & one.parts:
        return False
    if one.person is not None and other.person is not None and one.person != other.person:
        return False
    return float(one.probe @ other.probe) >= policy.same_visit_similarity


def assigned(strengths: Sequence[Sequence[float]]) -> dict[int, int]:
    """From column to row, one to one, so that the sum of the strengths is the greatest; a strength of 0 is no link."""
    holders: dict[int, int] = {}
    for row in range(len(strengths)):
        _take_in(row, strengths, holders)
    return holders


def _take_in(row: int, strengths: Sequence[Sequence[float]], holders: dict[int, int]) -> None:
    """Make the best assignment of some rows the best with `row` among them, by the best chain of rows that give way to each other."""
    gains, taken_by = _chains(row, strengths, holders)
    ends: list[tuple[float, int, int | None]] = [(gain, one, None) for one, gain in gains.items()]
    for one, gain in gains.items():
        ends += [(gain + strength, one, column) for column, strength in enumerate(strengths[one]) if strength > 0 and column not in holders]
    _, last, column = max(ends, key=lambda end: end[0])
    while True:
        if column is not None:
            holders[column] = last
        if last == row:
            return
        last, column = taken_by[last]


def _chains(row: int, strengths: Sequence[Sequence[float]], holders: dict[int, int]) -> tuple[dict[int, float], dict[int, tuple[int, int]]]:
    """For each row that may have to give way: what the others gain by it, and which row takes which column from it."""
    gains, taken_by, waiting = {row: 0.0}, {}, [row]
    while waiting:
        one = waiting.pop(0)
        for column, strength in enumerate(strengths[one]):
            other = holders.get(column, one)
            gain = gains[one] + strength - strengths[other][column]
            if strength > 0 and other != one and gain > gains.get(other, -math.inf) + _EQUAL:
                gains[other], taken_by[other] = gain, (one, column)
                waiting.append(other)
    return gains, taken_by


def _strength(track: Track, seen: Seen, at: BootNs, policy: DoorPolicy) -> float:
    """0: cannot be the same face. Identity, where both sides have one, may outweigh place."""
    place = _place(track, seen.box, at)
    similarity = None if seen.look is None else track.similarity(seen.look)
    if similarity is None:
        return place and place + _NO_LOOK
    if similarity < policy.other_similarity or _widths_apart(track.box, seen.box) > _FAR_WIDTHS:
        return 0.0
    if similarity < policy.own_similarity and place <= 0:
        return 0.0
    return place + min(2.0, (similarity - policy.other_similarity) / (policy.own_similarity - policy.other_similarity))


def _place(track: Track, now: Box, at: BootNs) -> float:
    """From 0 to 1: how well the place of a box agrees with where the track's face is expected or was last."""
    return max(_agreement(track.expected(at), now), _STOPPED * _agreement(track.box, now))


def _agreement(before: Box, now: Box) -> float:
    growth = max(before.width, now.width) / max(1e-6, min(before.width, now.width))
    if growth > _MAX_GROWTH:
        return 0.0
    overlap, apart = before.overlap(now), _widths_apart(before, now)
    if overlap < _LEAST_OVERLAP and apart > _NEAR_WIDTHS:
        return 0.0
    return max(0.01, (overlap + max(0.0, 1 - apart / _NEAR_WIDTHS)) / 2)


def _widths_apart(before: Box, now: Box) -> float:
    """Distance of the middles in widths of the wider box."""
    (x0, y0), (x1, y1) = middle(before), middle(now)
    return math.hypot(x0 - x1, y0 - y1) / max(before.width, now.width, 1e-6)
