"""What the server will not have, or the node can no longer read, is parked where people see it, and never blocks the rest."""

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client import courier
from edge_client.clock import SystemClock
from edge_client.config import NodeConfig
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.node_token import NodeToken, TokenFile
from edge_client.outbox.schema import DATABASE
from edge_client.outbox.status import list_crops, list_records
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from tests.edge_client.fakes import an_identity
from tests.faults.archive import Archive
from tests.faults.jobs import LIMITS, sighting

_SIGHTINGS = 30
_REFUSED = {1, 9, 30}
_UGLY = 12
_UNREADABLE = 20


def image(number: int) -> bytes:
    return b"\xff\xd8" + bytes([number]) * 300


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A server that refuses three records and a crop."""
    KeyFolder(tmp_path / "state").ensure()
    archive = Archive(
        poison=frozenset(_REFUSED),
        ugly=frozenset({sha256(image(_UGLY)).hexdigest()}),
        public_key=KeyFolder(tmp_path / "state").public_key(),
    )
    server = archive.start()
    IdentityFolder(tmp_path / "state").save(an_identity(server=server.url))
    TokenFile(tmp_path / "state").save(NodeToken(token="bearer-of-the-test"))
    yield archive
    server.shutdown()
    server.server_close()


def open_outbox(state: Path) -> Outbox:
    identity, signer = IdentityFolder(state).load(), KeyFolder(state).signer()
    return Outbox.open(state / "outbox", identity=identity, signer=signer, clock=SystemClock(), limits=LIMITS)


def record(state: Path) -> None:
    outbox = open_outbox(state)
    for number in range(1, _SIGHTINGS + 1):
        outbox.put(Kind.SIGHTING, sighting(number, crop=image(number), probe=b"p"), probe=b"p", crop=image(number))
    outbox.close()


def deliver(state: Path) -> None:
    process = courier.build(NodeConfig.load(state.parent / "node.toml"), courier.Surroundings(clock=SystemClock(), wait=lambda _: False))
    process.run(once=True)
    process.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "node.toml").write_text('state = "state"\n[camera]\nkind = "replay"\nsource = "clip.mp4"\n', encoding="utf-8")
    return tmp_path / "state"


def test_what_is_refused_or_unreadable_is_parked_visibly_and_blocks_nobody(state: Path, archive: Archive) -> None:
    record(state)
    with sqlite3.connect(state / "outbox" / DATABASE) as connection:
        connection.execute("UPDATE records SET payload = x'00' WHERE seq = ?", (_UNREADABLE,))
    connection.close()
    deliver(state)
    parked = {one.seq: one.code for one in list_records(state / "outbox", parked=True)}
    assert {seq for seq, code in parked.items() if code == "invalid_payload"} == _REFUSED
    assert set(parked) == {*_REFUSED, _UNREADABLE}
    delivered = {seq for _, seq in archive.held}
    assert delivered == set(range(1, _SIGHTINGS + 1)) - set(parked)
    assert [one.code for one in list_crops(state / "outbox", parked=True) if one.sha256 == sha256(image(_UGLY)).hexdigest()] == [
        "invalid_crop"
    ]
    assert len(archive.images) == len(delivered) - 1


def test_what_is_recorded_after_poison_arrives_and_the_unreadable_row_is_reported_lost(state: Path, archive: Archive) -> None:
    record(state)
    with sqlite3.connect(state / "outbox" / DATABASE) as connection:
        connection.execute("UPDATE records SET payload = x'00' WHERE seq = ?", (_UNREADABLE,))
    connection.close()
    deliver(state)
    outbox = open_outbox(state)
    assert [(loss.from_seq, loss.to_seq) for loss in outbox.losses] == [(_UNREADABLE, _UNREADABLE)]
    later = outbox.put(Kind.OBSERVATION, b"{}")
    outbox.close()
    deliver(state)
    assert (later.epoch, later.seq) in archive.held
    assert [one.kind for one in archive.held.values()].count("gap") == 1


def test_control_a_server_that_takes_everything_leaves_nothing_parked(state: Path, archive: Archive) -> None:
    archive.poison, archive.ugly = frozenset(), frozenset()
    record(state)
    deliver(state)
    assert list_records(state / "outbox") == ()
    assert len(archive.held) == len(archive.images) == _SIGHTINGS
