"""The courier's contact with the server: a heartbeat when one is due, and then whatever the answer asks for."""

from collections.abc import Callable, Mapping

from edge_client.courier_crew import Surroundings
from edge_client.errors import EdgeError, Unauthorised, Unavailable
from edge_client.heartbeat import Heartbeats
from edge_client.node_token import Tokens
from edge_client.reporting import Reporter
from edge_client.sender import Backoff
from shared_schema.node import HeartbeatAnswer

_BEATS_BEFORE_RECORDS = 2
_PATIENCE_FOR_BEATS = 5
_PATIENCE_NS = 60 * 10**9
_REFUSALS_THAT_LAST = 3
_SPREAD = 0.1
"""Heartbeats come within this share of their interval, so that many nodes that were switched on at once drift apart."""

Duty = Callable[[HeartbeatAnswer], None]
"""Something to do after a heartbeat. Raises EdgeError or OSError when it has to be tried again."""


class Contact:
    """A worker. Its duties are tried one by one: one that fails keeps none of the others from being done."""

    name = "contact"

    def __init__(
        self,
        heartbeats: Heartbeats,
        duties: Mapping[str, Duty],
        tokens: Tokens,
        *,
        interval_s: Callable[[], float],
        around: Surroundings,
        let_go: Callable[[], None],
    ) -> None:
        """`let_go` closes what heartbeats and duties hold open."""
        self._heartbeats = heartbeats
        self._duties = duties
        self._tokens = tokens
        self._interval_s = interval_s
        self._let_go = let_go
        self._clock = around.clock
        self._random = around.random
        self._unavailable = Backoff(around.random, first_s=1.0, longest_s=30.0)
        self._refused = Backoff(around.random, first_s=1.0, longest_s=60.0)
        self._report = Reporter("contact")
        self._started_ns = around.clock.boot_ns()
        self._due_ns = 0
        self._beats = 0
        self._failures = 0
        self._refusals = 0
        self._troubles = 0
        self.was_tried = False

    @property
    def records_may_go(self) -> bool:
        """After two heartbeats the server can tell when the records were made; heartbeats that fail or hang hold them up only so long.

        A node that the server does not accept sends none: they would be refused.
        """
        waited = self._failures >= _PATIENCE_FOR_BEATS or self._clock.boot_ns() - self._started_ns >= _PATIENCE_NS
        return not self.is_refused and (self._beats >= _BEATS_BEFORE_RECORDS or waited)

    @property
    def is_refused(self) -> bool:
        """The server did not accept the node several times in a row."""
        return self._refusals >= _REFUSALS_THAT_LAST

    def step(self) -> bool:
        """Raises nothing: what goes wrong is told and tried again."""
        self._look_for_another_token()
        if self._clock.boot_ns() >= self._due_ns:
            self._meet()
            self.was_tried = True
        return False

    def close(self) -> None:
        self._let_go()

    def _look_for_another_token(self) -> None:
        """A file that cannot be read is no reason to give up the token that works: the server shall hear of the failing card."""
        try:
            changed = self._tokens.refresh()
        except (EdgeError, OSError) as error:
            self._report.state("token file", "cannot be read", reason=_words(error))
            return
        if changed:
            self._due_ns = self._refusals = 0
            self._report.say("there is another token", generation=self._tokens.generation)

    def _meet(self) -> None:
        try:
            answer = self._heartbeats.beat()
        except Unauthorised as error:
            self._was_refused(error)
            return
        except (EdgeError, OSError) as error:
            self._failed(error)
            return
        self._beats += 1
        self._failures = self._refusals = 0
        self._report.state("server", "ok")
        troubles = [error for error in (self._do(name, answer) for name in self._duties) if error is not None]
        self._troubles = self._troubles + 1 if troubles else 0
        self._due_in(self._pause_s(troubles))

    def _do(self, name: str, answer: HeartbeatAnswer) -> EdgeError | OSError | None:
        """What went wrong with a duty."""
        try:
            self._duties[name](answer)
        except (EdgeError, OSError) as error:
            self._report.state(name, type(error).__name__.lower(), reason=_words(error))
            return error
        if name in self._report.states():
            self._report.state(name, "ok")
        return None

    def _pause_s(self, troubles: list[EdgeError | OSError]) -> float:
        if troubles:
            return self._unavailable.delay_s(self._troubles - 1, retry_after_s=max(map(_wish_s, troubles)))
        if self._beats < _BEATS_BEFORE_RECORDS:
            return 0.0
        return self._interval_s() * (1 + _SPREAD * (2 * self._random() - 1))

    def _failed(self, error: EdgeError | OSError) -> None:
        self._due_in(self._unavailable.delay_s(self._failures, retry_after_s=_wish_s(error)))
        self._failures += 1
        self._refusals = 0
        self._report.state("server", type(error).__name__.lower(), reason=_words(error))

    def _was_refused(self, error: Unauthorised) -> None:
        """A token that the server does not know may be the wrong one of two; a node that it refuses is refused with either."""
        if not error.knows_node:
            self._tokens.refused()
        self._due_in(self._refused.delay_s(self._refusals))
        self._failures += 1
        self._refusals += 1
        self._report.state("server", "unauthorised", reason=str(error))

    def _due_in(self, delay_s: float) -> None:
        self._due_ns = self._clock.boot_ns() + int(delay_s * 1e9)


def _wish_s(error: EdgeError | OSError) -> float:
    return (error.retry_after_s or 0.0) if isinstance(error, Unavailable) else 0.0


def _words(error: EdgeError | OSError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
