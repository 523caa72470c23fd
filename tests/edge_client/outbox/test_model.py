"""The outbox against a model that is too simple to be wrong: a set of what was put and not yet archived."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge_client.outbox.delivery import Deliveries, LeasedRecord
from edge_client.outbox.leases import LEASE_NS, REASK_NS
from edge_client.outbox.status import list_records, read_status
from shared_schema.envelope import Kind
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import FakeClock, open_outbox

_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_MEMORY))
        self.clock = FakeClock()
        self.outbox = open_outbox(self.folder, self.clock)
        self.deliveries = Deliveries.open(self.folder, clock=self.clock)
        self.kept: dict[int, str] = {}
        self.parked: set[int] = set()
        self.leased: dict[int, LeasedRecord] = {}
        self.last_seq = 0

    def teardown(self) -> None:
        self.outbox.close()
        self.deliveries.close()
        shutil.rmtree(self.folder)

    @rule(payload=st.binary(min_size=1, max_size=40), crop=st.booleans())
    def put(self, payload: bytes, *, crop: bool) -> None:
        recorded = self.outbox.put(Kind.SIGHTING, payload, crop=b"jpeg" if crop else None)
        self.last_seq += 1
        assert recorded.seq == self.last_seq
        self.kept[recorded.seq] = recorded.sha256

    @rule(limit=st.integers(1, 5))
    def lease(self, limit: int) -> None:
        for leased in self.deliveries.lease(limit):
            assert leased.seq not in self.leased
            assert leased.seq not in self.parked
            assert self.kept[leased.seq] == leased.sha256
            self.leased[leased.seq] = leased

    @rule(status=st.sampled_from([*Status]), wrong=st.booleans())
    def ack(self, status: Status, *, wrong: bool) -> None:
        leased = list(self.leased.values())
        receipts = [Receipt(epoch=r.epoch, seq=r.seq, sha256="0" * 64 if wrong else r.sha256, status=status) for r in leased]
        silent = self.deliveries.ack(leased, receipts)
        if wrong:
            assert list(silent) == leased
            return
        self.leased.clear()
        for record in leased:
            if status is Status.ARCHIVED:
                del self.kept[record.seq]
            elif status is Status.REJECTED:
                self.parked.add(record.seq)

    @rule(delay_s=st.integers(0, 100))
    def retry_later(self, delay_s: int) -> None:
        self.deliveries.retry_later((leased, float(delay_s)) for leased in self.leased.values())
        self.leased.clear()

    @rule()
    def courier_dies_and_time_passes(self) -> None:
        self.deliveries.close()
        self.clock.now += LEASE_NS + REASK_NS
        self.leased.clear()
        self.deliveries = Deliveries.open(self.folder, clock=self.clock)

    @rule()
    def capture_restarts(self) -> None:
        self.outbox.close()
        self.outbox = open_outbox(self.folder, self.clock)
        assert (self.outbox.last_seq, self.outbox.losses) == (self.last_seq, ())

    @rule()
    def reboot(self) -> None:
        self.outbox.close()
        self.deliveries.close()
        self.clock = FakeClock(boot=self.clock.boot_id.int + 1, boot_ns=1)
        self.leased.clear()
        self.outbox = open_outbox(self.folder, self.clock)
        self.deliveries = Deliveries.open(self.folder, clock=self.clock)

    @invariant()
    def nothing_is_lost_or_invented(self) -> None:
        assert {record.seq: record.sha256 for record in list_records(self.folder)} == self.kept
        assert read_status(self.folder, clock=self.clock).parked == len(self.parked)


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)
