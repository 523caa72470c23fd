"""Counts what became of the frames: the answer to "why was nobody seen at this door?"."""

from collections import Counter
from typing import Final

from shared_schema.doorway.decide import Verdict
from shared_schema.face.types import Gate
from shared_schema.observation import Funnel
from shared_schema.sighting import Outcome

TOO_BRIEF: Final = "too_brief"
"""The reason in the funnel for a face that was no gate's, but found once and never again: most are no faces."""


class FunnelCounter:
    """`passes` counts every pass; those that are neither matched, unsure nor unknown were too poor to decide or within the cooldown.

    A pass that was told of as unsure or unknown and recognised later counts as matched too.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._gated: Counter[str] = Counter()
        self._doubts: Counter[str] = Counter()

    def frame(self, *, motion: bool) -> None:
        self._counts["frames"] += 1
        self._counts["motion"] += motion

    def face(self, gate: Gate | None) -> None:
        self._counts["faces"] += 1
        if gate is not None:
            self._gated[gate.value] += 1

    def pass_closed(self, verdict: Verdict | None) -> None:
        """None: the pass gave no sighting."""
        self._counts["passes"] += 1
        if verdict is not None:
            self._counts[_FIELDS[verdict.outcome]] += 1
            self._doubts.update(verdict.evidence.doubts)

    def recognised_after_all(self) -> None:
        """A pass that was counted before is now matched."""
        self._counts[_FIELDS[Outcome.MATCH]] += 1

    def pass_too_brief(self) -> None:
        """It was found in so few frames that it is no sighting."""
        self.pass_closed(None)
        self._gated[TOO_BRIEF] += 1

    def take(self) -> Funnel:
        """The counts since the last call."""
        funnel = Funnel(gated=_sorted(self._gated), doubts=_sorted(self._doubts), **self._counts)
        self._counts.clear()
        self._gated.clear()
        self._doubts.clear()
        return funnel


_REASONS: Final = {"gated", "doubts"}
_FIELDS = {Outcome.MATCH: "matched", Outcome.UNSURE: "unsure", Outcome.UNKNOWN: "unknown"}


def add(first: Funnel, second: Funnel) -> Funnel:
    """The counts of two spans of time together."""
    gated = Counter(first.gated) + Counter(second.gated)
    doubts = Counter(first.doubts) + Counter(second.doubts)
    counts = Counter(first.model_dump(exclude=_REASONS)) + Counter(second.model_dump(exclude=_REASONS))
    return Funnel(gated=_sorted(gated), doubts=_sorted(doubts), **counts)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
