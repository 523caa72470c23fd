"""What the server's receipts say of what a node recorded: the simulation's witness, which reads the answers off the wire."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from edge_client.outbox.store import Recorded
from edge_client.server_api import Call
from shared_schema.envelope import Kind
from shared_schema.node import BatchReceipt, Receipt, Status
from shared_schema.sighting import Crop

_STEP: Final = math.log(1.05)
_SHARES: Final = 20
Key = tuple[int, int]


@dataclass
class Latencies:
    """Durations, counted in classes of 5 %: as much memory for a minute as for a week."""

    classes: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.classes[round(math.log(max(seconds, 1e-6)) / _STEP)] += 1
        self.longest_s = max(self.longest_s, seconds)

    def join(self, other: "Latencies") -> None:
        self.classes.update(other.classes)
        self.longest_s = max(self.longest_s, other.longest_s)

    @property
    def count(self) -> int:
        return self.classes.total()

    def quantile_s(self, share: float) -> float:
        """Within 5 %; 0 when nothing was counted."""
        before = 0
        for step, count in sorted(self.classes.items()):
            before += count
            if before >= share * self.count:
                return min(math.exp(step * _STEP), self.longest_s)
        return 0.0


@dataclass
class Counts:
    """Of one node. `sent_again`: receipts for what had one already, as after a lost answer. `phantoms`: for what was never recorded."""

    recorded: int = 0
    archived: int = 0
    parked: int = 0
    conflicts: int = 0
    sent_again: int = 0
    phantoms: int = 0
    crops_recorded: int = 0
    crops_stored: int = 0
    crops_sent_again: int = 0

    def join(self, other: "Counts") -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Pending:
    """A record without a final receipt. `put_s` is None for the backlog."""

    sha256: str
    put_s: float | None
    is_sighting: bool


class Ledger:
    """One node's. Capture notes, the courier's calls are observed, both from threads of their own."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.statuses: dict[str, Counter[str]] = {}
        self.latencies: dict[str, Latencies] = {}
        self.fresh = Latencies()
        self.first_fresh_s: float | None = None
        self.backlog = 0
        self.milestones: list[float] = []
        self._backlog_left = 0
        self._pending: dict[Key, Pending] = {}
        self._early: dict[Key, Receipt] = {}
        self._seen: dict[int, int] = {}
        self._stored: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, backlog: Iterable[tuple[int, int, str]]) -> None:
        """What lies in the outbox before the courier starts: epoch, seq and hash."""
        for epoch, seq, digest in backlog:
            self._pending[epoch, seq] = Pending(digest, None, is_sighting=False)
            self._seen[epoch] = max(self._seen.get(epoch, 0), seq)
        self.backlog = self._backlog_left = self.counts.recorded = len(self._pending)

    def note(self, kind: Kind, recorded: Recorded, crop: Crop | None) -> None:
        """A record was made just now."""
        with self._lock:
            key = (recorded.epoch, recorded.seq)
            self.counts.recorded += 1
            self._seen[recorded.epoch] = max(self._seen.get(recorded.epoch, 0), recorded.seq)
            self._pending[key] = Pending(recorded.sha256, time.monotonic(), is_sighting=kind is Kind.SIGHTING)
            if crop is not None:
                self.counts.crops_recorded += 1
            if (early := self._early.pop(key, None)) is not None:
                self._take(early)

    def observe(self, call: Call) -> None:
        """An answer came, or none."""
        name = call.path.split("/", 1)[0].split("?", 1)[0]
        with self._lock:
            self.statuses.setdefault(name, Counter())[str(call.status or "none")] += 1
            self.latencies.setdefault(name, Latencies()).add(call.seconds)
            if name == "records" and call.status == 200:
                for receipt in _receipts(call.answer):
                    self._take(receipt)
            elif name == "crops" and call.status == 204:
                self._crop_stored(call.path.rsplit("/", 1)[1])

    @property
    def waiting(self) -> int:
        """Records without a final receipt."""
        return len(self._pending)

    def pending(self) -> Mapping[Key, Pending]:
        with self._lock:
            return dict(self._pending)

    def _take(self, receipt: Receipt) -> None:
        key = (receipt.epoch, receipt.seq)
        pending = self._pending.get(key)
        if pending is None:
            self._take_unexpected(key, receipt)
            return
        if receipt.status is Status.REJECTED:
            self.counts.parked += 1
            self.counts.conflicts += receipt.code == "conflict"
        elif receipt.status is Status.ACCEPTED or receipt.sha256 != pending.sha256:
            return
        else:
            self.counts.archived += 1
        del self._pending[key]
        self._measure(pending)

    def _take_unexpected(self, key: Key, receipt: Receipt) -> None:
        if key[1] <= self._seen.get(key[0], 0):
            self.counts.sent_again += 1
        else:
            self._early[key] = receipt

    def _measure(self, pending: Pending) -> None:
        now = time.monotonic()
        if pending.put_s is None:
            self._backlog_left -= 1
            done = self.backlog - self._backlog_left
            while done * _SHARES >= (len(self.milestones) + 1) * self.backlog:
                self.milestones.append(now)
        elif pending.is_sighting:
            self.fresh.add(now - pending.put_s)
            self.first_fresh_s = self.first_fresh_s or now

    def _crop_stored(self, digest: str) -> None:
        if digest in self._stored:
            self.counts.crops_sent_again += 1
            return
        self._stored.add(digest)
        self.counts.crops_stored += 1

    def end(self) -> Counts:
        """The counts; receipts for what nobody recorded are phantoms now."""
        with self._lock:
            self.counts.phantoms += len(self._early)
            self._early.clear()
            return self.counts


def _receipts(answer: bytes) -> tuple[Receipt, ...]:
    try:
        return BatchReceipt.model_validate_json(answer).receipts
    except ValidationError:
        return ()
