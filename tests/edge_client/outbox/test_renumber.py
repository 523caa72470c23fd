"""A card that was rolled back or cloned: every sighting reaches the server once, whichever numbers were given twice."""

import shutil
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client.outbox import renumber
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.limits import Limits
from edge_client.outbox.pen import Pen
from edge_client.outbox.status import list_records, read_status
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.ids import Epoch
from shared_schema.node import Receipt, Status
from shared_schema.sealing import PROBE, unseal
from tests.edge_client.fakes import SEAL, FakeClock, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, payload_of, put


def _drain(folder: Path, clock: FakeClock, server: ModelServer) -> None:
    deliveries = Deliveries.open(folder, clock=clock)
    server.drain(deliveries)
    deliveries.close()


def _record(outbox: Outbox, numbers: range) -> None:
    for number in numbers:
        put(outbox, number, crop=crop_of(number))


def _told_once(server: ModelServer, numbers: range) -> None:
    assert Counter(server.payloads()) == Counter(payload_of(number, crop_of(number)) for number in numbers)
    assert set(server.crops) == {sha256(crop_of(number)).hexdigest() for number in numbers}


@pytest.fixture
def rolled_back(tmp_path: Path, clock: FakeClock) -> tuple[Outbox, ModelServer]:
    """Sightings 0–9 lie in an image of the card; 0–19 were delivered; then the image was put back and saw 20–29."""
    server = ModelServer()
    outbox = open_outbox(tmp_path / "card", clock)
    _record(outbox, range(10))
    outbox.close()
    shutil.copytree(tmp_path / "card", tmp_path / "image")
    outbox = open_outbox(tmp_path / "card", clock)
    _record(outbox, range(10, 20))
    outbox.close()
    _drain(tmp_path / "card", clock, server)
    shutil.rmtree(tmp_path / "card")
    (tmp_path / "image").rename(tmp_path / "card")
    outbox = open_outbox(tmp_path / "card", clock)
    _record(outbox, range(20, 30))
    return outbox, server


def test_control_without_a_new_epoch_what_a_rolled_back_card_saw_stays_parked(
    tmp_path: Path, clock: FakeClock, rolled_back: tuple[Outbox, ModelServer]
) -> None:
    outbox, server = rolled_back
    _drain(tmp_path / "card", clock, server)
    assert len(server.payloads()) == 20
    assert {record.code for record in list_records(tmp_path / "card")} == {"conflict"}
    outbox.close()


def test_a_rolled_back_card_tells_each_sighting_once(tmp_path: Path, clock: FakeClock, rolled_back: tuple[Outbox, ModelServer]) -> None:
    outbox, server = rolled_back
    _drain(tmp_path / "card", clock, server)
    assert outbox.begin_epoch(Epoch(2)) == 2
    _record(outbox, range(30, 33))
    _drain(tmp_path / "card", clock, server)
    _told_once(server, range(33))
    assert (server.gaps, server.sheds, list_records(tmp_path / "card")) == ([], [], ())
    outbox.close()


def test_the_epoch_may_begin_before_anything_was_asked_again(
    tmp_path: Path, clock: FakeClock, rolled_back: tuple[Outbox, ModelServer]
) -> None:
    outbox, server = rolled_back
    outbox.begin_epoch(Epoch(2))
    put(outbox, 30, crop=crop_of(30))
    _drain(tmp_path / "card", clock, server)
    assert outbox.shed() == 0
    _drain(tmp_path / "card", clock, server)
    _told_once(server, range(31))
    outbox.close()


def test_a_record_whose_answer_was_lost_is_not_told_twice(tmp_path: Path, clock: FakeClock) -> None:
    server = ModelServer()
    outbox = open_outbox(tmp_path, clock)
    _record(outbox, range(4))
    deliveries = Deliveries.open(tmp_path, clock=clock)
    server.receive(deliveries.lease(4))
    deliveries.close()
    outbox.begin_epoch(Epoch(2))
    _drain(tmp_path, clock, server)
    outbox.shed()
    _drain(tmp_path, clock, server)
    _told_once(server, range(4))
    outbox.close()


def test_two_copies_of_a_card_that_see_different_people_both_tell_everything(tmp_path: Path, clock: FakeClock) -> None:
    server = ModelServer()
    open_outbox(tmp_path / "a", clock).close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copies = {name: open_outbox(tmp_path / name, clock) for name in "ab"}
    granted = 1
    for turn in range(6):
        for place, (name, outbox) in enumerate(copies.items()):
            first = 10 * turn + 5 * place
            _record(outbox, range(first, first + 5))
            _drain(tmp_path / name, clock, server)
            if any(record.code == "conflict" and record.epoch == outbox.epoch for record in list_records(tmp_path / name)):
                granted += 1
                outbox.begin_epoch(Epoch(granted))
            outbox.shed()
    for name, outbox in copies.items():
        _drain(tmp_path / name, clock, server)
        outbox.close()
    _told_once(server, range(60))


def test_a_new_number_keeps_payload_probe_crop_and_moment(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    put(outbox, 7, crop=crop_of(7))
    clock.go_on(5)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (leased,) = deliveries.lease(1)
    deliveries.ack([leased], [_conflict(leased.epoch, leased.seq, leased.sha256)])
    outbox.begin_epoch(Epoch(5))
    (again,) = deliveries.lease(1)
    assert (again.epoch, again.seq, again.item.envelope.payload) == (5, 1, payload_of(7, crop_of(7)))
    assert again.item.sealed_probe == leased.item.sealed_probe
    assert unseal(again.item.sealed_probe or b"", private_key=SEAL.private_bytes_raw(), purpose=PROBE) == (7).to_bytes(16, "little")
    assert read_status(tmp_path, clock=clock).crops_waiting == 1
    deliveries.close()
    outbox.close()


def _conflict(epoch: int, seq: int, digest: str) -> Receipt:
    return Receipt(epoch=epoch, seq=seq, sha256=digest, status=Status.REJECTED, code="conflict")


def test_a_crop_that_was_shed_before_is_told_as_shed_under_the_new_number(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    crop = crop_of(1)
    outbox.put(Kind.SIGHTING, payload_of(1, crop), crop=crop)
    outbox.close()
    outbox = open_outbox(tmp_path, clock, limits=Limits(max_bytes=0, min_free_bytes=0, reserve_bytes=2**20))
    assert outbox.shed() == 1
    deliveries = Deliveries.open(tmp_path, clock=clock)
    leased = deliveries.lease(10)
    deliveries.ack(leased[:1], [_conflict(leased[0].epoch, leased[0].seq, leased[0].sha256)])
    outbox.begin_epoch(Epoch(2))
    server = ModelServer()
    clock.go_on(100)
    server.drain(deliveries)
    assert [(shed.sighting_epoch, shed.sighting_seq) for shed in server.sheds] == [(1, 1), (2, 1)]
    deliveries.close()
    outbox.close()


def test_a_conflict_in_the_present_epoch_waits_for_a_new_one(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    put(outbox, 1)
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (leased,) = deliveries.lease(1)
    deliveries.ack([leased], [_conflict(1, 1, leased.sha256)])
    outbox.shed()
    assert [(record.epoch, record.state) for record in list_records(tmp_path)] == [(1, "parked")]
    outbox.begin_epoch(Epoch(2))
    assert [(record.epoch, record.state) for record in list_records(tmp_path)] == [(2, "waiting")]
    deliveries.close()
    outbox.close()


def test_the_same_order_twice_begins_one_epoch(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    put(outbox, 1)
    assert (outbox.begin_epoch(Epoch(4)), outbox.begin_epoch(Epoch(4)), outbox.begin_epoch(Epoch(3))) == (4, 4, 4)
    assert put(outbox, 2).seq == 1
    outbox.close()
    outbox = open_outbox(tmp_path, clock)
    assert (outbox.begin_epoch(Epoch(4)), outbox.last_seq) == (4, 1)
    outbox.close()


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["intent", "counter", "begin", "half of the records"])
def test_a_beginning_that_was_interrupted_is_taken_up_again(
    tmp_path: Path, clock: FakeClock, rolled_back: tuple[Outbox, ModelServer], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, server = rolled_back
    _drain(tmp_path / "card", clock, server)
    _kill_at(monkeypatch, step)
    with pytest.raises(Killed):
        outbox.begin_epoch(Epoch(2))
    monkeypatch.undo()
    outbox.close()
    outbox = open_outbox(tmp_path / "card", clock)
    assert outbox.begin_epoch(Epoch(2)) == 2
    outbox.close()
    _drain(tmp_path / "card", clock, server)
    _told_once(server, range(30))


def _kill_at(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def killed(*_given: object, **_named: object) -> None:
        raise Killed

    if step == "half of the records":
        monkeypatch.setattr(renumber, "_BATCH", 4)
        copy, calls = Pen.copy, []

        def copy_some(pen: Pen, *given: object, **named: object) -> int:
            calls.append(given)
            if len(calls) > 6:
                raise Killed
            return copy(pen, *given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(Pen, "copy", copy_some)
        return
    where = {"intent": "meta.put", "counter": "write_private", "begin": "begin"}[step]
    monkeypatch.setattr(f"edge_client.outbox.epochs.{where}", killed)
