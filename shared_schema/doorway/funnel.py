"""Counts what became of the frames: the answer to "why was nobody seen at this door?"."""

from collections import Counter
from typing import Final

from shared_schema.face.types import Gate
from shared_schema.observation import Funnel
from shared_schema.sighting import Outcome

TOO_BRIEF: Final = "too_brief"
"""The reason in the funnel for a face that was no gate's, but found once and never again: most are no faces."""


class FunnelCounter:
    """`passes` counts every pass; those that are neither matched, unsure nor unknown were too poor to decide or within the cooldown."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._gated: Counter[str] = Counter()

    def frame(self, *, motion: bool) -> None:
        self._counts["frames"] += 1
        self._counts["motion"] += motion

    def face(self, gate: Gate | None) -> None:
        self._counts["faces"] += 1
        if gate is not None:
            self._gated[gate.value] += 1

    def pass_closed(self, outcome: Outcome | None) -> None:
        """None: the pass gave no sighting."""
        self._counts["passes"] += 1
        if outcome is not None:
            self._counts[_FIELDS[outcome]] += 1

    def pass_too_brief(self) -> None:
        """It was found in so few frames that it is no sighting."""
        self.pass_closed(None)
        self._gated[TOO_BRIEF] += 1

    def take(self) -> Funnel:
        """The counts since the last call."""
        funnel = Funnel(gated=dict(sorted(self._gated.items())), **self._counts)
        self._counts.clear()
        self._gated.clear()
        return funnel


_FIELDS = {Outcome.MATCH: "matched", Outcome.UNSURE: "unsure", Outcome.UNKNOWN: "unknown"}


def add(first: Funnel, second: Funnel) -> Funnel:
    """The counts of two spans of time together."""
    gated = Counter(first.gated) + Counter(second.gated)
    counts = Counter(first.model_dump(exclude={"gated"})) + Counter(second.model_dump(exclude={"gated"}))
    return Funnel(gated=dict(sorted(gated.items())), **counts)
