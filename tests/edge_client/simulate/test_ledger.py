import pytest

from edge_client.outbox.store import Recorded
from edge_client.server_api import Call
from edge_client.simulate.ledger import Latencies, Ledger
from shared_schema.envelope import Kind
from shared_schema.ids import Epoch, NodeId, Seq, record_id
from shared_schema.node import BatchReceipt, Receipt, Status
from shared_schema.sighting import Crop
from tests.edge_client.fakes import NODE


def digest(seq: int) -> str:
    return f"{seq:064x}"


def recorded(seq: int) -> Recorded:
    return Recorded(record_id(NodeId(NODE), Epoch(1), Seq(seq)), Epoch(1), Seq(seq), digest(seq))


def answer(*seqs: int, status: Status = Status.ARCHIVED, code: str | None = None, sha256: str | None = None) -> Call:
    receipts = tuple(Receipt(epoch=1, seq=seq, sha256=sha256 or digest(seq), status=status, code=code) for seq in seqs)
    return Call("POST", "records", 200, 0.1, BatchReceipt(receipts=receipts).model_dump_json().encode())


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    for seq in (1, 2, 3):
        ledger.note(Kind.SIGHTING, recorded(seq), None)
    return ledger


def test_archived_is_done_and_accepted_is_not(ledger: Ledger) -> None:
    ledger.observe(answer(1, 2))
    ledger.observe(answer(3, status=Status.ACCEPTED))
    assert (ledger.waiting, ledger.end().archived, set(ledger.pending())) == (1, 2, {(1, 3)})


def test_a_receipt_for_another_hash_is_none(ledger: Ledger) -> None:
    ledger.observe(answer(1, sha256=digest(9)))
    assert (ledger.waiting, ledger.end().archived) == (3, 0)


def test_a_conflict_is_counted_apart(ledger: Ledger) -> None:
    ledger.observe(answer(1, status=Status.REJECTED, code="conflict"))
    ledger.observe(answer(2, status=Status.REJECTED, code="invalid_payload"))
    counts = ledger.end()
    assert (counts.parked, counts.conflicts, ledger.waiting) == (2, 1, 1)


def test_a_second_receipt_is_no_second_record(ledger: Ledger) -> None:
    ledger.observe(answer(1))
    ledger.observe(answer(1))
    counts = ledger.end()
    assert (counts.archived, counts.sent_again, counts.phantoms) == (1, 1, 0)


def test_a_receipt_may_be_quicker_than_the_note(ledger: Ledger) -> None:
    ledger.observe(answer(4))
    ledger.note(Kind.SIGHTING, recorded(4), None)
    counts = ledger.end()
    assert (counts.archived, counts.phantoms) == (1, 0)


def test_control_a_receipt_for_what_nobody_recorded_is_a_phantom(ledger: Ledger) -> None:
    ledger.observe(answer(99))
    assert ledger.end().phantoms == 1


def test_answers_that_are_no_receipts_count_for_nothing(ledger: Ledger) -> None:
    for call in (
        Call("POST", "records", 200, 0.1, b"<html>"),
        Call("POST", "records", 503, 0.1, answer(1).answer),
        Call("POST", "records", None, 20.0, b""),
    ):
        ledger.observe(call)
    assert ledger.waiting == 3
    assert ledger.statuses["records"] == {"200": 1, "503": 1, "none": 1}


def test_a_crop_is_stored_once_however_often_it_is_sent(ledger: Ledger) -> None:
    ledger.note(Kind.SIGHTING, recorded(4), Crop(sha256=digest(77), size_bytes=10))
    for status in (503, 204, 204):
        ledger.observe(Call("PUT", f"crops/{digest(77)}", status, 0.1, b""))
    counts = ledger.end()
    assert (counts.crops_recorded, counts.crops_stored, counts.crops_sent_again) == (1, 1, 1)


def test_the_backlog_has_a_milestone_for_every_twentieth() -> None:
    ledger = Ledger()
    ledger.begin((1, seq, digest(seq)) for seq in range(1, 41))
    ledger.observe(answer(*range(1, 21)))
    assert (ledger.backlog, len(ledger.milestones)) == (40, 10)
    ledger.observe(answer(*range(21, 41)))
    assert len(ledger.milestones) == 20


def test_quantiles_are_right_within_five_per_cent() -> None:
    latencies, other = Latencies(), Latencies()
    for number in range(1, 501):
        latencies.add(number / 1000)
        other.add((number + 500) / 1000)
    latencies.join(other)
    assert latencies.count == 1000
    assert latencies.quantile_s(0.5) == pytest.approx(0.5, rel=0.05)
    assert latencies.quantile_s(0.99) == pytest.approx(0.99, rel=0.05)
    assert Latencies().quantile_s(0.5) == 0
