"""Sending with patience: a short burst of attempts at once, and how long to wait when that was not enough.

Nothing here knows the outbox: records and crops go in, receipts and delays come out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from edge_client.errors import Rejected, Unavailable
from edge_client.server_api import ServerApi
from shared_schema.node import Receipt, RecordBatch, RecordItem, Status

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_LONGEST_WISH_S = 600.0
"""No server keeps a node away for longer: whoever answers with more is none of ours."""
_SPREAD = 0.25
"""Many nodes are told to come back at the same moment; they come back within this share of the wait after it."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential with jitter, by the number of attempts that failed. `random` gives a number in [0, 1)."""

    random: Callable[[], float]
    first_s: float = 2.0
    longest_s: float = 300.0

    def delay_s(self, attempts: int, *, retry_after_s: float | None = None) -> float:
        """Between half and the whole of `first_s` · 2^attempts, never less than the server asks for, both bounded."""
        ceiling = min(self.longest_s, self.first_s * 2.0 ** min(attempts, 30))
        wish = min(retry_after_s or 0.0, _LONGEST_WISH_S)
        return max(ceiling * (0.5 + 0.5 * self.random()), wish * (1 + _SPREAD * self.random()))


class Sender:
    """Sends to one server. `wait` sleeps so many seconds; `attempts` is the length of a burst."""

    def __init__(self, api: ServerApi, *, wait: Callable[[float], None], random: Callable[[], float], attempts: int = 3) -> None:
        self._api = api
        self._random = random
        self._burst = Retrying(
            retry=retry_if_exception(_is_worth_another_attempt),
            stop=stop_after_attempt(attempts),
            wait=self._pause_s,
            sleep=wait,
            reraise=True,
        )

    def send_records(self, items: Sequence[RecordItem]) -> tuple[Receipt, ...]:
        """The receipts for `items`. Raises Unavailable or Unauthorised when there are none to be had now.

        A batch that is refused as a whole is halved until the refused item stands alone: it gets a rejected receipt,
        its neighbours are stored.
        """
        if not items:
            return ()
        try:
            return self._burst(self._api.records, RecordBatch(items=tuple(items))).receipts
        except Rejected as refusal:
            if len(items) == 1:
                return (_refused(items[0], refusal),)
        half = len(items) // 2
        return self.send_records(items[:half]) + self.send_records(items[half:])

    def send_crop(self, sha256: str, sealed: bytes) -> None:
        """Raises Unavailable, Unauthorised, or Rejected when the server will never take it."""
        self._burst(self._api.put_crop, sha256, sealed)

    def _pause_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wish = error.retry_after_s if isinstance(error, Unavailable) else None
        return max(wish or 0.0, _FIRST_PAUSE_S * 2.0 ** (state.attempt_number - 1) * (0.5 + 0.5 * self._random()))


def _is_worth_another_attempt(error: BaseException) -> bool:
    """A server that wants a long pause gets it: the outbox waits, not the sender."""
    return isinstance(error, Unavailable) and (error.retry_after_s or 0.0) <= _LONGEST_PAUSE_S


def _refused(item: RecordItem, refusal: Rejected) -> Receipt:
    envelope = item.envelope
    return Receipt(
        epoch=envelope.epoch, seq=envelope.seq, sha256=envelope.sha256, status=Status.REJECTED, code=refusal.code, detail=str(refusal)
    )
