"""F21 with the real node and the real server: a card that goes back to an older image, and one that is in two machines at once."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.orders import EpochOrder
from edge_client.outbox.status import list_records, read_status
from server.nodes.models import EpochGrant, NodeAlarm
from server.sightings.models import Crop, Record, Sighting
from shared_schema.ids import BootId
from tests.contract.claimed_node import claim_token, open_outbox_of, put_sighting
from tests.edge_client.fast_clock import FastClock

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


class LiveServer(Protocol):
    url: str


@dataclass
class Machine:
    """A machine with the card in `state`; every start of it is another boot."""

    state: Path
    told: list[str]
    shades: "count[int]"
    clock: FastClock = field(default_factory=FastClock)

    def __post_init__(self) -> None:
        self.config = NodeConfig(state=self.state, camera=CameraConfig(kind="replay", source="clip.mp4"))
        self.boot()

    def boot(self) -> None:
        shutil.rmtree(self.state / "run", ignore_errors=True)
        self.clock = FastClock(boot_id=BootId(uuid4()))

    def see(self, passes: int) -> None:
        """Capture: records, and does what the courier ordered."""
        outbox, order = open_outbox_of(self.config, self.clock), EpochOrder(self.config.run_folder)
        wanted = order.wanted()
        if wanted is not None:
            outbox.begin_epoch(wanted)
            order.done()
        outbox.shed()
        self.told += [put_sighting(outbox, self.clock, shade=next(self.shades)).sha256 for _ in range(passes)]
        outbox.close()

    def deliver(self) -> None:
        courier = build(self.config, Surroundings(clock=self.clock, wait=self.clock.wait, random=lambda: 0.5))
        courier.run(once=True)
        courier.close()

    @property
    def is_at_rest(self) -> bool:
        box = self.state / "outbox"
        return read_status(box, clock=self.clock).is_drained and not list_records(box, parked=True)


@pytest.fixture
def machine(live_server: LiveServer, tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "card", [], count(40))
    claim(machine.config, server=live_server.url, token=claim_token())
    return machine


def image_of(machine: Machine) -> Path:
    return Path(shutil.copytree(machine.state, machine.state.with_name("image"), ignore=shutil.ignore_patterns("run")))


def go_on_until_at_rest(*machines: Machine) -> None:
    for _ in range(ROUNDS):
        for machine in machines:
            machine.deliver()
            machine.see(0)
        if all(machine.is_at_rest for machine in machines):
            return
    raise AssertionError([list_records(machine.state / "outbox") for machine in machines])


def assert_everything_came_once(told: list[str]) -> None:
    assert Counter(Record.objects.filter(kind="sighting").values_list("sha256", flat=True)) == Counter(told)
    assert Sighting.objects.count() == len(told) == len(set(told))
    assert set(Crop.objects.values_list("state", flat=True)) == {"stored"}


def test_a_card_that_was_rolled_back_is_found_out_and_loses_and_doubles_nothing(machine: Machine) -> None:
    machine.see(2)
    machine.deliver()
    machine.see(1)
    image = image_of(machine)
    machine.see(2)
    machine.deliver()
    shutil.rmtree(machine.state)
    image.rename(machine.state)
    machine.boot()
    machine.see(3)
    go_on_until_at_rest(machine)
    assert_everything_came_once(machine.told)
    assert "rolled_back" in NodeAlarm.objects.values_list("kind", flat=True)
    assert max(Record.objects.values_list("epoch", flat=True)) == EpochGrant.objects.get().granted


def test_a_card_in_two_machines_is_found_out_and_what_either_saw_comes_once(machine: Machine) -> None:
    machine.see(2)
    machine.deliver()
    machine.see(1)
    copy = Machine(image_of(machine), machine.told, machine.shades)
    for each in (machine, copy):
        each.boot()
        each.see(2)
    go_on_until_at_rest(machine, copy)
    machine.see(1)
    copy.see(1)
    go_on_until_at_rest(machine, copy)
    assert_everything_came_once(machine.told)
    assert {"cloned", "rolled_back"} & set(NodeAlarm.objects.values_list("kind", flat=True))


def test_control_without_another_epoch_a_rolled_back_cards_records_stay_where_they_are(machine: Machine) -> None:
    machine.see(1)
    image = image_of(machine)
    machine.see(2)
    machine.deliver()
    shutil.rmtree(machine.state)
    image.rename(machine.state)
    machine.boot()
    machine.see(2)
    machine.deliver()
    assert set(machine.told) - set(Record.objects.values_list("sha256", flat=True)) == set(machine.told[-2:])
    assert [record.state for record in list_records(machine.state / "outbox")] == ["parked", "parked"]
