"""The same signed records give the same published rows, in whatever order and batches they arrive and whenever the workers work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.people.models import Person
from server.recompute.models import Mark
from server.recompute.services import work_off
from server.schedules.models import Session
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_session, a_site
from tests.factories_attendance import an_area
from tests.server.attendance.lecture import HOUR, looked

pytestmark = pytest.mark.django_db
NIGHT = NOON + 9 * HOUR
Rows = list[tuple[object, ...]]
OF_NO_FACT = {"id", "uuid", "changed_at", "version"}


@dataclass
class House:
    """A lecture and a night shift after it, behind a door in and a door out; three people, one of whom nobody sees."""

    people: list[Person] = field(default_factory=list)
    items: list[tuple[FakeNode, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        site, group = a_site(), a_group()
        doors = [a_door(site, direction=way) for way in ("in", "out")]
        nodes = [FakeNode.hung(door) for door in doors]
        an_area(site, *doors)
        self.people = [a_member(group) for _ in range(3)]
        terms = {"early_grace_s": 60, "exits_expected": True}
        a_session(site, group, terms=terms)
        a_session(site, group, begins_at=NIGHT, minutes=480, terms=terms)
        for number, person in enumerate(self.people[:2]):
            for begin, length in ((NOON, HOUR), (NIGHT, 7 * HOUR)):
                late = timedelta(minutes=7 * number - 3)
                self.items.append((nodes[0], nodes[0].sighting(person=person, at=begin + late)))
                self.items.append((nodes[1], nodes[1].sighting(person=person, at=begin + length + late)))
        for node in nodes:
            for hour in range(-2, 20, 4):
                self.items.append((node, looked(node, NOON + hour * HOUR, NOON + (hour + 4) * HOUR)))

    def told(self, order: list[int], pause: Callable[[], bool]) -> None:
        """Send them in this order, in batches between which the workers sometimes work."""
        batch: dict[int, list[object]] = {}
        nodes = {id(node): node for node, _ in self.items}
        for place in order:
            node, item = self.items[place]
            batch.setdefault(id(node), []).append(item)
            if pause():
                for key, items in batch.items():
                    nodes[key].send(*items)
                batch = {}
                work_off(limit=3)
        for key, items in batch.items():
            nodes[key].send(*items)
        work_off()


@pytest.fixture
def house(time_machine: Any) -> House:
    time_machine.move_to(NOON + timedelta(days=2), tick=False)
    return House()


def rows() -> dict[str, Rows]:
    found = {}
    for model in (AttendanceRecord, VisitRow, OpenDayRecord):
        names = [name.attname for name in model._meta.concrete_fields if name.name not in OF_NO_FACT]
        found[model.__name__] = sorted((row for row in model.objects.filter(gone_at__isnull=True).values_list(*names)), key=repr)
    found["covered"] = list(Session.objects.order_by("pk").values_list("covered_at"))
    return found


def outcome(house: House, order: list[int], pause: Callable[[], bool]) -> dict[str, Rows]:
    with transaction.atomic():
        house.told(order, pause)
        assert not Mark.objects.exists()
        found = rows()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 14), marks=pytest.mark.slow)])
def test_any_order_batches_repeats_and_pauses_give_the_same_rows(house: House, seeds: range) -> None:
    in_order = list(range(len(house.items)))
    expected = outcome(house, in_order, lambda: False)
    assert len(expected["AttendanceRecord"]) == 6
    assert len(expected["VisitRow"]) == 4
    for seed in seeds:
        random = Random(seed)  # noqa: S311 (an order, no secret)
        order = random.sample(in_order, len(in_order)) + random.sample(in_order, 5)
        assert outcome(house, order, lambda random=random: random.random() < 0.15) == expected, f"seed {seed}"  # type: ignore[misc]


def test_another_fact_gives_other_rows(house: House) -> None:
    in_order = list(range(len(house.items)))
    assert outcome(house, in_order, lambda: False) != outcome(house, in_order[1:], lambda: False)


def test_everything_derived_anew_is_what_was_derived_bit_by_bit(house: House) -> None:
    random = Random(7)  # noqa: S311
    house.told(random.sample(range(len(house.items)), len(house.items)), lambda: random.random() < 0.2)
    bit_by_bit = rows()
    for model in (AttendanceRecord, VisitRow, OpenDayRecord):
        model.objects.all().delete()
    call_command("rebuild", workers=1)
    assert rows() == bit_by_bit
    AttendanceRecord.objects.update(state="excused", worked_s=1)
    OpenDayRecord.objects.update(sightings=99)
    call_command("rebuild", workers=1)
    assert rows() == bit_by_bit
