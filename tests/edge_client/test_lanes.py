from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_client.lanes import CropLane, RecordLane
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import OutboxStatus, list_records, read_status
from edge_client.sender import Backoff, Sender
from edge_client.server_api import ServerApi
from shared_schema.envelope import Kind
from shared_schema.node import RecordBatch
from tests.edge_client.fakes import FakeClock, FakeServer, Fault, open_outbox


@dataclass
class Node:
    """Both lanes of a node whose server is the fake."""

    folder: Path
    clock: FakeClock
    url: str
    attempts: int = 3

    def __post_init__(self) -> None:
        open_outbox(self.folder, self.clock).close()
        self.deliveries = Deliveries.open(self.folder, clock=self.clock)
        self.api = ServerApi(self.url, token="t" * 20, read_timeout_s=2.0)
        pause, retry = Backoff(lambda: 0.5, first_s=1.0, longest_s=30.0), Backoff(lambda: 0.5, longest_s=60.0)
        sender = Sender(self.api, wait=self.clock.go_on, random=lambda: 0.5, attempts=self.attempts)
        self.records = RecordLane(self.deliveries, sender, clock=self.clock, pause=pause, retry=retry)
        self.crops = CropLane(self.deliveries, sender, clock=self.clock, pause=pause, retry=retry)

    def put(self, count: int = 1, *, crop: bytes | None = None) -> None:
        outbox = open_outbox(self.folder, self.clock)
        for number in range(count):
            outbox.put(Kind.SIGHTING, f'{{"n":{number}}}'.encode(), crop=crop)
        outbox.close()

    def status(self) -> OutboxStatus:
        return read_status(self.folder, clock=self.clock)

    def work(self, seconds: int) -> None:
        for _ in range(seconds):
            self.records.step()
            self.crops.step()
            self.clock.go_on(1)

    def close(self) -> None:
        self.deliveries.close()
        self.api.close()


@pytest.fixture
def node(tmp_path: Path, clock: FakeClock, server: FakeServer) -> Iterator[Node]:
    node = Node(tmp_path, clock, server.url)
    yield node
    node.close()


def test_two_resets_and_an_answer_happen_within_one_lease(node: Node, server: FakeServer) -> None:
    node.put()
    server.faults["records"] = ["reset", "reset"]
    assert node.records.step()
    assert (server.calls, node.status().waiting) == (["records"] * 3, 0)


def test_control_without_a_burst_two_resets_are_a_failure(tmp_path: Path, clock: FakeClock, server: FakeServer) -> None:
    node = Node(tmp_path, clock, server.url, attempts=1)
    node.put()
    server.faults["records"] = ["reset", "reset"]
    assert not node.records.step()
    assert (server.calls, node.status().waiting) == (["records"], 1)
    node.close()


def test_a_server_that_asks_for_a_long_wait_is_left_alone_so_long(node: Node, server: FakeServer) -> None:
    node.put()
    server.faults["records"] = [(429, {"Retry_After": "40"}, "")]
    node.work(40)
    assert server.calls == ["records"]
    node.work(11)
    assert node.status().waiting == 0


def test_an_absurd_wait_is_bounded(node: Node, server: FakeServer) -> None:
    node.put()
    server.faults["records"] = [(503, {"Retry_After": "9999999"}, "")]
    node.work(752)
    assert node.status().waiting == 0


@pytest.mark.parametrize("fault", ["captive_portal", "wrong_body", "reset", "other_hash", (500, {}, ""), (401, {}, "unknown_token")])
def test_no_wrong_answer_removes_a_record_and_it_arrives_later(node: Node, server: FakeServer, fault: Fault) -> None:
    node.put(5)
    server.faults["records"] = [fault] * 6
    node.records.step()
    assert node.status().waiting == 5
    node.work(200)
    assert (node.status().waiting, sorted(seq for _, seq in server.stored)) == (0, [1, 2, 3, 4, 5])


def test_an_answer_lost_after_the_commit_makes_no_second_record(node: Node, server: FakeServer) -> None:
    node.put(3)
    server.faults["records"] = ["commit_then_reset"]
    node.work(3)
    assert (len(server.stored), server.duplicates, node.status().waiting) == (3, 3, 0)


def test_receipts_that_come_twice_do_no_harm(node: Node, server: FakeServer) -> None:
    node.put(3)
    server.faults["records"] = ["twice"]
    assert node.records.step()
    assert node.status().waiting == 0


def test_accepted_but_not_archived_stays_on_the_node(node: Node, server: FakeServer) -> None:
    node.put(2)
    server.faults["records"] = ["accept_only"]
    node.records.step()
    assert (node.status().accepted, node.status().is_drained) == (2, True)


def test_a_rejected_item_is_parked_and_its_neighbours_are_stored(node: Node, server: FakeServer) -> None:
    node.put(5)
    server.poison = {3}
    node.work(2)
    assert sorted(seq for _, seq in server.stored) == [1, 2, 4, 5]
    assert [(record.seq, record.state, record.code) for record in list_records(node.folder)] == [(3, "parked", "invalid_payload")]


def test_a_batch_refused_as_a_whole_is_halved_until_the_culprit_stands_alone(node: Node, server: FakeServer) -> None:
    node.put(4)
    refuse: Fault = (413, {}, "too_large")
    server.faults["records"] = [refuse, refuse, refuse]
    node.work(2)
    assert [(record.seq, record.code) for record in list_records(node.folder)] == [(1, "too_large")]
    assert sorted(seq for _, seq in server.stored) == [2, 3, 4]


def test_an_item_that_always_crashes_the_server_holds_up_nobody(tmp_path: Path, clock: FakeClock, server: FakeServer) -> None:
    node = Node(tmp_path, clock, server.url)
    node.put(30)
    healthy = server.store

    def store(body: bytes) -> str:
        if b'"seq":20,' in body:
            raise ConnectionAbortedError
        return healthy(body)

    server.store = store  # type: ignore[method-assign]
    node.work(400)
    assert {seq for _, seq in server.stored} == set(range(1, 31)) - {20}
    assert node.status().waiting == 1
    node.close()


def test_object_storage_that_is_down_does_not_stop_records(node: Node, server: FakeServer) -> None:
    node.put(3, crop=b"jpeg")
    server.faults["crops"] = [(503, {}, "")] * 10
    node.work(2)
    assert (node.status().waiting, node.status().crops_waiting) == (0, 3)
    node.work(300)
    assert (node.status().crops_waiting, list((node.folder / "crops").iterdir())) == (0, [])


def test_records_that_are_held_up_do_not_stop_crops_of_delivered_ones(node: Node, server: FakeServer) -> None:
    node.put(1, crop=b"jpeg")
    node.records.step()
    node.put(1)
    server.faults["records"] = [(503, {}, "")] * 10
    node.work(1)
    assert (node.status().waiting, len(server.crops)) == (1, 1)


def test_a_crop_that_is_refused_is_parked_and_the_next_one_goes(node: Node, server: FakeServer) -> None:
    node.put(2, crop=b"jpeg")
    server.faults["crops"] = [(422, {}, "wrong_hash")]
    node.work(2)
    assert (node.status().crops_parked, node.status().crops_waiting, len(server.crops)) == (1, 0, 1)


def test_a_crop_the_server_does_not_know_yet_is_sent_again(node: Node, server: FakeServer) -> None:
    node.put(1, crop=b"jpeg")
    server.faults["crops"] = [(409, {}, "unknown_crop")]
    node.work(10)
    assert (node.status().crops_parked, node.status().crops_waiting, len(server.crops)) == (0, 0, 1)


def test_a_backlog_drains_with_the_newest_first(node: Node, server: FakeServer) -> None:
    node.put(500)
    node.records.step()
    assert {500, 499, 1} <= set(server.order)
    assert len(server.order) == 25
    node.work(5)
    assert (node.status().waiting, server.duplicates) == (0, 0)


def batches(server: FakeServer) -> list[int]:
    return [len(RecordBatch.model_validate_json(body).items) for body in server.bodies["records"]]


def test_a_lane_begins_small_and_sends_more_at_once_while_answers_come_quickly(node: Node, server: FakeServer) -> None:
    node.put(400)
    node.work(4)
    assert (batches(server), node.status().waiting) == ([25, 100, 200, 75], 0)


def test_a_server_that_takes_long_gets_less_at_once_but_never_less_than_at_first(node: Node, server: FakeServer) -> None:
    node.put(700)
    node.work(3)
    server.takes = lambda: node.clock.go_on(9)
    node.work(5)
    assert batches(server) == [25, 100, 200, 200, 100, 50, 25]


def test_between_quick_and_slow_nothing_changes(node: Node, server: FakeServer) -> None:
    node.put(60)
    server.takes = lambda: node.clock.go_on(5)
    node.work(3)
    assert batches(server) == [25, 25, 10]


def test_after_a_failure_even_a_slow_server_gets_as_much_as_at_first_again(node: Node, server: FakeServer) -> None:
    node.put(100)
    server.faults["records"] = [(500, {}, "")] * 6
    server.takes = lambda: node.clock.go_on(9)
    node.work(60)
    assert batches(server)[6:] == [1, 4, 16, 25, 25, 25, 4]
