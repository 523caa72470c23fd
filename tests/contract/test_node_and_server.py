"""The real node against the real server, over HTTP: whatever the two take a message to mean must be the same."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from django.utils import timezone

from edge_client.clock import SystemClock
from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Courier, Surroundings, build
from edge_client.errors import EdgeError
from edge_client.gallery_cache import GalleryCache
from edge_client.outbox.status import list_records, read_status
from server.nodes.models import Node
from server.nodes.services import node_revoke
from server.sightings.models import Crop as StoredCrop
from server.sightings.models import Record
from shared_schema.envelope import Kind
from tests.contract.claimed_node import claim_token, open_outbox_of, put_sighting

pytestmark = pytest.mark.django_db(transaction=True)


class LiveServer(Protocol):
    url: str


@pytest.fixture
def token() -> str:
    return claim_token()


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    return NodeConfig(state=tmp_path, camera=CameraConfig(kind="replay", source="clip.mp4"))


@pytest.fixture
def courier(config: NodeConfig, live_server: LiveServer, token: str) -> Iterator[Courier]:
    claim(config, server=live_server.url, token=token)
    deadline = time.monotonic() + 4

    def wait(seconds: float) -> bool:
        time.sleep(min(seconds, 0.01))
        return time.monotonic() > deadline

    courier = build(config, Surroundings(clock=SystemClock(), wait=wait))
    yield courier
    courier.close()


def test_sightings_and_their_crops_arrive_once_and_leave_the_node(config: NodeConfig, courier: Courier) -> None:
    outbox = open_outbox_of(config, SystemClock())
    for _ in range(3):
        put_sighting(outbox, SystemClock())
    said = {(record.epoch, record.seq, record.sha256) for record in list_records(config.state / "outbox")}
    courier.run(once=True)
    assert {(record.epoch, record.seq, record.sha256) for record in Record.objects.all()} == said
    assert {crop.state for crop in StoredCrop.objects.all()} == {"stored"}
    status = read_status(config.state / "outbox", clock=SystemClock())
    assert (status.waiting, status.accepted, status.parked, status.crops_waiting, status.crops_parked) == (0, 0, 0, 0, 0)
    outbox.close()


def test_the_node_gets_settings_and_the_server_gets_its_heartbeat(config: NodeConfig, courier: Courier) -> None:
    open_outbox_of(config, SystemClock()).close()
    courier.run(once=True)
    assert GalleryCache(config.state).settings() is not None
    assert Node.objects.get().last_heartbeat_at is not None


def test_a_garbage_payload_is_parked_and_its_neighbours_arrive(config: NodeConfig, courier: Courier) -> None:
    outbox = open_outbox_of(config, SystemClock())
    put_sighting(outbox, SystemClock())
    outbox.put(Kind.SIGHTING, b'{"no":"sighting"}')
    put_sighting(outbox, SystemClock())
    outbox.close()
    courier.run(once=True)
    assert [(record.seq, record.state) for record in list_records(config.state / "outbox")] == [(2, "parked")]
    assert sorted(Record.objects.values_list("seq", flat=True)) == [1, 3]


def test_a_claim_may_be_repeated_and_gives_the_same_node(config: NodeConfig, live_server: LiveServer, token: str) -> None:
    first = claim(config, server=live_server.url, token=token)
    assert claim(config, server=live_server.url, token=token) == first


def test_a_token_used_with_another_key_is_refused_in_one_sentence(config: NodeConfig, live_server: LiveServer, token: str) -> None:
    claim(config, server=live_server.url, token=token)
    (config.state / "keys" / "signing.key").unlink()
    with pytest.raises(EdgeError, match=r"refused the claim: .*another key") as refusal:
        claim(config, server=live_server.url, token=token)
    assert "\n" not in str(refusal.value)


def test_a_revoked_node_delivers_nothing_and_keeps_everything(config: NodeConfig, courier: Courier) -> None:
    outbox = open_outbox_of(config, SystemClock())
    put_sighting(outbox, SystemClock())
    outbox.close()
    node_revoke(Node.objects.get(), now=timezone.now())
    courier.run(once=False)
    assert Record.objects.count() == 0
    assert read_status(config.state / "outbox", clock=SystemClock()).waiting == 1
