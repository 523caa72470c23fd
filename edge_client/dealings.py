"""What the lane of records and the contact have to tell each other about the server's answers. Any thread may call it."""

import threading
from collections.abc import Iterable
from typing import Final

from shared_schema.ids import Epoch, Seq
from shared_schema.node import Receipt, Status

CONFLICT: Final = "conflict"
"""The code of a receipt: the server has another record under this number."""

Number = tuple[Epoch, Seq]
NOTHING: Final[Number] = (Epoch(1), Seq(0))


class Dealings:
    """The highest number that the server confirmed, the latest epoch in which it has another record, and what to send again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._confirmed = NOTHING
        self._conflict_in = Epoch(0)
        self._resend: Number | None = None

    def note(self, receipts: Iterable[Receipt]) -> None:
        """What the server said about some records."""
        with self._lock:
            for receipt in receipts:
                if receipt.status is not Status.REJECTED:
                    self._confirmed = max(self._confirmed, (Epoch(receipt.epoch), Seq(receipt.seq)))
                elif receipt.code == CONFLICT:
                    self._conflict_in = max(self._conflict_in, Epoch(receipt.epoch))

    def note_conflict(self, epoch: Epoch) -> None:
        with self._lock:
            self._conflict_in = max(self._conflict_in, epoch)

    @property
    def confirmed(self) -> Number:
        with self._lock:
            return self._confirmed

    @property
    def conflict_in(self) -> Epoch:
        """0 when there was none."""
        with self._lock:
            return self._conflict_in

    def want_again(self, above: Number) -> None:
        """The server holds nothing above this number any more, whatever it confirmed."""
        with self._lock:
            self._confirmed = above
            self._resend = above if self._resend is None else min(self._resend, above)

    def take_wanted(self) -> Number | None:
        """Above which number accepted records have to be sent again; told once."""
        with self._lock:
            wanted, self._resend = self._resend, None
        return wanted
