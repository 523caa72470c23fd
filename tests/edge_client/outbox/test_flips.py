"""A byte changed anywhere in the database is found or harmless: no record and no crop is changed, dropped or invented in silence."""

import random
import shutil
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client.outbox.delivery import Deliveries
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import FakeClock, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, payload_of, put

FLIPS = 40
ALL_FLIPS = 200
SIGHTINGS = 40


@dataclass(frozen=True)
class Written:
    """An outbox in every state there is, closed, and what the server already had of it."""

    folder: Path
    emitted: dict[tuple[int, int], bytes]
    crops: set[str]
    server: ModelServer


@pytest.fixture(scope="module")
def written(memory: Path) -> Written:
    folder = memory / "written"
    clock = FakeClock()
    outbox = open_outbox(folder, clock)
    recorded = [put(outbox, number, crop=crop_of(number) if number % 2 else None) for number in range(SIGHTINGS)]
    outbox.close()
    server = ModelServer()
    deliveries = Deliveries.open(folder, clock=clock)
    leased = deliveries.lease(12)
    deliveries.ack(leased[:6], server.receive(leased[:6]))
    server.status = Status.ACCEPTED
    deliveries.ack(leased[6:10], server.receive(leased[6:10]))
    server.status = Status.ARCHIVED
    refused = [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.REJECTED, code="unknown_kind") for r in leased[10:]]
    deliveries.ack(leased[10:], refused)
    crops = deliveries.lease_crops(2)
    deliveries.bury_crop(crops[0], code="invalid_crop", detail="")
    deliveries.close()
    emitted = {(int(one.epoch), int(one.seq)): payload_of(number, _crop(number)) for number, one in enumerate(recorded)}
    return Written(folder, emitted, {sha256(crop_of(number)).hexdigest() for number in range(1, SIGHTINGS, 2)}, server)


def _crop(number: int) -> bytes | None:
    return crop_of(number) if number % 2 else None


def drained(written: Written, folder: Path) -> tuple[ModelServer, set[tuple[int, int]], set[str]]:
    """What the server has after everything was opened, sent and, where parked, sent again; and what lies parked for people."""
    server = ModelServer(stored=dict(written.server.stored))
    for boot in (2, 3):
        clock = FakeClock(boot=boot)
        open_outbox(folder, clock).close()
        deliveries = Deliveries.open(folder, clock=clock)
        server.drain(deliveries)
        deliveries.close()
    connection = sqlite3.connect(folder / "outbox.db")
    parked = {(row >> 40, row & (2**40 - 1)) for (row,) in connection.execute("SELECT id FROM parked")}
    crops = {sha for (sha,) in connection.execute("SELECT sha256 FROM crops")}
    connection.close()
    return server, parked, crops


def wrongs(written: Written, server: ModelServer, parked: set[tuple[int, int]], crops: set[str]) -> list[str]:
    """What is not as it should be, however the damage was."""
    payloads = server.payloads()
    changed = [
        number for number, payload in written.emitted.items() if number in server.stored and server.stored[number].payload != payload
    ]
    phantoms = set(payloads) - set(written.emitted.values())
    lost = [number for number in server.unaccounted(written.emitted) if number not in parked]
    forgotten = [crop for crop in written.crops if crop not in server.crops and crop not in crops and not server.says_shed(crop)]
    return [
        *(f"changed {number}" for number in changed),
        *(f"phantom {payload!r}" for payload in phantoms),
        *(f"lost {number}" for number in lost),
        *(f"forgotten crop {crop}" for crop in forgotten),
        *(f"twice {payload!r}" for payload in {p for p in payloads if payloads.count(p) > 1}),
    ]


def flipped(written: Written, folder: Path, position: int, bit: int) -> None:
    shutil.copytree(written.folder, folder)
    content = bytearray((folder / "outbox.db").read_bytes())
    content[position] ^= 1 << bit
    (folder / "outbox.db").write_bytes(content)


def found_after(written: Written, folder: Path, flips: int, *, seed: int) -> dict[tuple[int, int], list[str]]:
    """What was wrong after each of so many flips, one at a time, by position and bit."""
    choose = random.Random(seed)  # noqa: S311
    size = (written.folder / "outbox.db").stat().st_size
    bad = {}
    for _ in range(flips):
        position, bit = choose.randrange(size), choose.randrange(8)
        flipped(written, folder / "flipped", position, bit)
        if found := wrongs(written, *drained(written, folder / "flipped")):
            bad[position, bit] = found
        shutil.rmtree(folder / "flipped")
    return bad


def test_control_an_undamaged_outbox_brings_everything_over(written: Written, tmp_path: Path) -> None:
    shutil.copytree(written.folder, tmp_path / "outbox")
    server, parked, crops = drained(written, tmp_path / "outbox")
    assert wrongs(written, server, parked, crops) == []
    assert (len(parked), len(crops), server.gaps, server.sheds) == (2, 2, [], [])


def test_control_a_crop_and_a_record_that_are_taken_away_are_missed(written: Written, tmp_path: Path) -> None:
    shutil.copytree(written.folder, tmp_path / "outbox")
    server, parked, crops = drained(written, tmp_path / "outbox")
    del server.stored[1, 20], server.crops[sha256(crop_of(1)).hexdigest()]
    assert wrongs(written, server, parked, crops) == ["lost (1, 20)", f"forgotten crop {sha256(crop_of(1)).hexdigest()}"]


@pytest.mark.parametrize("position", [3, 18, 30, 57, 63, 100, 101, 2_018, 2_077, 3_308, 3_360])
def test_a_first_page_that_is_damaged_costs_no_record(written: Written, tmp_path: Path, position: int) -> None:
    """It says where the tables are."""
    flipped(written, tmp_path / "outbox", position, 2)
    server, parked, crops = drained(written, tmp_path / "outbox")
    assert wrongs(written, server, parked, crops) == []
    assert server.gaps == []


def test_a_version_below_any_costs_no_record(written: Written, tmp_path: Path) -> None:
    flipped(written, tmp_path / "outbox", 60, 7)
    server, parked, crops = drained(written, tmp_path / "outbox")
    assert (wrongs(written, server, parked, crops), server.gaps) == ([], [])


@pytest.mark.parametrize("of_version", [60, 63])
def test_a_first_page_that_is_damaged_in_its_version_and_its_tables_costs_no_record(
    written: Written, tmp_path: Path, of_version: int
) -> None:
    flipped(written, tmp_path / "outbox", of_version, 2)
    page = bytearray((tmp_path / "outbox" / "outbox.db").read_bytes())
    page[2_176] ^= 1
    (tmp_path / "outbox" / "outbox.db").write_bytes(page)
    server, parked, crops = drained(written, tmp_path / "outbox")
    assert (wrongs(written, server, parked, crops), server.gaps) == ([], [])


def test_control_without_its_copy_a_damaged_first_page_costs_every_record(written: Written, tmp_path: Path) -> None:
    flipped(written, tmp_path / "outbox", 100, 2)
    (tmp_path / "outbox" / "first_page").unlink()
    server, parked, crops = drained(written, tmp_path / "outbox")
    assert wrongs(written, server, parked, crops) == []
    assert server.gaps != []


def test_no_flipped_byte_is_silent(written: Written, memory: Path) -> None:
    assert found_after(written, memory, FLIPS, seed=20261121) == {}


@pytest.mark.slow
def test_no_flipped_byte_of_two_hundred_is_silent(written: Written, memory: Path) -> None:
    assert found_after(written, memory, ALL_FLIPS, seed=1) == {}
