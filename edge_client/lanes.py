"""The two lanes out of the outbox. One step: lease, send, do what the answer says. Neither lane waits for the other."""

from collections.abc import Sequence

from edge_client.clock import Clock
from edge_client.dealings import Dealings
from edge_client.errors import EdgeError, Rejected, Unauthorised, Unavailable
from edge_client.outbox.delivery import Deliveries, LeasedCrop, LeasedRecord
from edge_client.reporting import Reporter
from edge_client.sender import Backoff, Sender
from shared_schema.node import Status

_FIRST_RECORDS, _MOST_RECORDS = 25, 200
_FIRST_CROPS, _MOST_CROPS = 8, 8
_GROWTH = 4
_QUICK_S, _SLOW_S = 2.0, 8.0
"""More at once than at first is worth it when the answer came so soon; when it took longer than that, it was too much."""
_NOT_YET = frozenset({"unknown_crop", "unknown_record", "not_found"})


class _Pace:
    """How much a lane dares at once and when: less and later after every failure, more again after a success.

    So an item that the server cannot digest soon travels alone and holds up nobody. More than at first goes only while answers come
    quickly: where many nodes come back at once, or the link is slow, nodes must not give up waiting for what the server then does in vain.
    """

    def __init__(self, *, first: int, most: int, clock: Clock, backoff: Backoff) -> None:
        self._first = first
        self._most = most
        self._clock = clock
        self._backoff = backoff
        self._failures = 0
        self._paused_until = 0
        self._began = 0
        self.limit = first

    @property
    def is_paused(self) -> bool:
        return self._clock.boot_ns() < self._paused_until

    def began(self) -> None:
        """Something is sent now."""
        self._began = self._clock.boot_ns()

    def succeeded(self) -> None:
        self._failures = 0
        took_s = (self._clock.boot_ns() - self._began) / 1e9
        if took_s <= _QUICK_S:
            self.limit = min(self._most, self.limit * _GROWTH)
        elif self.limit < self._first:
            self.limit = min(self._first, self.limit * _GROWTH)
        elif took_s > _SLOW_S:
            self.limit = max(self._first, self.limit // 2)

    def failed(self, error: EdgeError) -> None:
        wish = error.retry_after_s if isinstance(error, Unavailable) else None
        pause_s = self._backoff.delay_s(self._failures, retry_after_s=wish)
        self._failures += 1
        self.limit = max(1, self.limit // _GROWTH)
        self._paused_until = self._clock.boot_ns() + int(pause_s * 1e9)


class RecordLane:
    """Sends records and does what their receipts say."""

    def __init__(
        self,
        deliveries: Deliveries,
        sender: Sender,
        *,
        clock: Clock,
        pause: Backoff,
        retry: Backoff,
        dealings: Dealings | None = None,
    ) -> None:
        """`dealings` is told what the server said, and says what it wants again."""
        self._deliveries = deliveries
        self._sender = sender
        self._retry = retry
        self._dealings = dealings or Dealings()
        self._pace = _Pace(first=_FIRST_RECORDS, most=_MOST_RECORDS, clock=clock, backoff=pause)
        self._report = Reporter("records")

    def step(self) -> bool:
        """One lease. True when something was delivered, so that another step is worth it at once."""
        if self._pace.is_paused:
            return False
        self._send_again()
        leased = self._deliveries.lease(self._pace.limit)
        if not leased:
            return False
        self._pace.began()
        try:
            receipts = self._sender.send_records([record.item for record in leased])
        except (Unavailable, Unauthorised) as error:
            self._failed(leased, error)
            return False
        silent = self._deliveries.ack(leased, receipts)
        for receipt in receipts:
            if receipt.status is Status.REJECTED:
                self._report.warn("record parked", epoch=receipt.epoch, seq=receipt.seq, code=receipt.code)
        self._dealings.note(receipts)
        if silent:
            self._failed(silent, Unavailable("the server gave no receipt for some records"))
            return len(silent) < len(leased)
        self._pace.succeeded()
        self._report.state("delivery", "ok")
        return True

    def _send_again(self) -> None:
        wanted = self._dealings.take_wanted()
        if wanted is not None:
            records = self._deliveries.resend_above(*wanted)
            self._report.warn("the server lost what it had accepted; sending again", above=f"{wanted[0]}/{wanted[1]}", records=records)

    def _failed(self, records: Sequence[LeasedRecord], error: EdgeError) -> None:
        self._pace.failed(error)
        wish = error.retry_after_s if isinstance(error, Unavailable) else None
        self._deliveries.retry_later((record, self._retry.delay_s(record.attempts, retry_after_s=wish)) for record in records)
        self._report.state("delivery", type(error).__name__.lower(), reason=str(error))


class CropLane:
    """Sends crops whose records the server has."""

    def __init__(self, deliveries: Deliveries, sender: Sender, *, clock: Clock, pause: Backoff, retry: Backoff) -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._retry = retry
        self._pace = _Pace(first=_FIRST_CROPS, most=_MOST_CROPS, clock=clock, backoff=pause)
        self._report = Reporter("crops")

    def step(self) -> bool:
        """One lease. True when something was delivered."""
        if self._pace.is_paused:
            return False
        leased = self._deliveries.lease_crops(self._pace.limit)
        self._pace.began()
        there: list[LeasedCrop] = []
        try:
            for position, crop in enumerate(leased):
                try:
                    there += self._send(crop)
                except (Unavailable, Unauthorised) as error:
                    self._failed(leased[position:], error)
                    return position > 0
        finally:
            self._deliveries.ack_crops(there)
        if leased:
            self._pace.succeeded()
            self._report.state("delivery", "ok")
        return bool(leased)

    def _send(self, crop: LeasedCrop) -> tuple[LeasedCrop, ...]:
        """Those that the server has."""
        try:
            self._sender.send_crop(crop.sha256, crop.sealed)
        except Rejected as refusal:
            if refusal.code in _NOT_YET:
                raise Unavailable(f"the server does not know this crop yet: {refusal}") from refusal
            self._deliveries.bury_crop(crop, code=refusal.code, detail=str(refusal))
            self._report.warn("crop parked", code=refusal.code)
            return ()
        return (crop,)

    def _failed(self, crops: Sequence[LeasedCrop], error: EdgeError) -> None:
        self._pace.failed(error)
        wish = error.retry_after_s if isinstance(error, Unavailable) else None
        self._deliveries.retry_crops_later((crop, self._retry.delay_s(crop.attempts, retry_after_s=wish)) for crop in crops)
        self._report.state("delivery", type(error).__name__.lower(), reason=str(error))
