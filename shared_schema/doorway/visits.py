"""Who was here lately: one person's visit gives one sighting, however often their face is lost and found."""

from dataclasses import dataclass
from typing import Final

from shared_schema.doorway.decide import Verdict
from shared_schema.doorway.track import Track
from shared_schema.doorway.types import DoorPolicy
from shared_schema.face.types import Embedding
from shared_schema.ids import BootNs, PersonId
from shared_schema.sighting import Outcome

_MOST: Final = 64
"""A door remembers so many visits at most; the oldest are forgotten first."""


@dataclass(slots=True)
class _Visit:
    probe: Embedding
    parts: set[int]
    suggested: PersonId | None
    until_at: BootNs


class Visits:
    """Remembers what was told of, for the cooldown after whoever it was has left the view."""

    def __init__(self) -> None:
        self._visits: list[_Visit] = []
        self._matched: dict[PersonId, BootNs] = {}

    def still_here(self, track: Track) -> None:
        """Somebody told of is in view: the cooldown counts from now."""
        if track.person is not None:
            self._matched[track.person] = track.until_at
        for visit in self._visits:
            if visit.parts & track.parts:
                visit.until_at = track.until_at

    def is_repeated(self, track: Track, verdict: Verdict, policy: DoorPolicy) -> bool:
        """Whether what would be told now is part of a visit already told of. A match is, only if the same person was matched."""
        suggested = _suggested(verdict)
        if suggested is not None and self._was_matched(suggested, track, policy):
            return True
        if verdict.outcome is Outcome.MATCH:
            return False
        return any(self._is_same(visit, track, verdict, policy) for visit in self._visits)

    def remember(self, track: Track, verdict: Verdict) -> None:
        """What was decided of a track, told of or not."""
        suggested = _suggested(verdict)
        if verdict.outcome is Outcome.MATCH and suggested is not None:
            self._matched[suggested] = max(track.until_at, self._matched.get(suggested, track.until_at))
        self._visits = [*self._visits[1 - _MOST :], _Visit(verdict.probe, set(track.parts), suggested, track.until_at)]

    def forget(self, now: BootNs, policy: DoorPolicy) -> None:
        """Nobody is in view: whoever's cooldown is over would begin a new visit."""
        self._visits = [visit for visit in self._visits if now - visit.until_at < policy.cooldown_ns]
        self._matched = {person: at for person, at in self._matched.items() if now - at < policy.cooldown_ns}

    def _was_matched(self, person: PersonId, track: Track, policy: DoorPolicy) -> bool:
        last = self._matched.get(person)
        return last is not None and track.from_at - last < policy.cooldown_ns

    def _is_same(self, visit: _Visit, track: Track, verdict: Verdict, policy: DoorPolicy) -> bool:
        if track.from_at - visit.until_at >= policy.cooldown_ns or visit.parts & track.beside:
            return False
        if visit.parts & track.follows or (visit.suggested is not None and visit.suggested == _suggested(verdict)):
            return True
        return float(visit.probe @ verdict.probe) >= policy.same_visit_similarity


def _suggested(verdict: Verdict) -> PersonId | None:
    """Whom staff would see named."""
    return None if verdict.candidate is None or verdict.outcome is Outcome.UNKNOWN else PersonId(verdict.candidate.person)
