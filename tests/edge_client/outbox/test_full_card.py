"""A card that is really full: a small file system of its own in memory, filled to the last byte."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge_client.errors import OutboxFull
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.limits import Limits
from edge_client.outbox.reserve import free_bytes, held_bytes
from edge_client.outbox.status import list_records, read_status
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.node import Status
from tests.edge_client.fakes import FakeClock, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, payload_of, put

_SIZE = "20m"
_CROP_BYTES = 100_000
_MOST = 5_000
LIMITS = Limits(max_bytes=10**9, min_free_bytes=0, reserve_bytes=6 * 2**20)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB. Its outbox lies in `outbox`, whatever else fills it in `other`."""
    folder = tmp_path / "card"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder], check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    ctypes.CDLL(None).umount2(os.fsencode(folder), 2)


def _fill(card: Path) -> None:
    """To the last byte."""
    with (card / "other").open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert free_bytes(card) == 0


def _leave(card: Path, size_bytes: int) -> None:
    """So much of it is free."""
    with (card / "another").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes(card) - size_bytes)


def _put(outbox: Outbox, number: int, crop: bytes | None) -> None:
    outbox.put(Kind.SIGHTING, payload_of(number, crop), probe=bytes(40_000), crop=crop)


def _put_until_refused(outbox: Outbox, first: int, *, with_crops: bool = True) -> int:
    """The number after the last sighting that was recorded."""
    for number in range(first, first + _MOST):
        try:
            _put(outbox, number, crop_of(number, size=_CROP_BYTES) if with_crops else None)
        except OutboxFull:
            return number
    pytest.fail("the card never became full")


def _drain(card: Path, clock: FakeClock, status: Status = Status.ARCHIVED) -> ModelServer:
    server = ModelServer(status=status)
    deliveries = Deliveries.open(card / "outbox", clock=clock)
    server.drain(deliveries)
    deliveries.close()
    return server


def test_crops_go_before_records_and_each_says_so(card: Path, clock: FakeClock) -> None:
    _leave(card, 10_000_000)
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    last = _put_until_refused(outbox, 0)
    assert outbox.facts.crops_shed > 20
    assert (outbox.facts.refused, outbox.facts.card) == (1, "full")
    outbox.close()
    clock.go_on(1)
    server = _drain(card, clock)
    assert len(server.payloads()) == last
    assert len(server.crops) + len({shed.crop_sha256 for shed in server.sheds}) == last
    assert server.gaps == []


def test_a_refused_record_leaves_nothing_behind(card: Path, clock: FakeClock) -> None:
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    put(outbox, 0, crop=crop_of(0))
    _fill(card)
    _put_until_refused(outbox, 1)
    before = (list_records(card / "outbox"), sorted((card / "outbox" / "crops").iterdir()), outbox.last_seq)
    for number in range(1000, 1003):
        with pytest.raises(OutboxFull):
            _put(outbox, number, crop_of(number))
    assert (list_records(card / "outbox"), sorted((card / "outbox" / "crops").iterdir()), outbox.last_seq) == before
    assert outbox.facts.refused == 4
    outbox.close()


def test_receipts_work_at_no_byte_free_and_make_room_again(card: Path, clock: FakeClock) -> None:
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    last = _put_until_refused(outbox, 0, with_crops=False)
    _fill(card)
    server = _drain(card, clock)
    assert len(server.payloads()) == last
    assert read_status(card / "outbox", clock=clock).waiting == 0
    (card / "other").unlink()
    put(outbox, last)
    assert held_bytes(card / "outbox") == LIMITS.reserve_bytes
    assert outbox.facts.card == "ok"
    outbox.close()


def test_control_without_the_reserve_a_full_card_takes_no_receipt(card: Path, clock: FakeClock) -> None:
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    for number in range(300):
        put(outbox, number)
    (card / "outbox" / "reserve").unlink()
    outbox._tidy()
    _fill(card)
    with pytest.raises(OutboxFull):
        _drain(card, clock)
    outbox.close()


def test_new_records_never_take_the_reserve(card: Path, clock: FakeClock) -> None:
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    _put_until_refused(outbox, 0, with_crops=False)
    assert held_bytes(card / "outbox") == LIMITS.reserve_bytes
    (card / "outbox" / "reserve").unlink()
    _fill(card)
    _put_until_refused(outbox, 10**6, with_crops=False)
    outbox.close()


def test_accepted_records_are_forgotten_for_room_and_unsent_ones_are_not(card: Path, clock: FakeClock) -> None:
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    for number in range(500):
        put(outbox, number)
    server = _drain(card, clock, Status.ACCEPTED)
    last = _put_until_refused(outbox, 500, with_crops=False)
    status = read_status(card / "outbox", clock=clock)
    assert status.accepted < 500
    assert status.waiting == last - 500
    assert len(server.payloads()) == 500
    outbox.close()


def test_a_node_that_restarts_at_no_byte_free_opens_and_delivers(card: Path, clock: FakeClock) -> None:
    _leave(card, 10_000_000)
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    last = _put_until_refused(outbox, 0)
    outbox.close()
    _fill(card)
    outbox = open_outbox(card / "outbox", FakeClock(boot=2), limits=LIMITS)
    server = _drain(card, FakeClock(boot=2))
    assert len(server.payloads()) == last
    outbox.close()


def test_a_crop_for_which_there_is_no_room_leaves_its_sighting_and_a_word(card: Path, clock: FakeClock) -> None:
    outbox = open_outbox(card / "outbox", clock, limits=LIMITS)
    outbox.put(Kind.OBSERVATION, b"{}")
    _leave(card, 200_000)
    crop = crop_of(1, size=400_000)
    put(outbox, 1, crop=crop)
    assert [record.kind for record in list_records(card / "outbox")] == ["observation", "sighting", "crop_shed"]
    assert list((card / "outbox" / "crops").iterdir()) == []
    outbox.close()
