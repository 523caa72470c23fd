"""One face followed over frames, and which face of a new frame continues which track."""

import math
from dataclasses import dataclass
from typing import Final

from shared_schema.doorway.fuse import APART_NS, MAX_LOOKS, best_looks, fuse
from shared_schema.doorway.types import Look
from shared_schema.face.types import Box, Embedding
from shared_schema.ids import BootNs, PersonId
from shared_schema.sighting import Outcome

_COAST_NS: Final = 600_000_000
"""Where a face is expected is reckoned from its speed for so long; then it may have stopped anywhere."""
_STEADY: Final = 0.5
"""How much of the new speed is believed at once."""
_MOST_CHANGE: Final = 2.0
"""A predicted width lies within this factor of the last one seen."""


_RARELY_NS: Final = 500_000_000
"""A track that no further look can help is still compared with its face now and then."""
_MUCH_BETTER: Final = 1.25


@dataclass(frozen=True, slots=True)
class Seen:
    """A face found in a frame; `look` is None when a gate set it aside or an embedding could add nothing."""

    box: Box
    look: Look | None


class Track:
    """One face: the looks of one pass. It lives until the face has been gone for the pass timeout.

    `told` is what has been said of it, if anything, and `person` whom it was matched to. `beside` are the numbers of the tracks that
    were seen in the same frame, so that they are other people for certain. `follows` are those in whose place this one began just when
    they were lost: a head that turned away looks like somebody else. `parts` are the numbers of the tracks it was joined from.
    """

    def __init__(self, number: int, seen: Seen, at: BootNs) -> None:
        self.parts = {number}
        self.beside: set[int] = set()
        self.follows: set[int] = set()
        self.box = seen.box
        self.from_at = at
        self.until_at = at
        self.frames = 1
        self.told: Outcome | None = None
        self.is_flagged = False
        self.person: PersonId | None = None
        self.looks: tuple[Look, ...] = ()
        self.last_look: Look | None = None
        self.probe: Embedding | None = None
        self.speed = _Speed()
        self._keep(seen.look, MAX_LOOKS)

    def add(self, seen: Seen, at: BootNs, most_looks: int = MAX_LOOKS) -> None:
        """The face was found again."""
        self.speed = self.speed.after(self.box, seen.box, at - self.until_at)
        self.box = seen.box
        self.until_at = at
        self.frames += 1
        self._keep(seen.look, most_looks)

    def join(self, later: "Track", most_looks: int) -> None:
        """Take over a track that turned out to be the same face."""
        self.parts |= later.parts
        self.beside |= later.beside
        self.follows |= later.follows
        if later.until_at >= self.until_at:
            self.box, self.speed, self.until_at = later.box, later.speed, later.until_at
            self.last_look = later.last_look or self.last_look
        self.from_at = min(self.from_at, later.from_at)
        self.frames += later.frames
        self.told = Outcome.MATCH if Outcome.MATCH in (self.told, later.told) else self.told or later.told
        self.person = self.person or later.person
        self.is_flagged |= later.is_flagged
        self.looks = best_looks((*self.looks, *later.looks), most_looks)
        self.probe = fuse(self.looks) if self.looks else None

    def expected(self, at: BootNs) -> Box:
        """Where the face is by now if it goes on as it did."""
        return self.speed.carry(self.box, min(at - self.until_at, _COAST_NS))

    def similarity(self, look: Look) -> float | None:
        """The look against what the track looks like on the whole and what it looked like last; None without any look yet."""
        if self.probe is None or self.last_look is None:
            return None
        return max(float(self.probe @ look.embedding), float(self.last_look.embedding @ look.embedding))

    def needs_look(self, at: BootNs, value: float, *, full: int) -> bool:
        """Whether an embedding of a face of that quality, surely this track's, could add anything. `full`: how many looks are kept."""
        last = self.last_look
        if last is None:
            return True
        since = at - last.at
        if self.told is Outcome.MATCH or (len(self.looks) >= full and value <= self.looks[-1].quality.value):
            return since >= _RARELY_NS
        return since >= APART_NS or value > _MUCH_BETTER * last.quality.value

    def _keep(self, look: Look | None, most: int) -> None:
        if look is None:
            return
        self.looks = best_looks((*self.looks, look), most)
        self.last_look = look
        self.probe = fuse(self.looks)


@dataclass(frozen=True, slots=True)
class _Speed:
    """Pixels a second of the middle of a box, and growth of the logarithm of its width a second."""

    across: float = 0.0
    down: float = 0.0
    growth: float = 0.0
    is_known: bool = False

    def after(self, before: Box, now: Box, took_ns: int) -> "_Speed":
        if took_ns <= 0:
            return self
        seconds = took_ns / 1e9
        (x0, y0), (x1, y1) = middle(before), middle(now)
        growth = math.log(max(now.width, 1.0) / max(before.width, 1.0))
        fresh = _Speed((x1 - x0) / seconds, (y1 - y0) / seconds, growth / seconds, is_known=True)
        return fresh.mixed_with(self) if self.is_known else fresh

    def mixed_with(self, old: "_Speed") -> "_Speed":
        kept = 1 - _STEADY
        across, down = _STEADY * self.across + kept * old.across, _STEADY * self.down + kept * old.down
        return _Speed(across, down, _STEADY * self.growth + kept * old.growth, is_known=True)

    def carry(self, box: Box, for_ns: int) -> Box:
        seconds = for_ns / 1e9
        factor = min(max(math.exp(self.growth * seconds), 1 / _MOST_CHANGE), _MOST_CHANGE)
        x, y = middle(box)
        wide, high = box.width * factor, box.height * factor
        return Box(x + self.across * seconds - wide / 2, y + self.down * seconds - high / 2, wide, high)


def middle(box: Box) -> tuple[float, float]:
    return box.left + box.width / 2, box.top + box.height / 2
