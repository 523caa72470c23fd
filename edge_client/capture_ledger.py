"""Capture's hold on the outbox: what happens when it is full or fails. The process goes on; what was refused is said, never hidden."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from edge_client.errors import OutboxError, OutboxFull
from edge_client.outbox.store import Recorded
from edge_client.reporting import Reporter
from shared_schema.envelope import Kind
from shared_schema.ids import BootNs, Epoch, Seq

FULL: Final = "outbox_full"
FAILING: Final = "outbox_failing"

_T = TypeVar("_T")

reporter = Reporter("outbox")


class Facts(Protocol):
    """How an open outbox and its card are doing, since it was opened."""

    @property
    def fsync_p99_ms(self) -> float | None: ...

    @property
    def disk_errors(self) -> int: ...

    @property
    def card(self) -> str: ...

    @property
    def crops_shed(self) -> int: ...


class Records(Protocol):
    """Capture's side of the outbox; `outbox.store.Outbox` is the real one."""

    @property
    def epoch(self) -> Epoch: ...

    @property
    def last_seq(self) -> Seq: ...

    @property
    def facts(self) -> Facts: ...

    def put(self, kind: Kind, payload: bytes, *, probe: bytes | None = None, crop: bytes | None = None) -> Recorded: ...

    def begin_epoch(self, at_least: Epoch, /) -> object: ...

    def shed(self) -> int: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be recorded, and since when what was seen is lost."""

    reason: str
    since: BootNs


@dataclass(frozen=True, slots=True)
class Images:
    """What lies beside a sighting: the encoded probe, and the JPEG of the crop unless none shall leave the camera."""

    probe: bytes
    crop: bytes | None


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """How recording went since capture started, however often the outbox was opened."""

    refused: int = 0
    crops_shed: int = 0
    fsync_p99_ms: float | None = None
    disk_errors: int = 0
    card: str = ""


class Ledger:
    """Puts records into the outbox, and opens it anew when it failed: a descriptor whose fsync failed is never written to again.

    A sighting that could not be put is counted as refused, and the time since it was seen is blind. It is not put a second time: after
    a commit that failed nobody knows whether it is there.
    """

    def __init__(self, open_outbox: Callable[[], Records]) -> None:
        """Opens it. Raises OutboxError: what fails at the start is for whoever starts the process."""
        self._open = open_outbox
        self._outbox: Records | None = open_outbox()
        self._closed = LedgerFacts()
        self._refused = 0
        self.trouble: Trouble | None = None

    def put_sighting(self, payload: bytes, images: Images, *, seen_since: BootNs) -> Recorded | None:
        """None when it could not be made durable: it is lost, and said to be."""
        recorded = self._put(lambda outbox: outbox.put(Kind.SIGHTING, payload, probe=images.probe, crop=images.crop), seen_since)
        self._refused += recorded is None
        return recorded

    def put_observation(self, payload_after: Callable[[Seq], bytes], *, now: BootNs) -> bool:
        """Record what `payload_after` makes of the last seq. False: it could not be, and is to be tried again."""
        return self._put(lambda outbox: outbox.put(Kind.OBSERVATION, payload_after(outbox.last_seq)), now) is not None

    def begin_epoch(self, at_least: Epoch) -> bool:
        """Go on in an epoch from `at_least` on. False: it could not be done, and is to be tried again."""

        def begin(outbox: Records) -> bool:
            outbox.begin_epoch(at_least)
            return True

        return self._try(begin, None) is not None

    def shed(self) -> None:
        """Give up crops over budget, and let the outbox look after itself. Nothing that was seen is lost when it cannot."""
        self._try(lambda outbox: outbox.shed(), None)

    def facts(self) -> LedgerFacts:
        before, now = self._closed, None if self._outbox is None else self._outbox.facts
        if now is None:
            return LedgerFacts(self._refused, before.crops_shed, before.fsync_p99_ms, before.disk_errors, before.card)
        errors, shed = before.disk_errors + now.disk_errors, before.crops_shed + now.crops_shed
        return LedgerFacts(self._refused, shed, now.fsync_p99_ms, errors, now.card)

    def close(self) -> None:
        """Let go of the outbox; the next put would open it again."""
        if self._outbox is not None:
            self._closed = self.facts()
            self._outbox.close()
            self._outbox = None

    def _put(self, work: Callable[[Records], _T], seen_since: BootNs) -> _T | None:
        done = self._try(work, seen_since)
        if done is not None:
            self.trouble = None
            reporter.state("outbox", "ok")
        return done

    def _try(self, work: Callable[[Records], _T], seen_since: BootNs | None) -> _T | None:
        try:
            if self._outbox is None:
                self._outbox = self._open()
            return work(self._outbox)
        except OutboxFull as error:
            self._fail(FULL, error, seen_since)
        except OutboxError as error:
            self._fail(FAILING, error, seen_since)
            self.close()
        return None

    def _fail(self, reason: str, error: OutboxError, seen_since: BootNs | None) -> None:
        reporter.state("outbox", reason, reason=str(error))
        if seen_since is not None:
            earlier = seen_since if self.trouble is None else min(seen_since, self.trouble.since)
            self.trouble = Trouble(reason, BootNs(earlier))
