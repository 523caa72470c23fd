import resource
import signal
import sqlite3
import stat
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from edge_client.errors import OutboxDamaged, OutboxError, OutboxMissing
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.schema import connect, make_durable, require_durable, require_sound
from edge_client.outbox.status import list_records, read_status
from edge_client.outbox.store import Outbox
from shared_schema.envelope import MAX_PAYLOAD_BYTES, EnvelopeError, Kind
from shared_schema.ids import NodeId
from shared_schema.observation import Gap
from shared_schema.sealing import CROP, PROBE, unseal
from tests.edge_client.fakes import SEAL, SIGNER, FakeClock, an_identity, open_outbox


def test_what_was_put_is_leased_byte_for_byte_and_its_signature_holds(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    recorded = outbox.put(Kind.SIGHTING, b'{"a":1}', probe=b"probe")
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (leased,) = deliveries.lease(10)
    envelope = leased.item.envelope
    envelope.verify(SIGNER.public_key().public_bytes_raw())
    assert (envelope.payload, envelope.record_id, envelope.sha256) == (b'{"a":1}', recorded.record_id, sha256(b'{"a":1}').hexdigest())
    assert leased.item.sealed_probe
    assert unseal(leased.item.sealed_probe, private_key=SEAL.private_bytes_raw(), purpose=PROBE) == b"probe"
    outbox.close()
    deliveries.close()


def test_no_plain_probe_or_crop_touches_the_disk(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"{}", probe=b"plain-probe-bytes", crop=b"plain-crop-bytes")
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    outbox.close()
    assert b"plain-probe" not in everything
    assert b"plain-crop" not in everything
    (crop,) = (tmp_path / "crops").iterdir()
    assert unseal(crop.read_bytes(), private_key=SEAL.private_bytes_raw(), purpose=CROP) == b"plain-crop-bytes"
    assert crop.stat().st_mode & 0o777 == 0o600


def test_seqs_go_on_after_a_restart_also_when_everything_was_delivered(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    assert [outbox.put(Kind.SIGHTING, b"{}").seq for _ in range(3)] == [1, 2, 3]
    outbox.close()
    connection = connect(tmp_path / "outbox.db")
    connection.execute("UPDATE meta SET value = '3' WHERE name = 'floor_seq'")
    connection.execute("DELETE FROM records")
    connection.close()
    outbox = open_outbox(tmp_path, clock)
    assert outbox.last_seq == 3
    assert outbox.put(Kind.SIGHTING, b"{}").seq == 4
    outbox.close()


def test_a_lost_database_gets_an_epoch_that_was_never_used(tmp_path: Path, clock: FakeClock) -> None:
    open_outbox(tmp_path, clock).close()
    for name in tmp_path.glob("outbox.db*"):
        name.unlink()
    outbox = open_outbox(tmp_path, clock)
    assert outbox.epoch == 2
    outbox.close()


def test_the_epoch_is_never_below_what_the_server_said(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock, next_epoch=7)
    assert outbox.epoch == 7
    outbox.close()
    outbox = open_outbox(tmp_path, clock, next_epoch=9)
    assert (outbox.epoch, outbox.last_seq) == (9, 0)
    outbox.close()


def test_an_outbox_with_another_nodes_records_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    other = an_identity().model_copy(update={"node": NodeId(UUID(int=9))})
    with pytest.raises(OutboxError, match="holds records of node"):
        Outbox.open(tmp_path, identity=other, signer=SIGNER, clock=clock)


def test_an_empty_outbox_goes_over_to_a_node_claimed_anew_in_a_new_epoch(tmp_path: Path, clock: FakeClock) -> None:
    open_outbox(tmp_path, clock).close()
    other = an_identity().model_copy(update={"node": NodeId(UUID(int=9))})
    outbox = Outbox.open(tmp_path, identity=other, signer=SIGNER, clock=clock)
    assert outbox.epoch == 2
    outbox.close()


def test_every_open_sets_wal_and_full_and_reads_them_back(tmp_path: Path, clock: FakeClock) -> None:
    open_outbox(tmp_path, clock).close()
    connection = connect(tmp_path / "outbox.db")
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
def test_control_anything_less_than_full_is_refused(tmp_path: Path, level: str) -> None:
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    make_durable(connection)
    connection.execute(f"PRAGMA synchronous={level}")
    with pytest.raises(OutboxError, match="power cut"):
        require_durable(connection)
    connection.close()


def test_an_outbox_that_cannot_be_wal_is_refused() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(OutboxError, match="journal_mode=memory"):
        make_durable(connection)
    connection.close()


def test_a_newer_outbox_is_refused_and_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    open_outbox(tmp_path, clock).close()
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("PRAGMA user_version=99")
    connection.execute("CREATE TABLE of_a_later_version (id INTEGER)")
    connection.close()
    with pytest.raises(OutboxError, match="version 99"):
        open_outbox(tmp_path, clock)
    assert not list(tmp_path.glob("damaged-*"))


def test_a_payload_that_no_server_takes_is_not_recorded(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    with pytest.raises(EnvelopeError):
        outbox.put(Kind.SIGHTING, b"x" * (MAX_PAYLOAD_BYTES + 1))
    assert outbox.last_seq == 0
    outbox.close()


def test_crop_files_that_no_row_names_are_removed_at_open(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"{}", crop=b"jpeg")
    (tmp_path / "crops" / "orphan.sealed").write_bytes(b"left over")
    (tmp_path / "crops" / ".half.sealed.new").write_bytes(b"left")
    outbox.close()
    outbox = open_outbox(tmp_path, clock)
    assert outbox.orphans_removed == 2
    assert len(list((tmp_path / "crops").iterdir())) == 1
    outbox.close()


def test_a_byte_flipped_in_a_row_is_found_and_reported_as_a_gap(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    for number in range(3):
        outbox.put(Kind.SIGHTING, f'{{"n":{number}}}'.encode())
    outbox.close()
    connection = connect(tmp_path / "outbox.db")
    connection.execute("UPDATE records SET signature = zeroblob(64) WHERE seq = 2")
    connection.close()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert [leased.seq for leased in deliveries.lease(10)] == [1, 3]
    assert read_status(tmp_path, clock=clock).parked == 1
    deliveries.close()
    outbox = open_outbox(tmp_path, clock)
    assert [(loss.from_seq, loss.to_seq) for loss in outbox.losses] == [(2, 2)]
    outbox.close()
    assert [record.kind for record in list_records(tmp_path)] == ["sighting"] * 3 + ["gap"]
    reopened = open_outbox(tmp_path, clock)
    assert reopened.losses == ()
    reopened.close()


def test_text_that_is_no_text_any_more_harms_its_own_row_alone(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    for _ in range(2):
        outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    connection = connect(tmp_path / "outbox.db")
    connection.execute("UPDATE records SET kind = CAST(x'ff8081' AS TEXT) WHERE seq = 1")
    connection.close()
    deliveries = Deliveries.open(tmp_path, clock=clock)
    assert [leased.seq for leased in deliveries.lease(10)] == [2]
    deliveries.close()
    assert [record.state for record in list_records(tmp_path)] == ["parked", "waiting"]


def test_a_damaged_database_is_kept_and_its_readable_rows_go_on(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    for number in range(200):
        outbox.put(Kind.SIGHTING, f'{{"n":{number},"fill":"{"x" * 500}"}}'.encode())
    outbox.close()
    path = tmp_path / "outbox.db"
    content = bytearray(path.read_bytes())
    page = content.index(b'{"n":100,') // 4096 * 4096
    content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    connection = connect(path)
    with pytest.raises(OutboxDamaged):
        require_sound(connection, path)
    connection.close()
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    records = list_records(tmp_path)
    old = {record.seq for record in records if record.epoch == 1}
    assert (tmp_path / "damaged-0001.db").exists()
    assert 180 <= len(old) < 200
    assert [(record.seq, record.kind) for record in records if record.epoch == 2] == [(1, "gap"), (2, "sighting")]
    deliveries = Deliveries.open(tmp_path, clock=clock)
    (gap,) = [leased.item.envelope.payload for leased in deliveries.lease(500) if leased.item.envelope.kind == "gap"]
    deliveries.close()
    told = Gap.model_validate_json(gap)
    assert (told.lost_epoch, set(range(told.from_seq, told.to_seq + 1))) == (1, set(range(1, 201)) - old)


def test_a_file_that_is_no_database_at_all_is_kept_and_reported(tmp_path: Path, clock: FakeClock) -> None:
    open_outbox(tmp_path, clock).close()
    (tmp_path / "outbox.db").write_bytes(b"rubbish" * 4096)
    outbox = open_outbox(tmp_path, clock)
    assert (outbox.epoch, len(outbox.losses)) == (2, 1)
    outbox.close()
    assert (tmp_path / "damaged-0001.db-first_page_damaged").read_bytes().startswith(b"rubbish")
    assert (tmp_path / "damaged-0001.db").read_bytes().endswith(b"rubbish")


def test_a_setting_aside_that_was_interrupted_is_finished_before_a_new_database_is_made(tmp_path: Path, clock: FakeClock) -> None:
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"{}")
    for name in ("outbox.db", "outbox.db-wal"):
        (tmp_path / f"copy-{name}").write_bytes((tmp_path / name).read_bytes())
    outbox.close()
    (tmp_path / "copy-outbox.db").rename(tmp_path / "damaged-0001.db")
    (tmp_path / "copy-outbox.db-wal").rename(tmp_path / "outbox.db-wal")
    (tmp_path / "outbox.db").unlink()
    outbox = open_outbox(tmp_path, clock)
    outbox.close()
    assert (tmp_path / "damaged-0001.db-wal").exists()
    assert [(record.epoch, record.seq, record.kind) for record in list_records(tmp_path)] == [(1, 1, "sighting")]
    assert outbox.facts.disk_errors == 1


def test_courier_waits_for_an_outbox_that_is_not_there_yet(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(OutboxMissing):
        Deliveries.open(tmp_path, clock=clock)


def test_two_accounts_of_one_group_share_all_of_the_outbox(tmp_path: Path, clock: FakeClock) -> None:
    tmp_path.chmod(0o2770)
    folder = tmp_path / "outbox"
    outbox = open_outbox(folder, clock)
    outbox.put(Kind.SIGHTING, b"{}", crop=b"jpeg")
    Deliveries.open(folder, clock=clock)
    modes = {path.name.rpartition(".")[2]: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert {modes.pop("outbox"), modes.pop("crops")} == {0o2770}
    assert {"db", "db-wal", "db-shm", "sealed", "reserve", "last_epoch"} <= set(modes)
    assert set(modes.values()) == {0o660}
    outbox.close()


@pytest.mark.parametrize("crop", [None, b"jpeg" * 4_000])
def test_a_write_that_the_card_refuses_kills_the_outbox_and_nothing_else(tmp_path: Path, clock: FakeClock, crop: bytes | None) -> None:
    """With a limit on the size of files every write beyond it fails, as on a card with bad blocks."""
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"1")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, before[1]))
    try:
        with pytest.raises(OutboxError):
            outbox.put(Kind.SIGHTING, b"2", probe=bytes(9_000), crop=crop)
        with pytest.raises(OutboxError, match="open it anew"):
            outbox.put(Kind.SIGHTING, b"3")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (outbox.facts.disk_errors, outbox.facts.card) == (1, "failing")
    outbox.close()
    outbox = open_outbox(tmp_path, clock)
    outbox.put(Kind.SIGHTING, b"4")
    outbox.close()
    assert [record.sha256 for record in list_records(tmp_path)] == [sha256(b"1").hexdigest(), sha256(b"4").hexdigest()]
    assert list((tmp_path / "crops").iterdir()) == []
