"""Crops are given up for room in their order, each with a signed word of it, however it is interrupted."""

import errno
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client.errors import OutboxDamaged, OutboxError
from edge_client.outbox.crops import CropFolder
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.limits import Limits
from edge_client.outbox.losses import suspect
from edge_client.outbox.pen import Recorded, Sealed
from edge_client.outbox.reserve import held_bytes
from edge_client.outbox.status import list_crops, list_records, read_status
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Envelope, Kind
from shared_schema.ids import Epoch, Seq
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import FakeClock, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, put

_RESERVE = 2**20


def limited(folder: Path, clock: FakeClock, *, crops: int) -> Outbox:
    """An outbox for about so many crops of a thousand bytes."""
    return open_outbox(folder, clock, limits=Limits(max_bytes=crops * 1_100, min_free_bytes=0, reserve_bytes=_RESERVE))


def kept(folder: Path) -> list[int]:
    return [crop.seq for crop in list_crops(folder)]


def fill(folder: Path, clock: FakeClock, count: int = 10) -> None:
    outbox = open_outbox(folder, clock)
    for number in range(1, count + 1):
        put(outbox, number, crop=crop_of(number, size=900))
    outbox.close()


def test_the_oldest_crops_go_first_and_their_records_stay(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock)
    outbox = limited(tmp_path, clock, crops=7)
    assert (outbox.shed(), outbox.facts.crops_shed) == (3, 3)
    assert kept(tmp_path) == [4, 5, 6, 7, 8, 9, 10]
    assert [record.kind for record in list_records(tmp_path)] == ["sighting"] * 10 + ["crop_shed"] * 3
    assert len(list((tmp_path / "crops").iterdir())) == 7
    outbox.close()


def test_crops_of_receipted_records_go_before_older_ones_of_unsent_records(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(10)
    answer = [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.ACCEPTED) for r in leased[5:8]]
    deliveries.ack(leased, answer)
    deliveries.close()
    outbox = limited(tmp_path, clock, crops=6)
    assert outbox.shed() == 4
    assert kept(tmp_path) == [2, 3, 4, 5, 9, 10]
    outbox.close()


def test_a_crop_that_the_server_refused_is_the_last_to_go(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock, 3)
    server = ModelServer()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(1)
    deliveries.ack(leased, server.receive(leased))
    (crop,) = deliveries.lease_crops(1)
    deliveries.bury_crop(crop, code="invalid_crop", detail="")
    deliveries.close()
    outbox = limited(tmp_path, clock, crops=1)
    outbox.shed()
    assert [(one.seq, one.state) for one in list_crops(tmp_path)] == [(leased[0].seq, "parked")]
    outbox.close()


def test_put_keeps_within_the_budget_and_the_server_is_told_of_each_crop(tmp_path: Path, clock: FakeClock) -> None:
    outbox = limited(tmp_path, clock, crops=5)
    for number in range(30):
        put(outbox, number, crop=crop_of(number, size=900))
    outbox.close()
    server = ModelServer()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server.drain(deliveries)
    deliveries.close()
    all_crops = {sha256(crop_of(number, size=900)).hexdigest() for number in range(30)}
    assert set(server.crops) | {shed.crop_sha256 for shed in server.sheds} == all_crops
    assert len(server.crops) == 5
    assert len(server.payloads()) == 30


def test_too_little_free_room_makes_crops_go_and_never_records(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock)
    outbox = open_outbox(tmp_path, clock, limits=Limits(max_bytes=10**9, min_free_bytes=10**15, reserve_bytes=_RESERVE))
    assert (outbox.shed(), kept(tmp_path)) == (10, [])
    put(outbox, 11)
    assert read_status(tmp_path, clock=clock).waiting == 10 + 10 + 1
    outbox.close()


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["before the rows", "before the commit", "before the files"])
def test_shedding_that_is_interrupted_loses_no_crop_without_a_word(
    tmp_path: Path, clock: FakeClock, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, clock)
    outbox = limited(tmp_path, clock, crops=7)

    def killed(*_given: object) -> None:
        raise Killed

    tell = outbox._pen.tell_shed

    def tell_and_die(row: int, crop_sha256: str, reason: str) -> None:
        tell(row, crop_sha256, reason)
        raise Killed

    if step == "before the rows":
        monkeypatch.setattr(outbox._pen, "give_up", killed)
    elif step == "before the commit":
        monkeypatch.setattr(outbox._pen, "tell_shed", tell_and_die)
    else:
        monkeypatch.setattr(CropFolder, "remove", killed)
    with pytest.raises(Killed):
        outbox.shed()
    monkeypatch.undo()
    outbox.close()
    open_outbox(tmp_path, clock).close()
    server = ModelServer()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server.drain(deliveries)
    deliveries.close()
    told = set(server.crops) | {shed.crop_sha256 for shed in server.sheds}
    assert told == {sha256(crop_of(number, size=900)).hexdigest() for number in range(1, 11)}
    assert list((tmp_path / "crops").iterdir()) == []


def test_a_crop_file_that_is_gone_is_told_as_shed(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock, 2)
    next((tmp_path / "crops").glob("1-2-*")).write_bytes(b"something else")
    server = ModelServer()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server.drain(deliveries)
    assert read_status(tmp_path, clock=clock).crops_parked == 1
    outbox = open_outbox(tmp_path, clock)
    server.drain(deliveries)
    assert [(shed.sighting_seq, shed.reason) for shed in server.sheds] == [(2, "damaged")]
    assert (list_crops(tmp_path), list((tmp_path / "crops").iterdir())) == ((), [])
    deliveries.close()
    outbox.close()


def test_the_reserve_is_really_allocated_and_made_again(tmp_path: Path, clock: FakeClock) -> None:
    outbox = limited(tmp_path, clock, crops=5)
    found = (tmp_path / "reserve").stat()
    assert (found.st_size, found.st_blocks * 512 >= _RESERVE) == (_RESERVE, True)
    (tmp_path / "reserve").unlink()
    put(outbox, 1)
    assert held_bytes(tmp_path) == _RESERVE
    outbox.close()


def test_after_a_disk_error_the_outbox_is_dead_until_it_is_opened_anew(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox(tmp_path, clock)
    put(outbox, 1)

    def fails(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("edge_client.outbox.crops.os.fsync", fails)
        with pytest.raises(OutboxError, match="Input/output"):
            put(outbox, 2, crop=crop_of(2))
    with pytest.raises(OutboxError, match="open it anew"):
        put(outbox, 3)
    assert (outbox.facts.disk_errors, outbox.facts.card) == (1, "failing")
    outbox.close()
    outbox = open_outbox(tmp_path, clock)
    assert put(outbox, 4).seq == 2
    assert (outbox.facts.disk_errors, outbox.facts.card) == (0, "ok")
    outbox.close()


def test_what_the_courier_finds_damaged_capture_salvages(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    put(outbox, 1)
    assert outbox.shed() == 0
    suspect(tmp_path)
    with pytest.raises(OutboxDamaged):
        outbox.shed()
    outbox.close()
    outbox = open_outbox(tmp_path, clock)
    assert outbox.shed() == 0
    outbox.close()


def test_the_facts_tell_how_long_the_last_two_hundred_records_took(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox(tmp_path, clock)
    assert outbox.facts.fsync_p99_ms is None
    write = outbox._insert
    took = iter(range(300))

    def write_slowly(envelope: Envelope, sealed: Sealed) -> Recorded:
        clock.go_on(next(took) / 1000)
        return write(envelope, sealed)

    monkeypatch.setattr(outbox, "_insert", write_slowly)
    for _ in range(300):
        outbox.put(Kind.OBSERVATION, b"{}")
    assert outbox.facts.fsync_p99_ms == 297.0
    outbox.close()


def test_a_server_restored_from_an_older_backup_gets_accepted_records_again(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock, 6)
    server = ModelServer(status=Status.ACCEPTED)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server.drain(deliveries)
    assert read_status(tmp_path, clock=clock).accepted == 6
    restored = ModelServer(stored={key: envelope for key, envelope in server.stored.items() if key[1] <= 2})
    assert deliveries.resend_above(Epoch(1), Seq(2)) == 4
    assert deliveries.resend_above(Epoch(1), Seq(2)) == 0
    restored.drain(deliveries)
    assert sorted(seq for _, seq in restored.stored) == [1, 2, 3, 4, 5, 6]
    deliveries.close()


def test_a_server_that_holds_nothing_any_more_gets_all_of_them_again(tmp_path: Path, clock: FakeClock) -> None:
    fill(tmp_path, clock, 3)
    server = ModelServer(status=Status.ACCEPTED)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server.drain(deliveries)
    assert deliveries.resend_above(Epoch(0), Seq(0)) == 3
    assert read_status(tmp_path, clock=clock).waiting == 3
    deliveries.close()
