from dataclasses import dataclass, field
from uuid import UUID

import pytest

from edge_client.capture_ledger import FAILING, FULL, Images, Ledger
from edge_client.errors import OutboxError, OutboxFull
from edge_client.outbox.store import Recorded
from shared_schema.envelope import Kind
from shared_schema.ids import BootNs, Epoch, RecordId, Seq

NOW = BootNs(9)
IMAGES = Images(b"probe", b"crop")


@dataclass
class FakeFacts:
    fsync_p99_ms: float | None = 2.0
    disk_errors: int = 0
    card: str = "ok"
    crops_shed: int = 0


@dataclass
class FakeOutbox:
    """Fails with these errors, one after the other, before it works again."""

    errors: list[OutboxError] = field(default_factory=list)
    facts: FakeFacts = field(default_factory=FakeFacts)
    epoch: Epoch = field(default_factory=lambda: Epoch(1))
    last_seq: Seq = field(default_factory=lambda: Seq(0))
    closed: bool = False
    kinds: list[Kind] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)

    def put(self, kind: Kind, payload: bytes, *, probe: bytes | None = None, crop: bytes | None = None) -> Recorded:
        self._work()
        self.kinds.append(kind)
        self.payloads.append(payload)
        self.last_seq = Seq(self.last_seq + 1)
        return Recorded(RecordId(UUID(int=self.last_seq)), self.epoch, self.last_seq, "0" * 64)

    def begin_epoch(self, at_least: Epoch, /) -> None:
        self._work()
        self.epoch = at_least

    def shed(self) -> int:
        self._work()
        return 0

    def close(self) -> None:
        self.closed = True

    def _work(self) -> None:
        assert not self.closed
        if self.errors:
            raise self.errors.pop(0)


def ledger_over(*outboxes: FakeOutbox | OutboxError) -> Ledger:
    waiting = list(outboxes)

    def open_next() -> FakeOutbox:
        found = waiting.pop(0)
        if isinstance(found, OutboxError):
            raise found
        return found

    return Ledger(open_next)


def put(ledger: Ledger, since: int = 5) -> Recorded | None:
    return ledger.put_sighting(b"{}", IMAGES, seen_since=BootNs(since))


def _is_in_trouble(ledger: Ledger) -> bool:
    return ledger.trouble is not None


def test_a_full_outbox_refuses_a_sighting_and_is_not_opened_anew() -> None:
    outbox = FakeOutbox([OutboxFull("full")])
    ledger = ledger_over(outbox)
    assert put(ledger) is None
    assert (ledger.facts().refused, outbox.closed) == (1, False)
    assert ledger.trouble is not None
    assert (ledger.trouble.reason, ledger.trouble.since) == (FULL, 5)


def test_an_outbox_that_failed_is_never_written_to_again_but_opened_anew() -> None:
    failed, fresh = FakeOutbox([OutboxError("fsync")]), FakeOutbox()
    ledger = ledger_over(failed, fresh)
    assert put(ledger) is None
    assert failed.closed
    assert ledger.trouble is not None
    assert ledger.trouble.reason == FAILING
    assert put(ledger) is not None
    assert fresh.kinds == [Kind.SIGHTING]
    assert not _is_in_trouble(ledger)


def test_the_sighting_that_failed_is_not_put_twice() -> None:
    fresh = FakeOutbox()
    ledger = ledger_over(FakeOutbox([OutboxError("commit")]), fresh)
    put(ledger)
    assert ledger.put_observation(lambda seq: b"%d" % seq, now=NOW)
    assert fresh.kinds == [Kind.OBSERVATION]


def test_an_outbox_that_cannot_be_opened_anew_is_tried_again_with_the_next_record() -> None:
    ledger = ledger_over(FakeOutbox([OutboxError("fsync")]), OutboxError("read-only"), OutboxError("read-only"), FakeOutbox())
    assert [put(ledger, since) is None for since in (5, 6, 7, 8)] == [True, True, True, False]
    assert ledger.facts().refused == 3


def test_blindness_begins_with_the_first_sighting_that_was_lost() -> None:
    ledger = ledger_over(FakeOutbox([OutboxFull("full")] * 2))
    put(ledger, since=5)
    put(ledger, since=7)
    assert ledger.trouble is not None
    assert ledger.trouble.since == 5


def test_an_observation_is_told_the_last_seq_and_is_no_refused_pass() -> None:
    outbox = FakeOutbox([OutboxFull("full")], last_seq=Seq(41))
    ledger = ledger_over(outbox)
    assert not ledger.put_observation(lambda seq: b"after %d" % seq, now=NOW)
    assert ledger.put_observation(lambda seq: b"after %d" % seq, now=NOW)
    assert (outbox.payloads, ledger.facts().refused) == ([b"after 41"], 0)


def test_giving_up_crops_does_not_end_the_trouble_only_a_record_does() -> None:
    ledger = ledger_over(FakeOutbox([OutboxFull("full")]))
    put(ledger)
    ledger.shed()
    assert _is_in_trouble(ledger)
    put(ledger)
    assert not _is_in_trouble(ledger)


def test_an_outbox_that_is_found_damaged_while_it_looks_after_itself_is_opened_anew_and_nothing_is_lost() -> None:
    damaged, fresh = FakeOutbox([OutboxError("damaged")]), FakeOutbox()
    ledger = ledger_over(damaged, fresh)
    ledger.shed()
    assert (damaged.closed, ledger.trouble) == (True, None)
    assert put(ledger) is not None


def test_an_order_that_cannot_be_obeyed_now_is_obeyed_later() -> None:
    fresh = FakeOutbox()
    ledger = ledger_over(FakeOutbox([OutboxError("fsync")]), fresh)
    assert [ledger.begin_epoch(Epoch(7)) for _ in range(2)] == [False, True]
    assert fresh.epoch == 7


def test_facts_are_counted_over_every_time_that_the_outbox_was_opened() -> None:
    first = FakeOutbox([OutboxError("fsync")], FakeFacts(disk_errors=2, crops_shed=3, card="failing"))
    ledger = ledger_over(first, FakeOutbox(facts=FakeFacts(disk_errors=1, crops_shed=4, fsync_p99_ms=5.0)))
    put(ledger)
    said = ledger.facts()
    assert (said.disk_errors, said.crops_shed, said.card, said.refused) == (2, 3, "failing", 1)
    put(ledger)
    said = ledger.facts()
    assert (said.disk_errors, said.crops_shed, said.card, said.fsync_p99_ms) == (3, 7, "ok", 5.0)


def test_an_outbox_that_cannot_be_opened_at_the_start_is_for_whoever_starts_the_process() -> None:
    with pytest.raises(OutboxError):
        ledger_over(OutboxError("another node's"))
