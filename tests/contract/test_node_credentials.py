"""Token, key and epochs between the real courier, the real outbox and the real server."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.node_token import TokenFile
from edge_client.orders import EpochOrder
from edge_client.outbox.status import list_records, read_status
from edge_client.outbox.store import Recorded
from server.nodes.claims import claim_create_for
from server.nodes.models import Node as StoredNode
from server.nodes.models import NodeAlarm
from server.nodes.services import node_revoke
from server.sightings.models import Record
from shared_schema.ids import BootId
from tests.contract.claimed_node import claim_token, open_outbox_of, put_sighting
from tests.edge_client.fast_clock import FastClock

pytestmark = pytest.mark.django_db(transaction=True)


class LiveServer(Protocol):
    url: str


@dataclass
class Card:
    """A claimed node's card in a machine, and what runs on it."""

    config: NodeConfig
    clock: FastClock = field(default_factory=FastClock)

    @classmethod
    def of(cls, state: Path) -> "Card":
        return cls(NodeConfig(state=state, camera=CameraConfig(kind="replay", source="clip.mp4")))

    def record(self, count: int = 1) -> list[Recorded]:
        outbox = open_outbox_of(self.config, self.clock)
        recorded = [put_sighting(outbox, self.clock) for _ in range(count)]
        outbox.close()
        return recorded

    def obey(self) -> None:
        """What capture does with an order."""
        order = EpochOrder(self.config.run_folder)
        outbox = open_outbox_of(self.config, self.clock)
        wanted = order.wanted()
        if wanted is not None:
            outbox.begin_epoch(wanted)
            order.done()
        outbox.shed()
        outbox.close()

    def courier(self, *, once: bool = True) -> None:
        around = Surroundings(clock=self.clock, wait=self.clock.wait, random=lambda: 0.5)
        build(self.config, around).run(once=once)

    def contacts(self, *meanwhile: Callable[[], None]) -> None:
        """A courier that meets the server, and again after each of these."""
        courier = build(self.config, Surroundings(clock=self.clock, wait=self.clock.wait, random=lambda: 0.5))
        for act in (lambda: None, *meanwhile):
            act()
            courier.contact._due_ns = 0
            courier.contact.step()
        courier.close()

    def tokens(self) -> list[int]:
        return [token.generation for token in TokenFile(self.config.state).load()]

    def image(self, to: Path, boot: int) -> "Card":
        """The card copied bit by bit, in another machine."""
        shutil.copytree(self.config.state, to)
        copy = Card.of(to)
        copy.clock.boot_id = BootId(UUID(int=boot))
        return copy

    def is_drained(self) -> bool:
        return list_records(self.config.state / "outbox") == ()


@pytest.fixture
def card(tmp_path: Path, live_server: LiveServer) -> Card:
    card = Card.of(tmp_path / "card")
    claim(card.config, server=live_server.url, token=claim_token())
    return card


def stored() -> list[str]:
    return sorted(str(uuid) for uuid in Record.objects.values_list("uuid", flat=True))


def payloads() -> list[str]:
    return sorted(Record.objects.values_list("sha256", flat=True))


def test_a_token_that_grew_old_is_changed_and_the_old_one_ends(card: Card, settings: Settings) -> None:
    settings.NODE_TOKEN_DAYS = -1.0
    card.contacts()
    assert card.tokens() == [2, 1]
    settings.NODE_TOKEN_DAYS = 30.0
    card.contacts()
    node = StoredNode.objects.get()
    assert (node.token_generation, node.next_token_sha256) == (2, None)
    assert not NodeAlarm.objects.exists()


def test_a_server_restored_to_the_time_before_the_change_goes_on_with_the_node(card: Card, settings: Settings) -> None:
    before = StoredNode.objects.get()
    settings.NODE_TOKEN_DAYS = -1.0
    card.contacts()
    settings.NODE_TOKEN_DAYS = 30.0
    card.contacts()
    StoredNode.objects.filter(pk=before.pk).update(
        token_sha256=before.token_sha256, next_token_sha256=None, token_generation=before.token_generation
    )
    StoredNode.objects.get().spent_tokens.all().delete()
    card.record()
    card.courier()
    assert (len(stored()), card.is_drained()) == (1, True)


def test_control_a_node_whose_tokens_are_all_unknown_delivers_nothing(card: Card) -> None:
    StoredNode.objects.update(token_sha256="0" * 64)
    card.record()
    with pytest.raises(Exception, match="claim it again"):
        card.courier()
    assert stored() == []


def test_a_node_that_is_claimed_again_keeps_its_door_its_key_and_its_history(card: Card, live_server: LiveServer) -> None:
    card.record(2)
    card.courier()
    before, key = IdentityFolder(card.config.state).load(), KeyFolder(card.config.state).public_key()
    token = claim_create_for(node=StoredNode.objects.get(), by=None, now=timezone.now()).token
    again = claim(card.config, server=live_server.url, token=token)
    assert (again.node, again.door_name, KeyFolder(card.config.state).public_key()) == (before.node, before.door_name, key)
    assert again.next_epoch > before.next_epoch
    card.record()
    card.courier()
    assert (len(stored()), card.is_drained(), StoredNode.objects.count()) == (3, True, 1)


def test_a_replaced_card_has_a_key_of_its_own_and_never_gives_a_number_twice(card: Card, tmp_path: Path, live_server: LiveServer) -> None:
    card.record(2)
    card.courier()
    token = claim_create_for(node=StoredNode.objects.get(), by=None, now=timezone.now()).token
    new = Card.of(tmp_path / "new card")
    claim(new.config, server=live_server.url, token=token)
    assert KeyFolder(new.config.state).public_key() != KeyFolder(card.config.state).public_key()
    new.record(2)
    new.courier()
    assert (len(stored()), StoredNode.objects.count()) == (4, 1)
    card.record()
    with pytest.raises(Exception, match="claim it again"):
        card.courier()
    assert len(stored()) == 4


def test_a_new_key_signs_what_comes_after_it(card: Card, live_server: LiveServer) -> None:
    card.record()
    card.courier()
    token = claim_create_for(node=StoredNode.objects.get(), by=None, now=timezone.now()).token
    claim(card.config, server=live_server.url, token=token, new_key=True)
    assert KeyFolder(card.config.state).public_key() == bytes(StoredNode.objects.get().public_key)
    card.record()
    card.courier()
    assert (len(stored()), card.is_drained()) == (2, True)


def test_a_card_that_was_rolled_back_loses_nothing_and_gives_no_number_twice(card: Card, tmp_path: Path) -> None:
    seen = card.record(2)
    image = card.image(tmp_path / "image", boot=2)
    seen += card.record(3)
    card.courier()
    seen += image.record(2)
    image.contacts()
    assert EpochOrder(image.config.run_folder).wanted() is not None
    for _ in range(2):
        image.obey()
        image.courier()
    image.obey()
    image.courier()
    assert payloads() == sorted(one.sha256 for one in seen)
    assert read_status(image.config.state / "outbox", clock=image.clock).parked == 0
    assert {alarm.kind for alarm in NodeAlarm.objects.all()} == {"rolled_back", "conflict"}


def test_control_without_the_order_the_sightings_after_a_roll_back_stay_on_the_card(card: Card, tmp_path: Path) -> None:
    card.record(2)
    image = card.image(tmp_path / "image", boot=2)
    card.record(3)
    card.courier()
    image.record(2)
    image.courier()
    assert (len(stored()), read_status(image.config.state / "outbox", clock=image.clock).parked) == (5, 2)


def test_a_node_that_is_revoked_while_it_runs_keeps_everything(card: Card) -> None:
    card.record()
    card.contacts(lambda: node_revoke(StoredNode.objects.get(), now=timezone.now()))
    with pytest.raises(Exception, match="nothing is lost"):
        card.courier()
    assert (stored(), read_status(card.config.state / "outbox", clock=card.clock).waiting) == ([], 1)


def test_the_server_gives_the_secret_for_a_sealed_gallery(card: Card) -> None:
    identity = IdentityFolder(card.config.state).load()
    cache = GalleryCache.of_capture(card.config.state, run=card.config.run_folder, identity=identity, read_board_key=lambda: b"\x04" * 32)
    card.contacts()
    assert (cache.at_rest, cache.has_galleries()) == ("sealed", True)


def test_what_a_node_says_of_itself_arrives(card: Card) -> None:
    card.record(2)
    card.contacts()
    node = StoredNode.objects.get()
    assert (node.queue_depth, node.epoch, node.last_seq, node.held_token_generation) == (2, 1, 2, 1)
    assert node.health["uptime_s"] is not None


def test_who_is_looked_for_is_told(card: Card) -> None:
    StoredNode.objects.update(identify_until=timezone.now() + timedelta(seconds=30))
    courier = build(card.config, Surroundings(clock=card.clock, wait=card.clock.wait, random=lambda: 0.5))
    courier.contact.step()
    (identify,) = (worker for worker in courier.workers if worker.name == "identify")
    assert identify._until_ns > card.clock.boot_ns()  # type: ignore[attr-defined]
    courier.close()
