"""The two lanes as workers: each opens the outbox and a connection of its own, and opens them anew after they failed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_client.errors import OutboxError, OutboxMissing
from edge_client.outbox.delivery import Deliveries
from edge_client.reporting import Reporter
from edge_client.server_api import ServerApi


class _Lane(Protocol):
    """`lanes.RecordLane` and `lanes.CropLane` are the real ones."""

    def step(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class OpenLane:
    """A lane and what it holds open."""

    lane: _Lane
    deliveries: Deliveries
    api: ServerApi

    def close(self) -> None:
        self.deliveries.close()
        self.api.close()


class LaneWorker:
    """Goes on with its lane whenever it may."""

    def __init__(self, name: str, open_lane: Callable[[], OpenLane], *, may_go: Callable[[], bool]) -> None:
        """`open_lane` raises OutboxMissing before capture's first start."""
        self.name = name
        self._open = open_lane
        self._may_go = may_go
        self._lane: OpenLane | None = None
        self._report = Reporter(name)

    def step(self) -> bool:
        """An outbox that fails is opened anew: capture may have salvaged it, or there is room on the disk again."""
        if not self._may_go():
            return False
        try:
            if self._lane is None:
                self._lane = self._open()
            busy = self._lane.lane.step()
        except OutboxMissing:
            self.close()
            return False
        except (OutboxError, OSError) as error:
            self.close()
            self._report.state("outbox", "failing", reason=(error.strerror if isinstance(error, OSError) else None) or str(error))
            return False
        self._report.state("outbox", "ok")
        return busy

    def close(self) -> None:
        """Let go of the outbox and the connection."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()
