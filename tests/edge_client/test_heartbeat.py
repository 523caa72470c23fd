from collections.abc import Iterator

import pytest

from edge_client.errors import Unavailable
from edge_client.heartbeat import Heartbeats
from edge_client.server_api import ServerApi
from shared_schema.clock import ClockReading, Exchange
from shared_schema.node import Heartbeat, HeartbeatAnswer
from tests.edge_client.fakes import FakeClock, FakeServer


@pytest.fixture
def heartbeats(clock: FakeClock, server: FakeServer) -> Iterator[Heartbeats]:
    def answer(_: bytes) -> str:
        clock.go_on(2)
        return HeartbeatAnswer(server_ns=77, gallery_revision=0, settings_revision=0).model_dump_json()

    def describe(at: ClockReading, previous: Exchange | None) -> Heartbeat:
        return Heartbeat(at=at, previous=previous, version="1", model_id="m")

    server.answers["heartbeat"] = answer
    api = ServerApi(server.url, token="t" * 20)
    yield Heartbeats(api, clock=clock, describe=describe)
    api.close()


def _previous(server: FakeServer) -> Exchange | None:
    return Heartbeat.model_validate_json(server.bodies["heartbeat"][-1]).previous


def test_each_heartbeat_tells_the_round_trip_of_the_one_before(heartbeats: Heartbeats, clock: FakeClock, server: FakeServer) -> None:
    heartbeats.beat()
    assert _previous(server) is None
    heartbeats.beat()
    assert _previous(server) == Exchange(boot_id=clock.boot_id, sent_boot_ns=10**9, received_boot_ns=3 * 10**9, server_ns=77)


def test_an_exchange_is_told_once_and_a_failed_one_never(heartbeats: Heartbeats, server: FakeServer) -> None:
    heartbeats.beat()
    server.faults["heartbeat"] = ["reset"]
    with pytest.raises(Unavailable):
        heartbeats.beat()
    heartbeats.beat()
    assert _previous(server) is None
