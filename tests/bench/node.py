"""What a sighting costs the node's card, beside a bare one-table queue in the same run; and how fast a month's backlog can be leased.

The bare queue is a SQLite table of blobs in WAL mode with `synchronous=FULL`: no signature, no sealing, no hashes, no
crop file; payload, probe and image lie in one row. Both are emptied in batches of 50, as by a courier. Bytes are counted
as they are handed to write() and as pages that go to the block device, both while recording and while delivering.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.outbox.delivery import Deliveries, LeasedRecord
from edge_client.outbox.schema import make_durable
from edge_client.outbox.status import read_status
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import SIGNER, an_identity

_SIGHTINGS = 600
_BATCH = 50
_PAYLOAD = b'{"schema_version":1,"fill":"' + b"x" * 1000 + b'"}'
_PROBE = os.urandom(2048)
_CROP = os.urandom(12_000)
_BACKLOG = 60_000
_LEASED = 10_000
MOST_TIMES_THE_BARE_QUEUE = 1.5
LEAST_RECORDS_A_SECOND = 2_000


@dataclass
class _Cost:
    put_ms: list[float] = field(default_factory=list)
    put: "_Bytes" = field(default_factory=lambda: _Bytes(0, 0))
    delivered: "_Bytes" = field(default_factory=lambda: _Bytes(0, 0))

    @property
    def whole(self) -> "_Bytes":
        return self.put.plus(self.delivered)


@dataclass(frozen=True, slots=True)
class _Bytes:
    calls: int
    blocks: int

    def plus(self, other: "_Bytes") -> "_Bytes":
        return _Bytes(self.calls + other.calls, self.blocks + other.blocks)

    @classmethod
    def written(cls) -> "_Bytes":
        """What this process has written so far: by write(), and as pages that go to the block device."""
        os.sync()
        counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
        return cls(int(counters["wchar"]), int(counters["write_bytes"]))


def main() -> None:
    base = Path(".cache")
    base.mkdir(exist_ok=True)
    print(f"{_SIGHTINGS} sightings, payload {len(_PAYLOAD)} B, probe {len(_PROBE)} B; per sighting")
    for crop in (None, _CROP):
        content = len(_PAYLOAD) + len(_PROBE) + len(crop or b"")
        print(f"{'with a crop of 12,000 B' if crop else 'without crop'} ({content} B of content):")
        costs = []
        for name, run in (("outbox", _outbox), ("bare queue", _bare_queue)):
            with tempfile.TemporaryDirectory(dir=base) as folder:
                costs.append(run(Path(folder), crop))
            _print(name, costs[-1])
        _print_ratio(*costs)
    with tempfile.TemporaryDirectory(dir=base) as folder:
        _print_backlog(Path(folder))


def _print(name: str, cost: _Cost) -> None:
    ordered = sorted(cost.put_ms)
    whole = cost.whole
    print(
        f"  {name:<10}  put median {statistics.median(ordered):6.2f} ms, p95 {ordered[int(len(ordered) * 0.95)]:6.2f} ms"
        f"   write() {_each(cost.put.calls)} + {_each(cost.delivered.calls)} = {_each(whole.calls)} B"
        f"   block layer {_each(cost.put.blocks)} + {_each(cost.delivered.blocks)} = {_each(whole.blocks)} B"
    )


def _each(total: int) -> str:
    return f"{total / _SIGHTINGS:6.0f}"


def _print_ratio(outbox: _Cost, bare: _Cost) -> None:
    calls, blocks = outbox.whole.calls / bare.whole.calls, outbox.whole.blocks / bare.whole.blocks
    met = "met" if max(calls, blocks) <= MOST_TIMES_THE_BARE_QUEUE else "MISSED"
    print(f"  ratio       write() {calls:.2f}, block layer {blocks:.2f} (bar {MOST_TIMES_THE_BARE_QUEUE}: {met}); put + delivered")


def _outbox(folder: Path, crop: bytes | None) -> _Cost:
    clock = SystemClock()
    outbox = Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=clock)
    deliveries = Deliveries.open(folder, clock=clock)

    def empty() -> None:
        leased = deliveries.lease(_BATCH)
        deliveries.ack(leased, _archived(leased))
        while crops := deliveries.lease_crops(8):
            deliveries.ack_crops(crops)

    cost = _measured(lambda: outbox.put(Kind.SIGHTING, _PAYLOAD, probe=_PROBE, crop=crop), empty)
    deliveries.close()
    outbox.close()
    return cost


def _bare_queue(folder: Path, crop: bytes | None) -> _Cost:
    queue = sqlite3.connect(folder / "queue.db", isolation_level=None)
    make_durable(queue)
    queue.execute("PRAGMA secure_delete=FAST")
    queue.execute("CREATE TABLE queue (id INTEGER PRIMARY KEY AUTOINCREMENT, item BLOB NOT NULL)")
    item = _PAYLOAD + _PROBE + (crop or b"")
    cost = _measured(lambda: queue.execute("INSERT INTO queue (item) VALUES (?)", (item,)), lambda: queue.execute("DELETE FROM queue"))
    queue.close()
    return cost


def _measured(put: Callable[[], object], empty: Callable[[], object]) -> _Cost:
    cost = _Cost()
    for _ in range(_SIGHTINGS // _BATCH):
        before = _Bytes.written()
        for _ in range(_BATCH):
            started = time.perf_counter()
            put()
            cost.put_ms.append((time.perf_counter() - started) * 1000)
        between = _Bytes.written()
        empty()
        after = _Bytes.written()
        cost.put = cost.put.plus(_Bytes(between.calls - before.calls, between.blocks - before.blocks))
        cost.delivered = cost.delivered.plus(_Bytes(after.calls - between.calls, after.blocks - between.blocks))
    return cost


def _print_backlog(folder: Path) -> None:
    """Lease and receipt, without a network, at the head of a month's backlog; and what the heartbeat's question costs then.

    It is filled without fsyncs, which are not what is measured here; what is leased and receipted is as durable as ever.
    """
    clock = SystemClock()
    outbox = Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=clock)
    outbox._connection.execute("PRAGMA synchronous=OFF")
    for number in range(_BACKLOG):
        outbox.put(Kind.SIGHTING, b'{"n":%d,"fill":"%s"}' % (number, b"x" * 600), probe=_PROBE[:600])
    deliveries = Deliveries.open(folder, clock=clock)
    for batch in (50, 200):
        started = time.perf_counter()
        for _ in range(_LEASED // batch):
            leased = deliveries.lease(batch)
            deliveries.ack(leased, _archived(leased))
        seconds = time.perf_counter() - started
        met = "met" if _LEASED / seconds >= LEAST_RECORDS_A_SECOND else "MISSED"
        rate = f"{_LEASED / seconds:6.0f} records/s in batches of {batch}"
        print(f"backlog of {_BACKLOG}: lease + ack {rate} (bar {LEAST_RECORDS_A_SECOND}: {met})")
    started = time.perf_counter()
    status = read_status(folder, clock=clock)
    print(f"status with {status.waiting} waiting: {(time.perf_counter() - started) * 1000:.1f} ms")
    deliveries.close()
    started = time.perf_counter()
    outbox.close()
    Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=clock).close()
    print(f"opening it: {time.perf_counter() - started:.1f} s")


def _archived(leased: tuple[LeasedRecord, ...]) -> list[Receipt]:
    return [Receipt(epoch=one.epoch, seq=one.seq, sha256=one.sha256, status=Status.ARCHIVED) for one in leased]
