"""The gallery on its way to a node: whole, then what changed, and gone at the next contact whoever was erased."""

from pathlib import Path
from random import Random
from typing import Protocol

import pytest
from django.utils import timezone

from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Courier, Surroundings, build
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder
from edge_client.server_api import Call
from server.core import cipher
from server.gallery.models import Template
from server.gallery.pipeline import embedder
from server.nodes.models import Node as StoredNode
from server.people.models import Person
from tests.contract.claimed_node import claim_token
from tests.edge_client.fast_clock import FastClock
from tests.factories_people import make_person

pytestmark = pytest.mark.django_db(transaction=True)
BOARD = b"\x04" * 32


class LiveServer(Protocol):
    url: str


def enrolled(number: int) -> Person:
    person = make_person(f"Person {number}")
    sealed = cipher.current().encrypt(Random(number).randbytes(512), purpose=cipher.TEMPLATE)  # noqa: S311 (the same every time)
    Template.objects.create(person=person, model_id=embedder().model_id, dimension=128, ciphertext=sealed, samples=1)
    return person


class Node:
    """A courier beside a capture that says which gallery it uses."""

    def __init__(self, state: Path, url: str, *, board: bytes | None) -> None:
        self.config = NodeConfig(state=state, camera=CameraConfig(kind="replay", source="clip.mp4"))
        claim(self.config, server=url, token=claim_token())
        self.clock = FastClock()
        self.calls: list[Call] = []
        identity = IdentityFolder(state).load()
        self.capture = GalleryCache.of_capture(state, run=self.config.run_folder, identity=identity, read_board_key=lambda: board)
        self.courier = self.start_courier()

    def start_courier(self) -> Courier:
        around = Surroundings(clock=self.clock, wait=self.clock.wait, random=lambda: 0.5, observe=self.calls.append)
        return build(self.config, around)

    def meet(self) -> None:
        """A contact, after which capture uses what came and says so."""
        self.says(self.in_use())
        self.courier.contact._due_ns = 0
        self.courier.contact.step()
        self.says(self.in_use())

    def in_use(self) -> int:
        gallery = self.capture.gallery(embedder().model_id)
        return gallery.revision if gallery else 0

    def says(self, revision: int) -> None:
        model, at = embedder().model_id, self.clock.reading()
        report = CaptureReport(at=at, camera="ok", model_id=model, gallery_revision=revision, settings_revision=0)
        CaptureReportFile(self.config.run_folder).write(report)

    def people(self) -> set[object]:
        gallery = self.capture.gallery(embedder().model_id)
        return {one.person for one in gallery.people} if gallery else set()

    def fetched(self) -> list[Call]:
        return [call for call in self.calls if call.path.startswith("gallery")]


@pytest.mark.parametrize("board", [None, BOARD], ids=["in memory", "sealed on the card"])
def test_who_was_erased_is_gone_at_the_next_contact_which_brings_only_what_changed(
    tmp_path: Path, live_server: LiveServer, board: bytes | None
) -> None:
    people = [enrolled(number) for number in range(20)]
    node = Node(tmp_path, live_server.url, board=board)
    node.meet()
    assert node.people() == {person.uuid for person in people}
    Person.objects.filter(pk=people[0].pk).update(erased_at=timezone.now())
    new = enrolled(20)
    node.meet()
    assert node.people() == {person.uuid for person in (*people[1:], new)}
    first, second = node.fetched()
    assert "&since=" in second.path
    assert len(second.answer) < len(first.answer) / 5
    node.meet()
    assert StoredNode.objects.get().gallery_revision == node.in_use()
    assert len(node.fetched()) == 2
    node.courier.close()


def test_a_courier_that_was_restarted_fetches_the_whole_and_capture_goes_on_meanwhile(tmp_path: Path, live_server: LiveServer) -> None:
    people = [enrolled(number) for number in range(3)]
    node = Node(tmp_path, live_server.url, board=BOARD)
    node.meet()
    node.courier.close()
    node.courier = node.start_courier()
    assert len(node.people()) == 3
    Person.objects.filter(pk=people[0].pk).update(erased_at=timezone.now())
    node.meet()
    assert node.people() == {person.uuid for person in people[1:]}
    assert "&since=" not in node.fetched()[-1].path
    node.courier.close()
