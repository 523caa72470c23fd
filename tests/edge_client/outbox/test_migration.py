"""An outbox of version 1 becomes one of version 2, whenever the power fails meanwhile; and a newer one is not touched."""

import os
import shutil
import sqlite3
from functools import partial
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import pytest

from edge_client.errors import OutboxError, OutboxMissing
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.migrations import MIGRATIONS, VERSION
from edge_client.outbox.rows import RecordRow
from edge_client.outbox.schema import connect
from edge_client.outbox.settled import every
from edge_client.outbox.status import list_records, read_status
from shared_schema.envelope import Envelope, Kind
from shared_schema.ids import Epoch, Seq
from shared_schema.sealing import CROP, PROBE, seal
from tests.edge_client.fakes import NODE, SEAL, SIGNER, FakeClock, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, payload_of

_KILLED = 77
_KEY = SEAL.public_key().public_bytes_raw()
_DELIVERED = {1, 2, 4, 9}
_ACCEPTED, _PARKED, _LEASED = 3, 5, 6
_CROPS = {2, 3, 5, 7}
"""Of ten sightings. 9 is the highest delivered and 8 the highest that is left; 10 was delivered too and its crop as well."""


def _record(seq: int) -> RecordRow:
    envelope = Envelope.seal(payload_of(seq, _crop(seq)), node=NODE, epoch=Epoch(1), seq=Seq(seq), kind=Kind.SIGHTING, signer=SIGNER)
    return RecordRow(
        epoch=Epoch(1),
        seq=Seq(seq),
        protocol=envelope.protocol,
        kind=envelope.kind,
        payload=envelope.payload,
        sha256=envelope.sha256,
        signature=envelope.signature,
        sealed_probe=seal(b"probe", public_key=_KEY, purpose=PROBE),
        boot_id=FakeClock().boot_id,
        put_boot_ns=seq,
    )


def _crop(seq: int) -> bytes | None:
    return crop_of(seq) if seq in _CROPS else None


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of an outbox as version 1 left it, with rows in every state that it knew."""
    folder = tmp_path / "outbox"
    (folder / "crops").mkdir(parents=True)
    (folder / "last_epoch").write_text("1")
    connection = sqlite3.connect(folder / "outbox.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version=1")
    connection.executemany("INSERT INTO meta VALUES (?, ?)", (("epoch", "1"), ("node", str(NODE)), ("floor_seq", "10")))
    for seq in sorted(set(range(1, 9)) - _DELIVERED):
        _record(seq).insert(connection)
    base = 1 << 40
    connection.execute(f"INSERT INTO deliveries (id, state, attempts) VALUES ({base + _ACCEPTED}, 'accepted', 1)")  # noqa: S608
    connection.execute(f"INSERT INTO deliveries (id, state, code, detail) VALUES ({base + _PARKED}, 'parked', 'too_new', 'wait')")  # noqa: S608
    connection.execute(f"INSERT INTO deliveries (id, attempts, boot_id, lease_until_ns) VALUES ({base + _LEASED}, 2, 'x', 99)")  # noqa: S608
    for seq in _CROPS:
        sealed = seal(crop_of(seq), public_key=_KEY, purpose=CROP)
        digest = sha256(crop_of(seq)).hexdigest()
        name = f"{digest}.0123abcd.sealed"
        (folder / "crops" / name).write_bytes(sealed)
        row = (base + seq, digest, name, sha256(sealed).hexdigest(), len(sealed))
        connection.execute("INSERT INTO crops VALUES (?, ?, ?, ?, ?)", row)
    connection.close()
    return folder


def _require_everything(folder: Path, clock: FakeClock) -> None:
    outbox = open_outbox(folder, clock)
    assert (outbox.epoch, outbox.last_seq, outbox.losses, outbox.facts.disk_errors) == (1, 10, (), 0)
    outbox.close()
    assert [(r.seq, r.state, r.code) for r in list_records(folder)] == [
        (3, "accepted", None),
        (5, "parked", "too_new"),
        (6, "waiting", None),
        (7, "waiting", None),
        (8, "waiting", None),
    ]
    status = read_status(folder, clock=clock)
    assert (status.crops_waiting, status.crops_parked) == (3, 1)
    server = ModelServer()
    deliveries = Deliveries.open(folder, clock=clock)
    server.drain(deliveries)
    deliveries.close()
    assert sorted(seq for _, seq in server.stored) == [3, 6, 7, 8]
    assert set(server.crops) == {sha256(crop_of(seq)).hexdigest() for seq in (2, 3, 7)}
    connection = connect(folder / "outbox.db")
    assert [(first % 2**40, last % 2**40) for first, last in every(connection)] == [(1, 4), (6, 10)]
    connection.close()


def test_an_outbox_of_version_1_goes_on_as_one_of_version_2(old: Path, clock: FakeClock) -> None:
    _require_everything(old, clock)


def test_one_that_never_held_anything_goes_over_too(old: Path, clock: FakeClock) -> None:
    connection = sqlite3.connect(old / "outbox.db")
    for table in ("records", "deliveries", "crops"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.execute("UPDATE meta SET value = '0' WHERE name = 'floor_seq'")
    connection.commit()
    connection.close()
    outbox = open_outbox(old, clock)
    assert (outbox.epoch, outbox.last_seq) == (1, 0)
    outbox.close()


class Mortal(sqlite3.Connection):
    """A connection at which the process dies before its `left`-th statement."""

    left = 0

    def execute(self, *given: object) -> sqlite3.Cursor:
        Mortal.left -= 1
        if Mortal.left < 0:
            os._exit(_KILLED)
        return super().execute(*given)  # type: ignore[arg-type]


def _dies_at(folder: Path, statement: int) -> bool:
    """Open in a process of its own that ends before so many statements. False: it came to the end."""
    child = os.fork()
    if child == 0:
        Mortal.left = statement
        with patch("edge_client.outbox.schema.sqlite3.connect", partial(sqlite3.connect, factory=Mortal)):
            connect(folder / "outbox.db").close()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == _KILLED


def test_a_migration_killed_at_any_statement_is_made_again(old: Path, memory: Path, clock: FakeClock) -> None:
    deaths = 0
    for statement in range(200):
        folder = memory / f"killed-{statement}"
        shutil.copytree(old, folder)
        died = _dies_at(folder, statement)
        _require_everything(folder, clock)
        shutil.rmtree(folder)
        if not died:
            break
        deaths += 1
    assert deaths > len(MIGRATIONS[1])


def test_control_half_a_migration_outside_a_transaction_is_not_taken_up_again(old: Path, clock: FakeClock) -> None:
    connection = sqlite3.connect(old / "outbox.db", isolation_level=None)
    connection.execute(MIGRATIONS[1][0])
    connection.close()
    outbox = open_outbox(old, clock)
    assert outbox.facts.disk_errors > 0
    outbox.close()


def test_whoever_only_looks_does_not_migrate(old: Path, clock: FakeClock) -> None:
    with pytest.raises(OutboxMissing, match="older version"):
        read_status(old, clock=clock)


def test_an_outbox_of_a_later_version_is_refused_with_what_to_do(old: Path, clock: FakeClock) -> None:
    connection = sqlite3.connect(old / "outbox.db")
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = (old / "outbox.db").read_bytes()
    for _ in range(2):
        with pytest.raises(OutboxError, match="install the newer release again"):
            open_outbox(old, clock)
    assert (old / "outbox.db").read_bytes() == before
