"""The real node and the real server with a link that breaks: what was recorded arrives, and arrives once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.errors import Unavailable
from edge_client.lanes import CropLane, RecordLane
from edge_client.node_token import TokenFile, Tokens
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import OutboxStatus, list_records, read_status
from edge_client.sender import Backoff, Sender
from edge_client.server_api import ServerApi
from server.nodes.models import Node as StoredNode
from server.sightings.models import Crop, Record
from tests.contract.claimed_node import claim_token, open_outbox_of, put_sighting
from tests.contract.fault_proxy import Fate, FaultProxy
from tests.edge_client.fakes import FakeClock
from tests.edge_client.fast_clock import FastClock

pytestmark = pytest.mark.django_db(transaction=True)


class LiveServer(Protocol):
    url: str


@dataclass
class Node:
    """A claimed node whose every request goes through the proxy. Waiting is instant and noted."""

    config: NodeConfig
    proxy: FaultProxy
    clock: FakeClock = field(default_factory=FakeClock)
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.clock.go_on(seconds)
        return self.clock.now > 3600 * 10**9

    def sleep(self, seconds: float) -> None:
        self.wait(seconds)

    def put(self, count: int) -> list[str]:
        outbox = open_outbox_of(self.config, self.clock)
        recorded = [put_sighting(outbox, self.clock, shade=60 + number) for number in range(count)]
        outbox.close()
        return sorted(str(one.record_id) for one in recorded)

    def status(self) -> OutboxStatus:
        return read_status(self.config.state / "outbox", clock=self.clock)

    def deliver(self) -> None:
        fast = FastClock()
        courier = build(self.config, Surroundings(clock=fast, wait=fast.wait, random=lambda: 0.5))
        courier.run(once=True)
        courier.close()

    def lanes(self, deliveries: Deliveries, *, attempts: int) -> tuple[RecordLane, CropLane]:
        api = ServerApi(self.proxy.url, token=Tokens(TokenFile(self.config.state)).current)
        sender = Sender(api, wait=self.sleep, random=lambda: 0.5, attempts=attempts)
        pause, retry = Backoff(lambda: 0.5, first_s=1.0), Backoff(lambda: 0.5)
        return (
            RecordLane(deliveries, sender, clock=self.clock, pause=pause, retry=retry),
            CropLane(deliveries, sender, clock=self.clock, pause=pause, retry=retry),
        )


@pytest.fixture
def proxy(live_server: LiveServer) -> Iterator[FaultProxy]:
    proxy = FaultProxy(live_server.url)
    running = proxy.start()
    yield proxy
    running.shutdown()
    running.server_close()


@pytest.fixture
def node(proxy: FaultProxy, tmp_path: Path) -> Node:
    config = NodeConfig(state=tmp_path, camera=CameraConfig(kind="replay", source="clip.mp4"))
    claim(config, server=proxy.url, token=claim_token())
    return Node(config, proxy)


def stored() -> list[str]:
    return sorted(str(uuid) for uuid in Record.objects.values_list("uuid", flat=True))


@pytest.mark.parametrize("lost", ["cut_answer", "half_answer"])
def test_an_answer_lost_after_the_commit_loses_nothing_and_stores_nothing_twice(node: Node, lost: Fate) -> None:
    recorded = node.put(3)
    node.proxy.fates = {"records": [lost], "crops": ["cut_answer"], "heartbeat": [lost], "gallery": [lost]}
    node.deliver()
    assert stored() == recorded
    assert [crop.state for crop in Crop.objects.all()] == ["stored"] * 3
    assert (node.status().is_drained, list_records(node.config.state / "outbox")) == (True, ())
    assert node.proxy.answers_to("records") == [200, 200]
    assert node.proxy.answers_to("crops") == [204] * 4


def test_a_claim_whose_answer_was_lost_is_repeated_and_makes_no_second_node(proxy: FaultProxy, tmp_path: Path) -> None:
    config = NodeConfig(state=tmp_path, camera=CameraConfig(kind="replay", source="clip.mp4"))
    token = claim_token()
    proxy.fates = {"claim": ["cut_answer"]}
    with pytest.raises(Unavailable):
        claim(config, server=proxy.url, token=token)
    identity = claim(config, server=proxy.url, token=token)
    assert [node.uuid for node in StoredNode.objects.all()] == [identity.node]


def test_two_resets_and_an_answer_happen_within_one_lease(node: Node) -> None:
    recorded = node.put(2)
    node.proxy.fates = {"records": ["reset", "reset"], "crops": ["reset", "reset"]}
    deliveries = Deliveries.open(node.config.state / "outbox", clock=node.clock)
    records, crops = node.lanes(deliveries, attempts=3)
    assert records.step()
    assert crops.step()
    assert (stored(), node.status().is_drained) == (recorded, True)
    assert node.proxy.seen[-7:] == [*["records"] * 3, *["crops"] * 4]
    deliveries.close()


def test_control_without_a_burst_two_resets_are_a_failure(node: Node) -> None:
    node.put(2)
    node.proxy.fates = {"records": ["reset", "reset"]}
    deliveries = Deliveries.open(node.config.state / "outbox", clock=node.clock)
    records, _ = node.lanes(deliveries, attempts=1)
    assert not records.step()
    assert (stored(), node.status().waiting) == ([], 2)
    deliveries.close()


def test_the_wait_that_the_server_asks_for_is_kept(node: Node) -> None:
    recorded = node.put(1)
    deliveries = Deliveries.open(node.config.state / "outbox", clock=node.clock)
    records, _ = node.lanes(deliveries, attempts=3)
    node.proxy.fates = {"records": [4]}
    assert records.step()
    assert node.waits == [4.0]
    assert stored() == recorded
    deliveries.close()


def test_a_long_wait_is_spent_outside_of_the_lease(node: Node) -> None:
    recorded = node.put(1)
    deliveries = Deliveries.open(node.config.state / "outbox", clock=node.clock)
    records, _ = node.lanes(deliveries, attempts=3)
    node.proxy.fates = {"records": [40]}
    assert not records.step()
    before = node.proxy.seen.count("records")
    node.clock.go_on(39)
    assert not records.step()
    assert (node.proxy.seen.count("records"), node.waits) == (before, [])
    node.clock.go_on(11)
    assert records.step()
    assert stored() == recorded
    deliveries.close()
