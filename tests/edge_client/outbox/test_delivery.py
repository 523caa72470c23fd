from pathlib import Path

import pytest

from edge_client.errors import OutboxDamaged
from edge_client.outbox.delivery import Deliveries, LeasedRecord
from edge_client.outbox.leases import LEASE_NS, REASK_NS
from edge_client.outbox.status import read_status
from shared_schema.envelope import Kind
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import FakeClock, open_outbox


def _fill(folder: Path, clock: FakeClock, count: int, *, crop: bytes | None = None) -> None:
    outbox = open_outbox(folder, clock)
    for number in range(count):
        outbox.put(Kind.SIGHTING, f'{{"n":{number}}}'.encode(), crop=crop)
    outbox.close()


def _receipt(leased: LeasedRecord, status: Status = Status.ARCHIVED, *, sha256: str | None = None) -> Receipt:
    return Receipt(epoch=leased.epoch, seq=leased.seq, sha256=sha256 or leased.sha256, status=status, code="why")


def test_a_leased_record_is_not_leased_again_until_its_deadline(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 2)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert len(deliveries.lease(10)) == 2
    assert deliveries.lease(10) == ()
    clock.now += LEASE_NS
    again = deliveries.lease(10)
    assert [leased.attempts for leased in again] == [1, 1]
    deliveries.close()


def test_a_lease_of_an_earlier_boot_is_over(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert deliveries.lease(1)
    deliveries.close()
    rebooted = FakeClock(boot=2, boot_ns=5)
    deliveries = Deliveries.open(tmp_path, clock=rebooted)
    assert len(deliveries.lease(1)) == 1
    deliveries.close()


def test_the_newest_go_first_and_the_backlog_gets_its_share(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 20)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert [leased.seq for leased in deliveries.lease(8)] == [1, 2, 15, 16, 17, 18, 19, 20]
    assert [leased.seq for leased in deliveries.lease(100)] == list(range(3, 15))
    deliveries.close()


def test_a_lone_place_goes_to_the_newest(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 3)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert [leased.seq for leased in deliveries.lease(1)] == [3]
    deliveries.close()


def test_only_a_receipt_for_this_very_record_removes_it(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 3)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    first, second, third = deliveries.lease(3)
    silent = deliveries.ack((first, second, third), [_receipt(first), _receipt(first), _receipt(second, sha256="0" * 64)])
    assert silent == (second, third)
    assert read_status(tmp_path, clock=clock).waiting == 2
    deliveries.close()


def test_an_accepted_record_is_kept_and_asked_about_again(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (leased,) = deliveries.lease(1)
    deliveries.ack([leased], [_receipt(leased, Status.ACCEPTED)])
    assert read_status(tmp_path, clock=clock).accepted == 1
    assert deliveries.lease(1) == ()
    clock.now += REASK_NS
    (again,) = deliveries.lease(1)
    deliveries.ack([again], [_receipt(again)])
    assert read_status(tmp_path, clock=clock).accepted == 0
    deliveries.close()


def test_a_rejected_record_is_parked_visibly_and_kept(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 2)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    first, second = deliveries.lease(2)
    deliveries.ack([first], [_receipt(first, Status.REJECTED)])
    deliveries.bury(second, code="too_old", detail="nobody wants it")
    clock.now += LEASE_NS + REASK_NS
    assert deliveries.lease(2) == ()
    assert read_status(tmp_path, clock=clock).parked == 2
    deliveries.close()


def test_a_record_given_back_is_due_again_after_its_delay(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    deliveries.retry_later([(leased, 30.0) for leased in deliveries.lease(1)])
    clock.go_on(29)
    assert deliveries.lease(1) == ()
    clock.go_on(1)
    assert len(deliveries.lease(1)) == 1
    deliveries.close()


def test_seqs_of_removed_records_are_not_given_again(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 3)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(3)
    deliveries.ack(leased, [_receipt(record) for record in leased])
    deliveries.close()
    outbox = open_outbox(tmp_path, clock)
    assert outbox.put(Kind.SIGHTING, b"{}").seq == 4
    outbox.close()


def test_a_crop_goes_after_its_record_and_its_file_goes_after_its_receipt(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1, crop=b"jpeg")
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert deliveries.lease_crops(5) == ()
    (leased,) = deliveries.lease(1)
    deliveries.ack([leased], [_receipt(leased, Status.ACCEPTED)])
    (crop,) = deliveries.lease_crops(5)
    assert len(list((tmp_path / "crops").iterdir())) == 1
    deliveries.ack_crops([crop])
    assert list((tmp_path / "crops").iterdir()) == []
    assert read_status(tmp_path, clock=clock).accepted == 1
    deliveries.close()


def test_two_sightings_with_the_same_image_each_have_their_file(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 2, crop=b"the same jpeg")
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(2)
    deliveries.ack(leased, [_receipt(record) for record in leased])
    first, second = deliveries.lease_crops(5)
    deliveries.ack_crops([first])
    assert first.sha256 == second.sha256
    assert len(list((tmp_path / "crops").iterdir())) == 1
    deliveries.close()


def test_a_changed_crop_file_is_parked_and_never_sent(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1, crop=b"jpeg")
    (file,) = (tmp_path / "crops").iterdir()
    file.write_bytes(b"something else")
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(1)
    deliveries.ack(leased, [_receipt(record) for record in leased])
    assert deliveries.lease_crops(5) == ()
    assert read_status(tmp_path, clock=clock).crops_parked == 1
    deliveries.close()


def test_a_crop_of_a_parked_record_waits_for_nothing(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1, crop=b"jpeg")
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (leased,) = deliveries.lease(1)
    deliveries.bury(leased, code="invalid_payload", detail="no")
    status = read_status(tmp_path, clock=clock)
    assert (status.crops_waiting, status.crops_parked, status.is_drained) == (0, 1, True)
    deliveries.close()


def test_a_database_that_was_set_aside_is_no_longer_written_to(tmp_path: Path, clock: FakeClock) -> None:
    _fill(tmp_path, clock, 1)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (tmp_path / "outbox.db").rename(tmp_path / "damaged-0001.db")
    with pytest.raises(OutboxDamaged, match="open it again"):
        deliveries.lease(1)
    deliveries.close()
