"""Links the faces of a frame to those of the frames before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared_schema.doorway.fuse import best_looks, fuse
from shared_schema.doorway.types import DoorPolicy, Look
from shared_schema.face.types import Box, Embedding
from shared_schema.ids import BootNs, PersonId

_NEAR_WIDTHS: Final = 1.0
"""A face that moved no farther than so many of its widths may be the same by its place alone."""
_FAR_WIDTHS: Final = 6.0
"""Nobody moves farther between two frames of a pass, however alike they look."""
_LEAST_OVERLAP: Final = 0.15
_MAX_GROWTH: Final = 2.5
"""Between two sightings of one face its width changes by less than this factor."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A face found in a frame; `look` is None when a gate set it aside."""

    box: Box
    look: Look | None


class Track:
    """One face followed over frames: the looks of one pass. It lives until the face has been gone for the pass timeout.

    `person` is who it was matched to, once `decided`.
    """

    def __init__(self, seen: Seen, at: BootNs) -> None:
        self.box = seen.box
        self.from_at = at
        self.until_at = at
        self.frames = 1
        self.decided = False
        self.person: PersonId | None = None
        self.looks: tuple[Look, ...] = ()
        self._means: tuple[Embedding, ...] = ()
        self._keep(seen.look)

    def add(self, seen: Seen, at: BootNs) -> None:
        """The face was found again."""
        self.box = seen.box
        self.until_at = at
        self.frames += 1
        self._keep(seen.look)

    def similarity(self, look: Look) -> float | None:
        """The look against what the track looks like on the whole and what it looked like last; None without any look yet."""
        return max((float(mean @ look.embedding) for mean in self._means), default=None)

    def _keep(self, look: Look | None) -> None:
        if look is None:
            return
        self.looks = best_looks((*self.looks, look))
        self._means = (fuse(self.looks), look.embedding)


def link(tracks: Sequence[Track], seen: Sequence[Seen], policy: DoorPolicy) -> dict[int, Track]:
    """Which track each face continues, by the face's index; faces not named begin a track. Strongest links first, one to one."""
    links = sorted(
        ((_strength(track, face, policy), row, column) for row, track in enumerate(tracks) for column, face in enumerate(seen)),
        key=lambda link: (-link[0], link[1], link[2]),
    )
    linked: dict[int, Track] = {}
    taken: set[int] = set()
    for strength, row, column in links:
        if strength > 0 and row not in taken and column not in linked:
            linked[column] = tracks[row]
            taken.add(row)
    return linked


def _strength(track: Track, seen: Seen, policy: DoorPolicy) -> float:
    """0: cannot be the same face. Identity, where both sides have one, weighs more than place."""
    apart = _widths_apart(track.box, seen.box)
    similarity = None if seen.look is None else track.similarity(seen.look)
    if similarity is None:
        return _place(track.box, seen.box, apart)
    if similarity < policy.other_similarity or apart > _FAR_WIDTHS:
        return 0.0
    place = _place(track.box, seen.box, apart)
    if similarity < policy.own_similarity and place <= 0:
        return 0.0
    return place + 2 * similarity


def _place(before: Box, now: Box, apart: float) -> float:
    """From 0 to 1: how well the places of two boxes agree."""
    growth = max(before.width, now.width) / max(1e-6, min(before.width, now.width))
    if growth > _MAX_GROWTH:
        return 0.0
    overlap = before.overlap(now)
    if overlap < _LEAST_OVERLAP and apart > _NEAR_WIDTHS:
        return 0.0
    return max(0.01, (overlap + max(0.0, 1 - apart / _NEAR_WIDTHS)) / 2)


def _widths_apart(before: Box, now: Box) -> float:
    """Distance of the centres in widths of the wider box."""
    across = (before.left + before.width / 2) - (now.left + now.width / 2)
    down = (before.top + before.height / 2) - (now.top + now.height / 2)
    return math.hypot(across, down) / max(before.width, now.width, 1e-6)
