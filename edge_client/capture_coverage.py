"""What the node can vouch for having watched: intervals that follow each other without holes, and where it was blind."""

from typing import Final

from edge_client.camera import Frame, Lost
from edge_client.clock import Clock
from shared_schema.envelope import MAX_INT
from shared_schema.ids import BootNs, Seq
from shared_schema.observation import Blind, Funnel, Observation

_NS_PER_MS: Final = 1_000_000
_STALL_INTERVALS: Final = 10
_LEAST_STALL_MS: Final = 5_000
"""Between two frames of a healthy camera there are at most so many intervals; a longer silence is a blind interval."""
_MOST_BLIND: Final = 200
"""A record has room for so many blind intervals; what comes then is joined to the last one, which says more blindness, never less."""


class Coverage:
    """Collects one observation after the other. Times are those of the frames, on the boot clock."""

    def __init__(self) -> None:
        self._from: BootNs | None = None
        self._until = BootNs(0)
        self._blind: list[Blind] = []

    def note(self, given: Frame | Lost, interval_ms: int) -> None:
        """The camera gave a frame, or nothing usable, at a time not before the last one."""
        if self._from is None:
            self._from = self._until = given.at
        reason = given.reason if isinstance(given, Lost) else self._stall(given.at, interval_ms)
        if reason is not None:
            self._add_blind(self._until, given.at, reason)
        self._until = given.at

    def mark_blind(self, reason: str, since: BootNs) -> None:
        """What was seen from `since` to the last frame is not to be relied on; what has been recorded already stays."""
        if self._from is not None and since <= self._until:
            self._add_blind(max(since, self._from), self._until, reason)

    def reaches(self, before: BootNs | None) -> BootNs:
        """How far an observation may reach: to the last frame, but not past `before`."""
        begun = self._until if self._from is None else self._from
        return self._until if before is None else max(begun, min(self._until, before))

    def lasted_ms(self, before: BootNs | None = None) -> int:
        """How long the interval is that an observation may tell of."""
        return 0 if self._from is None else (self.reaches(before) - self._from) // _NS_PER_MS

    @property
    def is_empty(self) -> bool:
        """Whether the camera has given nothing at all so far."""
        return self._from is None

    def observation(self, clock: Clock, *, until: BootNs, last_seq: Seq, funnel: Funnel) -> Observation:
        """The interval up to `until`, which it `reaches`; of no length before the first frame."""
        blind = [_cut(one, until=until) for one in self._blind if one.from_boot_ns < until or one.until_boot_ns <= until]
        return Observation(
            at=clock.reading_at(until),
            from_boot_ns=until if self._from is None else self._from,
            until_boot_ns=until,
            last_seq=last_seq,
            blind=tuple(sorted(blind, key=lambda one: one.from_boot_ns)),
            funnel=funnel,
        )

    def begin_anew(self, at: BootNs) -> None:
        """The observation up to `at` was recorded: the next one begins there."""
        self._from, self._blind = at, [_cut(one, since=at) for one in self._blind if one.until_boot_ns > at]

    def _stall(self, at: BootNs, interval_ms: int) -> str | None:
        longest_ms = max(_LEAST_STALL_MS, _STALL_INTERVALS * interval_ms)
        return "stalled" if at - self._until > longest_ms * _NS_PER_MS else None

    def _add_blind(self, began: BootNs, until: BootNs, reason: str) -> None:
        """A blind interval reaches back to the last time the camera gave anything; equal ones that touch become one."""
        index = next((index for index in range(len(self._blind) - 1, -1, -1) if self._blind[index].reason == reason), None)
        if index is not None and self._blind[index].until_boot_ns >= began:
            began = BootNs(min(began, self._blind.pop(index).from_boot_ns))
        elif len(self._blind) >= _MOST_BLIND:
            last = self._blind.pop()
            began, until, reason = BootNs(min(began, last.from_boot_ns)), BootNs(max(until, last.until_boot_ns)), last.reason
        self._blind.append(Blind(from_boot_ns=began, until_boot_ns=until, reason=reason))


def _cut(blind: Blind, *, since: int = 0, until: int = MAX_INT) -> Blind:
    """The part of it within since–until."""
    return Blind(from_boot_ns=max(blind.from_boot_ns, since), until_boot_ns=min(blind.until_boot_ns, until), reason=blind.reason)
