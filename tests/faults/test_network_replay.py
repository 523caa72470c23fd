"""Requests that come again, in another order or with another content, and records that nobody can take."""

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
import requests

from edge_client.clock import SystemClock
from edge_client.node_token import TokenFile
from edge_client.outbox.retry import retry_parked
from edge_client.outbox.status import list_records
from server.sightings.models import RecordConflict
from tests.contract.fault_proxy import Fate, FaultProxy
from tests.faults.network_node import NetworkNode, judge
from tests.faults.network_receiver import LiveReceiver

ROUNDS = 3

pytestmark = pytest.mark.django_db(transaction=True)


class LiveServer(Protocol):
    url: str


@pytest.fixture
def live(live_server: LiveServer) -> LiveReceiver:
    return LiveReceiver(live_server.url)


@pytest.fixture
def bodies() -> list[bytes]:
    """Whatever batch went over the link."""
    return []


@pytest.fixture
def proxy(live: LiveReceiver, bodies: list[bytes]) -> Iterator[FaultProxy]:
    def overhear(name: str, body: bytes) -> Fate | None:
        if name == "records":
            bodies.append(body)
        return None

    proxy = FaultProxy(live.url, choose=overhear)
    running = proxy.start()
    yield proxy
    running.shutdown()
    running.server_close()


@pytest.fixture
def node(live: LiveReceiver, proxy: FaultProxy, tmp_path: Path) -> NetworkNode:
    return NetworkNode.claimed(tmp_path / "node", live, through=proxy.url)


def deliver(node: NetworkNode) -> None:
    with node.lanes() as lanes:
        lanes.go_until(lambda: node.status().is_drained)


def test_batches_that_come_again_in_any_order_change_nothing(node: NetworkNode, live: LiveReceiver, bodies: list[bytes]) -> None:
    for _ in range(4):
        node.put(5)
        deliver(node)
    rows = sorted(live.held())
    (token, *_) = TokenFile(node.config.state).load()
    headers = {"Authorization": f"Bearer {token.token}", "Content-Type": "application/json"}
    items = [item for body in bodies for item in json.loads(body)["items"]]
    chance = random.Random(1)  # noqa: S311
    statuses = set()
    for _ in range(ROUNDS):
        chance.shuffle(items)
        body = json.dumps({"protocol": 1, "items": [*items, *items[:3]]})
        answer = requests.post(f"{live.url}/api/v1/node/records", data=body, headers=headers, timeout=30)
        statuses |= {receipt["status"] for receipt in answer.json()["receipts"]}
    assert statuses == {"archived"}
    assert sorted(live.held()) == rows
    assert judge(node.recorded, live.held()).sound


def test_another_content_under_a_used_number_is_refused_kept_apart_and_told(node: NetworkNode, live: LiveReceiver, tmp_path: Path) -> None:
    node.put(3)
    shutil.copytree(node.config.state, tmp_path / "copy")
    node.put(1)
    deliver(node)
    copy = replace(node, config=node.config.model_copy(update={"state": tmp_path / "copy"}), recorded=[], _seed=7)
    (other,) = copy.put(1)
    with copy.lanes() as lanes:
        lanes.go_until(lambda: not copy.status().waiting)
    (parked,) = list_records(copy.outbox)
    assert (parked.state, parked.code, parked.sha256) == ("parked", "conflict", other.sha256)
    assert judge(node.recorded, live.held()).sound
    assert list(RecordConflict.objects.values_list("sha256", flat=True)) == [other.sha256]


def test_a_record_that_the_server_cannot_read_is_parked_and_can_be_sent_again(node: NetworkNode, live: LiveReceiver) -> None:
    before = node.put(2)
    (poison,) = node.put(1, payload=lambda _sighting: b'{"schema_version": 99}')
    after = node.put(2)
    with node.lanes() as lanes:
        lanes.go_until(lambda: not node.status().waiting)
        (parked,) = list_records(node.outbox)
        assert (parked.sha256, parked.state, parked.code) == (poison.sha256, "parked", "invalid_payload")
        assert judge([*before, *after], live.held()).sound
        assert retry_parked(node.outbox, clock=SystemClock()).records == 1
        lanes.go_until(lambda: not node.status().waiting)
    assert [one.code for one in list_records(node.outbox)] == ["invalid_payload"]
