"""What the node can vouch for having watched: intervals that follow each other without holes, and where it was blind."""

from typing import Final

from edge_client.camera import Frame, Lost
from edge_client.clock import Clock
from shared_schema.ids import BootNs, Seq
from shared_schema.observation import Blind, Funnel, Observation

_NS_PER_MS: Final = 1_000_000
_STALL_INTERVALS: Final = 10
_LEAST_STALL_MS: Final = 5_000
"""Between two frames of a healthy camera there are at most so many intervals; a longer silence is a blind interval."""


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
            self._add_blind(given.at, reason)
        self._until = given.at

    def lasted_ms(self) -> int:
        """How long the present interval has lasted."""
        return 0 if self._from is None else (self._until - self._from) // _NS_PER_MS

    def take(self, clock: Clock, *, last_seq: Seq, funnel: Funnel) -> Observation | None:
        """The interval up to the last frame; the next one begins where it ends. None when there has been no frame at all."""
        if self._from is None:
            return None
        observation = Observation(
            at=clock.reading_at(self._until),
            from_boot_ns=self._from,
            until_boot_ns=self._until,
            last_seq=last_seq,
            blind=tuple(self._blind),
            funnel=funnel,
        )
        self._from, self._blind = self._until, []
        return observation

    def _stall(self, at: BootNs, interval_ms: int) -> str | None:
        longest_ms = max(_LEAST_STALL_MS, _STALL_INTERVALS * interval_ms)
        return "stalled" if at - self._until > longest_ms * _NS_PER_MS else None

    def _add_blind(self, until: BootNs, reason: str) -> None:
        """A blind interval reaches back to the last time the camera gave anything; equal ones that touch become one."""
        began = self._until
        if self._blind and self._blind[-1].reason == reason and self._blind[-1].until_boot_ns == began:
            began = BootNs(self._blind.pop().from_boot_ns)
        self._blind.append(Blind(from_boot_ns=began, until_boot_ns=until, reason=reason))
