"""Tell the server how the node is, and give it the round trip from which it knows the node's clock."""

from collections.abc import Callable

from edge_client.clock import Clock
from edge_client.server_api import ServerApi
from shared_schema.clock import ClockReading, Exchange
from shared_schema.node import Heartbeat, HeartbeatAnswer

Describe = Callable[[ClockReading, Exchange | None], Heartbeat]
"""Makes the heartbeat of this moment."""


class Heartbeats:
    """Each carries the exchange of the one before, so the server has an offset from the second on."""

    def __init__(self, api: ServerApi, *, clock: Clock, describe: Describe) -> None:
        self._api = api
        self._clock = clock
        self._describe = describe
        self._previous: Exchange | None = None

    @property
    def last_exchange(self) -> Exchange | None:
        """The round trip of the last heartbeat that was answered, unless one failed since."""
        return self._previous

    def beat(self) -> HeartbeatAnswer:
        """Raises Unavailable, Rejected or Unauthorised; an exchange that was not answered is forgotten."""
        heartbeat = self._describe(self._clock.reading(), self._previous)
        self._previous = None
        sent = self._clock.reading()
        answer = self._api.heartbeat(heartbeat)
        received = self._clock.boot_ns()
        self._previous = Exchange(
            boot_id=sent.boot_id, sent_boot_ns=sent.boot_ns, received_boot_ns=received, server_ns=max(0, answer.server_ns)
        )
        return answer
