from pathlib import Path

import pytest

from edge_client.errors import OutboxError, OutboxMissing
from edge_client.outbox.delivery import Deliveries, LeasedCrop
from edge_client.outbox.retry import Returned, retry_parked
from edge_client.outbox.status import list_records, read_status
from shared_schema.envelope import Kind
from shared_schema.ids import Epoch, Seq
from tests.edge_client.fakes import FakeClock, open_outbox


@pytest.fixture
def parked(tmp_path: Path, clock: FakeClock) -> Deliveries:
    """Three records with crops: the first two records are parked, and the crop of the second."""
    outbox = open_outbox(tmp_path, clock)
    for number in range(3):
        outbox.put(Kind.SIGHTING, f'{{"n":{number}}}'.encode(), crop=bytes([number]))
    outbox.close()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(10)
    for record in leased[:2]:
        deliveries.bury(record, code="unknown_kind", detail="update the server")
    deliveries.bury_crop(LeasedCrop(leased[1].id, "", 0, "", b""), code="invalid_crop", detail="")
    return deliveries


def states(folder: Path) -> list[tuple[int, str, str | None]]:
    return [(record.seq, record.state, record.code) for record in list_records(folder)]


def test_everything_parked_waits_again_without_its_past(tmp_path: Path, clock: FakeClock, parked: Deliveries) -> None:
    assert retry_parked(tmp_path, clock=clock) == Returned(records=2, crops=1)
    assert states(tmp_path) == [(1, "waiting", None), (2, "waiting", None), (3, "waiting", None)]
    assert [(record.seq, record.attempts) for record in parked.lease(10)] == [(1, 0), (2, 0)]
    assert read_status(tmp_path, clock=clock).crops_parked == 0


def test_one_record_and_its_crop_wait_again_and_the_others_stay_parked(tmp_path: Path, clock: FakeClock, parked: Deliveries) -> None:
    assert retry_parked(tmp_path, clock=clock, only=(Epoch(1), Seq(2))) == Returned(records=1, crops=1)
    assert states(tmp_path) == [(1, "parked", "unknown_kind"), (2, "waiting", None), (3, "waiting", None)]


def test_what_is_under_way_is_left_alone(tmp_path: Path, clock: FakeClock, parked: Deliveries) -> None:
    assert retry_parked(tmp_path, clock=clock, only=(Epoch(1), Seq(3))) == Returned(records=0, crops=0)
    assert parked.lease(10) == ()


def test_nothing_parked_is_nothing_to_do(tmp_path: Path, clock: FakeClock) -> None:
    open_outbox(tmp_path, clock).close()
    assert retry_parked(tmp_path, clock=clock) == Returned(records=0, crops=0)


def test_an_outbox_that_is_not_there_is_missing(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(OutboxMissing):
        retry_parked(tmp_path, clock=clock)


def test_a_number_beyond_every_outbox_is_refused(tmp_path: Path, clock: FakeClock, parked: Deliveries) -> None:
    with pytest.raises(OutboxError, match="beyond what an outbox can hold"):
        retry_parked(tmp_path, clock=clock, only=(Epoch(0), Seq(1)))
