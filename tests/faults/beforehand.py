"""Cards as an earlier life left them: an outbox of the first version, and a damaged one."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.migrations import MIGRATIONS
from edge_client.outbox.rows import RecordRow
from edge_client.outbox.schema import DATABASE
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Envelope, Kind, Signer
from shared_schema.ids import Epoch, Seq
from shared_schema.node import Receipt, Status
from shared_schema.sealing import CROP, PROBE, seal
from tests.edge_client.fakes import NODE, FakeClock, an_identity
from tests.faults.jobs import LIMITS, sighting
from tests.faults.recovery import Told

RECORDS = 12
_DELIVERED = 3


def claimed(state: Path) -> Signer:
    """An identity and a key."""
    KeyFolder(state).ensure()
    IdentityFolder(state).save(an_identity())
    return KeyFolder(state).signer()


def of_the_first_version(state: Path) -> Told:
    """An outbox as the first release wrote it: three delivered, one accepted, one refused, the others waiting; each with a crop."""
    signer, told = claimed(state), Told(is_claimed=True)
    crops = state / "outbox" / "crops"
    crops.mkdir(parents=True)
    (state / "outbox" / "last_epoch").write_text("1", encoding="ascii")
    with closing(sqlite3.connect(state / "outbox" / DATABASE, isolation_level=None)) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version=1")
        values = (("epoch", "1"), ("node", str(NODE)), ("floor_seq", str(_DELIVERED)))
        connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", values)
        for seq in range(_DELIVERED + 1, RECORDS + 1):
            row = _row(seq, signer)
            row.insert(connection)
            _old_crop(connection, crops, row)
            told.recorded[row.sha256] = (1, seq)
        connection.execute("INSERT INTO deliveries (id, state) SELECT min(id), 'accepted' FROM records")
        connection.execute("INSERT INTO deliveries (id, state, code, detail) SELECT max(id), 'parked', 'unknown_kind', '' FROM records")
    told.archived = {str(seq): (1, seq) for seq in range(1, _DELIVERED + 1)}
    told.parked = {(1, RECORDS)}
    return told


def damaged(state: Path) -> Told:
    """An outbox of which one page in the middle was overwritten, after some records were delivered."""
    signer, told, clock = claimed(state), Told(is_claimed=True), FakeClock()
    outbox = Outbox.open(state / "outbox", identity=an_identity(), signer=signer, clock=clock, limits=LIMITS)
    for number in range(1, RECORDS + 1):
        crop = _image(number)
        recorded = outbox.put(Kind.SIGHTING, sighting(number, crop=crop, probe=b"p"), probe=b"p", crop=crop)
        told.recorded[recorded.sha256] = (recorded.epoch, recorded.seq)
    deliveries = Deliveries.open(state / "outbox", clock=clock)
    leased = deliveries.lease(_DELIVERED)
    deliveries.ack(leased, [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.ARCHIVED) for r in leased])
    told.archived = {record.sha256: (record.epoch, record.seq) for record in leased}
    deliveries.close()
    outbox.close()
    _overwrite_the_page_of_a_record(state / "outbox" / DATABASE)
    return told


def _overwrite_the_page_of_a_record(database: Path) -> None:
    data = bytearray(database.read_bytes())
    at = data.rindex(b'{"schema_version"') // 4096 * 4096
    data[at : at + 64] = bytes(64)
    database.write_bytes(data)


def _row(seq: int, signer: Signer) -> RecordRow:
    payload = sighting(seq, crop=_image(seq), probe=b"p")
    envelope = Envelope.seal(payload, node=NODE, epoch=Epoch(1), seq=Seq(seq), kind=Kind.SIGHTING, signer=signer)
    key = an_identity().seal_key
    return RecordRow(
        epoch=Epoch(1),
        seq=Seq(seq),
        protocol=envelope.protocol,
        kind=envelope.kind,
        payload=payload,
        sha256=envelope.sha256,
        signature=envelope.signature,
        sealed_probe=seal(b"p", public_key=key, purpose=PROBE),
        boot_id=UUID(int=1),
        put_boot_ns=seq,
    )


def _old_crop(connection: sqlite3.Connection, folder: Path, row: RecordRow) -> None:
    image = _image(row.seq)
    sealed = seal(image, public_key=an_identity().seal_key, purpose=CROP)
    digest = sha256(image).hexdigest()
    name = f"{digest}.{row.seq:08x}.sealed"
    (folder / name).write_bytes(sealed)
    values = (row.id, digest, name, sha256(sealed).hexdigest(), len(sealed))
    connection.execute("INSERT INTO crops (id, sha256, file, file_sha256, size_bytes) VALUES (?, ?, ?, ?, ?)", values)


def _image(number: int) -> bytes:
    return b"\xff\xd8" + number.to_bytes(8, "little") + bytes(500)
