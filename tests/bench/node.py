"""What a sighting costs the node's card: bytes written and time per put, beside a bare one-table queue in the same run.

The bare queue is a SQLite table of blobs in WAL mode with `synchronous=FULL`: no signature, no sealing, no hashes, no
crop file; payload, probe and image lie in one row. Both are emptied in batches of 50, as by a courier.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.schema import make_durable
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import SIGNER, an_identity

_SIGHTINGS = 300
_BATCH = 50
_PAYLOAD = b'{"schema_version":1,"fill":"' + b"x" * 1000 + b'"}'
_PROBE = os.urandom(2048)
_CROP = os.urandom(12_000)


@dataclass(frozen=True, slots=True)
class _Cost:
    put_ms: list[float]
    call_bytes: int
    block_bytes: int


def main() -> None:
    base = Path(".cache")
    base.mkdir(exist_ok=True)
    print(f"{_SIGHTINGS} sightings, payload {len(_PAYLOAD)} B, probe {len(_PROBE)} B; bytes and time per sighting, put and delivered")
    for crop in (None, _CROP):
        content = len(_PAYLOAD) + len(_PROBE) + len(crop or b"")
        print(f"{'with a crop of 12,000 B' if crop else 'without crop'} ({content} B of content):")
        for name, run in (("outbox", _outbox), ("bare queue", _bare_queue)):
            with tempfile.TemporaryDirectory(dir=base) as folder:
                _print(name, _measured(run, Path(folder), crop))


def _print(name: str, cost: _Cost) -> None:
    ordered = sorted(cost.put_ms)
    print(
        f"  {name:<10}  put median {statistics.median(ordered):6.2f} ms, p95 {ordered[int(len(ordered) * 0.95)]:6.2f} ms"
        f"   write() {cost.call_bytes / _SIGHTINGS:8.0f} B   block layer {cost.block_bytes / _SIGHTINGS:8.0f} B"
    )


def _measured(run: Callable[[Path, bytes | None], list[float]], folder: Path, crop: bytes | None) -> _Cost:
    calls, blocks = _written()
    put_ms = run(folder, crop)
    os.sync()
    calls_after, blocks_after = _written()
    return _Cost(put_ms, calls_after - calls, blocks_after - blocks)


def _written() -> tuple[int, int]:
    """What this process has written so far: by write(), and as pages that go to the block device."""
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
    return int(counters["wchar"]), int(counters["write_bytes"])


def _timed(puts: Iterable[Callable[[], object]], empty: Callable[[], None]) -> list[float]:
    put_ms = []
    for number, put in enumerate(puts, 1):
        started = time.perf_counter()
        put()
        put_ms.append((time.perf_counter() - started) * 1000)
        if number % _BATCH == 0:
            empty()
    return put_ms


def _outbox(folder: Path, crop: bytes | None) -> list[float]:
    clock = SystemClock()
    outbox = Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=clock)
    deliveries = Deliveries.open(folder, clock=clock)

    def empty() -> None:
        leased = deliveries.lease(_BATCH)
        deliveries.ack(leased, [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.ARCHIVED) for r in leased])
        while crops := deliveries.lease_crops(8):
            for sent in crops:
                deliveries.ack_crop(sent)

    put_ms = _timed((lambda: outbox.put(Kind.SIGHTING, _PAYLOAD, probe=_PROBE, crop=crop) for _ in range(_SIGHTINGS)), empty)
    deliveries.close()
    outbox.close()
    return put_ms


def _bare_queue(folder: Path, crop: bytes | None) -> list[float]:
    queue = sqlite3.connect(folder / "queue.db", isolation_level=None)
    make_durable(queue)
    queue.execute("CREATE TABLE queue (id INTEGER PRIMARY KEY AUTOINCREMENT, item BLOB NOT NULL)")
    item = _PAYLOAD + _PROBE + (crop or b"")

    def empty() -> None:
        queue.execute("DELETE FROM queue")

    put_ms = _timed((lambda: queue.execute("INSERT INTO queue (item) VALUES (?)", (item,)) for _ in range(_SIGHTINGS)), empty)
    queue.close()
    return put_ms
