"""The server commits and its answer is lost, again and again: nothing twice, nothing lost."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from tests.contract.fault_proxy import Fate, FaultProxy
from tests.faults.load_server import loaded_server
from tests.faults.network_node import NetworkNode, Receiver, TrustingSender, judge
from tests.faults.network_receiver import CarelessReceiver, LiveReceiver

SENDS_FULL, SENDS_SHORT = 100_000, 400
"""Records sent whose answer is lost, each of them so many times:"""
LOST_ANSWERS_EACH = 5

Tell = Callable[[str], None]


class LiveServer(Protocol):
    url: str


@dataclass
class LosesAnswers:
    """A link on which the answer to every batch is lost so many times, in one way after the other."""

    times: int
    sends: int = 0
    _lost: dict[str, int] = field(default_factory=dict)
    ways: tuple[Fate, ...] = ("cut_answer", "half_answer")

    def __call__(self, name: str, body: bytes) -> Fate | None:
        if name != "records":
            return None
        items = json.loads(body)["items"]
        fewest = min(self._lost.get(item["envelope"]["sha256"], 0) for item in items)
        if fewest >= self.times:
            return None
        for item in items:
            digest = item["envelope"]["sha256"]
            self._lost[digest] = self._lost.get(digest, 0) + 1
        self.sends += len(items)
        return self.ways[fewest % len(self.ways)]


@pytest.fixture
def live(live_server: LiveServer) -> LiveReceiver:
    return LiveReceiver(live_server.url)


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    proxy = FaultProxy("")
    running = proxy.start()
    yield proxy
    running.shutdown()
    running.server_close()


def lose_answers(receiver: Receiver, proxy: FaultProxy, state: Path, sends: int) -> tuple[NetworkNode, LosesAnswers]:
    proxy.upstream = receiver.url
    node = NetworkNode.claimed(state, receiver, through=proxy.url)
    proxy.choose = link = LosesAnswers(LOST_ANSWERS_EACH)
    node.put(sends // LOST_ANSWERS_EACH)
    with node.lanes(attempts=LOST_ANSWERS_EACH + 1) as lanes:
        lanes.go_until(lambda: node.status().is_drained)
    assert link.sends >= sends
    return node, link


@pytest.mark.django_db(transaction=True)
def test_records_whose_answers_are_lost_arrive_once(live: LiveReceiver, proxy: FaultProxy, tmp_path: Path, tell: Tell) -> None:
    node, link = lose_answers(live, proxy, tmp_path, SENDS_SHORT)
    verdict = judge(node.recorded, live.held())
    tell(f"lost answers: {link.sends} records sent in vain, {len(node.recorded)} recorded: {verdict}")
    assert verdict.sound


@pytest.mark.faults
def test_a_hundred_thousand_sends_whose_answers_are_lost_store_nothing_twice(proxy: FaultProxy, tmp_path: Path, tell: Tell) -> None:
    with loaded_server() as server:
        node, link = lose_answers(server, proxy, tmp_path, SENDS_FULL)
        verdict = judge(node.recorded, server.held())
        tell(f"lost answers: {link.sends} records sent in vain, {len(node.recorded)} recorded: {verdict}")
        assert verdict.sound


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_never_comes_is_as_good_as_lost(live: LiveReceiver, proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.upstream = live.url
    node = NetworkNode.claimed(tmp_path, live, through=proxy.url)
    node.put(20)
    proxy.fates["records"] = ["no_answer", "no_answer"]
    with node.lanes(read_timeout_s=0.5) as lanes:
        lanes.records.step()
        assert (node.status().waiting, len(live.held())) == (20, 20)
        lanes.go_until(lambda: node.status().is_drained)
    assert judge(node.recorded, live.held()).sound


@pytest.mark.django_db(transaction=True)
def test_control_a_receiver_that_does_not_look_stores_everything_again(live: LiveReceiver, proxy: FaultProxy, tmp_path: Path) -> None:
    careless = CarelessReceiver()
    running = careless.start()
    node = NetworkNode.claimed(tmp_path, live, through=proxy.url)
    proxy.upstream, proxy.choose = careless.url, LosesAnswers(LOST_ANSWERS_EACH)
    node.put(20)
    with node.lanes(attempts=LOST_ANSWERS_EACH + 1) as lanes:
        lanes.go_until(lambda: node.status().is_drained)
    running.shutdown()
    running.server_close()
    verdict = judge(node.recorded, careless.rows)
    assert (verdict.lost, verdict.duplicated, verdict.sound) == (0, 20 * LOST_ANSWERS_EACH, False)


@pytest.mark.django_db(transaction=True)
def test_control_a_node_that_takes_a_status_for_a_receipt_loses_records(live: LiveReceiver, proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.upstream = live.url
    node = NetworkNode.claimed(tmp_path, live, through=proxy.url)
    node.put(20)
    proxy.fates["records"] = ["reset"]
    with node.lanes(sender_of=TrustingSender) as lanes:
        lanes.go_until(lambda: node.status().is_drained)
    verdict = judge(node.recorded, live.held())
    assert (verdict.lost, verdict.sound) == (20, False)
