"""A card that was rolled back or copied: the real outbox, the real lanes, and a server that keeps to the protocol."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from edge_client.courier_duties import EpochWatch
from edge_client.lanes import RecordLane
from edge_client.orders import EpochOrder
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import read_status
from edge_client.sender import Backoff, Sender
from edge_client.server_api import ServerApi
from shared_schema.envelope import Envelope, Kind
from shared_schema.ids import BootId
from shared_schema.node import BatchReceipt, EpochAnswer, EpochRequest, HeartbeatAnswer, HighWater, Receipt, RecordBatch, Status
from tests.edge_client.fakes import SIGNER, FakeClock, FakeServer, open_outbox


@dataclass
class Archive:
    """What a server keeps of one node: one record for each number, for ever."""

    kept: dict[tuple[int, int], Envelope] = field(default_factory=dict)
    granted: dict[tuple[UUID, int, int], int] = field(default_factory=dict)
    next_epoch: int = 2
    status: Status = Status.ARCHIVED

    def take(self, body: bytes) -> str:
        receipts = tuple(self._receipt(item.envelope) for item in RecordBatch.model_validate_json(body).items)
        return BatchReceipt(receipts=receipts).model_dump_json()

    def grant(self, body: bytes) -> str:
        asked = EpochRequest.model_validate_json(body)
        key = (asked.boot_id, asked.epoch, asked.last_seq)
        if key not in self.granted:
            self.granted[key] = max(self.next_epoch, asked.epoch + 1)
            self.next_epoch = self.granted[key] + 1
        return EpochAnswer(epoch=self.granted[key]).model_dump_json()

    def answer(self) -> HeartbeatAnswer:
        top = max(self.kept, default=None)
        high = None if top is None else HighWater(epoch=top[0], seq=top[1], sha256=self.kept[top].sha256)
        return HeartbeatAnswer(server_ns=0, gallery_revision=0, settings_revision=0, high_water=high)

    def payloads(self) -> list[bytes]:
        return sorted(one.payload for one in self.kept.values())

    def _receipt(self, envelope: Envelope) -> Receipt:
        envelope.verify(SIGNER.public_key().public_bytes_raw())
        number = (envelope.epoch, envelope.seq)
        there = self.kept.setdefault(number, envelope)
        taken = there.sha256 == envelope.sha256
        return Receipt(
            epoch=envelope.epoch,
            seq=envelope.seq,
            sha256=envelope.sha256,
            status=self.status if taken else Status.REJECTED,
            code=None if taken else "conflict",
        )


class Node:
    """One card: capture records on it, the courier delivers from it."""

    def __init__(self, card: Path, url: str, *, boot: int = 1) -> None:
        self.card = card
        self.clock = FakeClock()
        self.clock.boot_id = BootId(UUID(int=boot))
        self.api = ServerApi(url, token="t" * 20)
        self.order = EpochOrder(card / "run")
        self._start_courier()

    def record(self, *payloads: bytes) -> None:
        outbox = open_outbox(self.card / "outbox", self.clock)
        for payload in payloads:
            outbox.put(Kind.SIGHTING, payload, probe=b"p")
        outbox.close()

    def obey(self) -> None:
        """What capture does between two frames."""
        wanted = self.order.wanted()
        outbox = open_outbox(self.card / "outbox", self.clock)
        if wanted is not None:
            outbox.begin_epoch(wanted)
            self.order.done()
        outbox.shed()
        outbox.close()

    def deliver(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            while self._lane().step():
                pass
            self.clock.go_on(60)

    def meet(self, archive: Archive) -> None:
        self.watch.compare(archive.answer(), self.api)

    def restart(self) -> None:
        """The courier's process."""
        self.close()
        self._start_courier()

    def close(self) -> None:
        if self._deliveries is not None:
            self._deliveries.close()

    def epoch(self) -> int:
        return read_status(self.card / "outbox", clock=self.clock).epoch

    def nothing_is_left(self) -> bool:
        status = read_status(self.card / "outbox", clock=self.clock)
        return (status.waiting, status.parked) == (0, 0)

    def _start_courier(self) -> None:
        self.watch = EpochWatch(outbox=self.card / "outbox", run=self.card / "run", clock=self.clock)
        self._deliveries: Deliveries | None = None
        self._records: RecordLane | None = None

    def _lane(self) -> RecordLane:
        if self._records is None:
            self._deliveries = Deliveries.open(self.card / "outbox", clock=self.clock)
            backoff = Backoff(lambda: 0.5, first_s=1.0)
            sender = Sender(self.api, wait=self.clock.go_on, random=lambda: 0.5)
            dealings = self.watch.dealings
            self._records = RecordLane(self._deliveries, sender, clock=self.clock, pause=backoff, retry=backoff, dealings=dealings)
        return self._records


@pytest.fixture
def archive(server: FakeServer) -> Archive:
    archive = Archive()
    server.answers["records"] = archive.take
    server.answers["epoch"] = archive.grant
    return archive


@pytest.fixture
def node(tmp_path: Path, server: FakeServer) -> Node:
    return Node(tmp_path / "card", server.url)


def copy_of(node: Node, to: Path, url: str) -> Node:
    """The same card in another machine. The database is copied as the medium would be: nobody has it open."""
    to.mkdir()
    for path in node.card.rglob("*"):
        if path.is_file():
            (to / path.relative_to(node.card)).parent.mkdir(parents=True, exist_ok=True)
            (to / path.relative_to(node.card)).write_bytes(path.read_bytes())
    return Node(to, url, boot=2)


def test_control_a_card_that_nobody_copied_stays_in_its_epoch(node: Node, archive: Archive, server: FakeServer) -> None:
    node.record(b'"a"', b'"b"')
    for _ in range(3):
        node.deliver()
        node.meet(archive)
        node.record(b'"c"')
    assert (node.epoch(), node.order.wanted(), "epoch" in server.calls) == (1, None, False)


def test_before_anything_was_recorded_there_is_nothing_to_compare(node: Node, archive: Archive, server: FakeServer) -> None:
    node.meet(archive)
    assert "epoch" not in server.calls


def test_a_card_that_was_rolled_back_goes_on_in_an_epoch_nobody_had_and_loses_nothing(
    tmp_path: Path, node: Node, archive: Archive, server: FakeServer
) -> None:
    node.record(b'"1"', b'"2"')
    old = copy_of(node, tmp_path / "image", server.url)
    node.record(b'"3"', b'"4"')
    node.deliver()
    old.record(b'"3, seen after the roll-back"')
    old.meet(archive)
    assert old.order.wanted() == 2
    old.record(b'"4, seen before the order was heard"')
    old.obey()
    old.record(b'"5"')
    old.deliver(2)
    old.obey()
    old.deliver(2)
    assert archive.payloads() == sorted(
        [b'"1"', b'"2"', b'"3"', b'"4"', b'"3, seen after the roll-back"', b'"4, seen before the order was heard"', b'"5"']
    )
    assert (old.epoch(), old.nothing_is_left()) == (2, True)


def test_a_conflict_is_enough_to_find_a_copy_that_has_as_many_records(
    tmp_path: Path, node: Node, archive: Archive, server: FakeServer
) -> None:
    node.record(b'"1"')
    node.deliver()
    clone = copy_of(node, tmp_path / "clone", server.url)
    node.record(b'"2 of the one"')
    clone.record(b'"2 of the other"')
    node.deliver()
    clone.deliver()
    clone.meet(archive)
    assert clone.order.wanted() == 2
    clone.obey()
    clone.deliver(2)
    assert archive.payloads() == [b'"1"', b'"2 of the one"', b'"2 of the other"']
    assert clone.nothing_is_left()


def test_a_conflict_that_a_courier_had_no_time_to_tell_is_found_by_the_next(
    tmp_path: Path, node: Node, archive: Archive, server: FakeServer
) -> None:
    node.record(b'"1"')
    clone = copy_of(node, tmp_path / "clone", server.url)
    node.record(b'"2"')
    clone.record(b'"2, otherwise"')
    node.deliver()
    clone.deliver()
    clone.restart()
    clone.meet(archive)
    assert clone.order.wanted() == 2


def test_two_copies_that_both_run_get_an_epoch_each_and_everything_arrives_once(
    tmp_path: Path, node: Node, archive: Archive, server: FakeServer
) -> None:
    node.record(b'"before"')
    node.deliver()
    both = (node, copy_of(node, tmp_path / "clone", server.url))
    for turn in range(4):
        for number, one in enumerate(both):
            one.record(f'"{turn} by {number}"'.encode())
            one.deliver()
            one.meet(archive)
            one.obey()
            one.deliver(2)
            one.clock.go_on(60)
    for one in both:
        one.obey()
        one.deliver(3)
    assert archive.payloads() == sorted([b'"before"', *(f'"{turn} by {number}"'.encode() for turn in range(4) for number in range(2))])
    assert all(one.nothing_is_left() for one in both)
    assert len(archive.granted) <= 4


def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same(
    tmp_path: Path, node: Node, archive: Archive, server: FakeServer
) -> None:
    node.record(b'"1"')
    old = copy_of(node, tmp_path / "image", server.url)
    node.record(b'"2"')
    node.deliver()
    server.faults["epoch"] = ["commit_then_reset"]
    with pytest.raises(Exception, match="does not answer"):
        old.meet(archive)
    assert old.order.wanted() is None
    old.meet(archive)
    assert (old.order.wanted(), len(archive.granted)) == (2, 1)


def test_an_order_that_capture_has_not_heard_yet_is_not_given_twice(
    tmp_path: Path, node: Node, archive: Archive, server: FakeServer
) -> None:
    node.record(b'"1"')
    old = copy_of(node, tmp_path / "image", server.url)
    node.record(b'"2"')
    node.deliver()
    for _ in range(3):
        old.meet(archive)
        old.clock.go_on(3600)
    assert server.calls.count("epoch") == 1


def test_an_order_of_an_epoch_that_was_left_behind_is_taken_away(node: Node, archive: Archive) -> None:
    node.record(b'"1"')
    node.order.give(open_outbox(node.card / "outbox", node.clock).epoch)
    node.meet(archive)
    assert node.order.wanted() is None


def test_what_a_restored_server_lost_is_sent_again_at_once(node: Node, archive: Archive, server: FakeServer) -> None:
    archive.status = Status.ACCEPTED
    node.record(b'"1"', b'"2"', b'"3"')
    node.deliver()
    node.meet(archive)
    del archive.kept[1, 3], archive.kept[1, 2]
    node.meet(archive)
    node.deliver()
    assert archive.payloads() == [b'"1"', b'"2"', b'"3"']
    assert "epoch" not in server.calls


def test_control_what_was_confirmed_while_the_answer_came_is_not_sent_again(node: Node, archive: Archive, server: FakeServer) -> None:
    archive.status = Status.ACCEPTED
    node.record(b'"1"')
    before = archive.answer()
    node.deliver()
    node.watch.compare(before, node.api)
    node.deliver()
    assert server.calls.count("records") == 1
