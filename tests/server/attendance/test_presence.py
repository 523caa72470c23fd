from datetime import timedelta
from typing import Any

import pytest

from server.core.permissions import Role
from server.recompute.services import work_off
from server.sites.models import Direction, Door, Site
from tests.factories import NOON, FakeNode, a_door, a_person, a_site, as_role

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _afternoon(time_machine: Any) -> None:
    time_machine.move_to(NOON + timedelta(hours=3), tick=False)


def who_is_in() -> list[tuple[str, str]]:
    work_off()
    found = as_role(Role.ADMIN).get("/api/v1/presence").json()["results"]
    return sorted((item["person"]["name"], item["site"]["name"]) for item in found)


@pytest.fixture
def site() -> Site:
    return a_site(name="Main building")


def doors_of(site: Site) -> tuple[Door, Door]:
    return a_door(site, direction=Direction.IN), a_door(site, direction=Direction.OUT)


def test_somebody_last_sighted_at_a_door_for_going_out_is_not_in(site: Site) -> None:
    entry, leaving = (FakeNode.hung(door) for door in doors_of(site))
    ada, grace = a_person("Ada"), a_person("Grace")
    entry.send(entry.sighting(at=NOON, person=ada), entry.sighting(at=NOON, person=grace))
    leaving.send(leaving.sighting(at=LATER, person=ada))
    assert who_is_in() == [("Grace", "Main building")]


def test_whoever_comes_back_is_in_again(site: Site) -> None:
    entry, leaving = (FakeNode.hung(door) for door in doors_of(site))
    ada = a_person("Ada")
    leaving.send(leaving.sighting(at=NOON, person=ada))
    entry.send(entry.sighting(at=LATER, person=ada))
    assert who_is_in() == [("Ada", "Main building")]


def test_an_entry_that_is_delivered_after_the_exit_brings_nobody_back(site: Site) -> None:
    entry, leaving = (FakeNode.hung(door) for door in doors_of(site))
    ada = a_person("Ada")
    leaving.send(leaving.sighting(at=LATER, person=ada))
    assert who_is_in() == []
    entry.send(entry.sighting(at=NOON, person=ada))
    assert who_is_in() == []


def test_a_door_for_both_ways_leaves_somebody_in(site: Site) -> None:
    node = FakeNode.hung(a_door(site))
    node.send(node.sighting(person=a_person("Ada")))
    assert who_is_in() == [("Ada", "Main building")]


def test_nobody_is_in_at_two_sites(site: Site) -> None:
    here, there = FakeNode.hung(a_door(site)), FakeNode.hung(a_door(a_site(name="Annexe")))
    ada = a_person("Ada")
    here.send(here.sighting(at=NOON, person=ada))
    there.send(there.sighting(at=LATER, person=ada))
    assert who_is_in() == [("Ada", "Annexe")]


def test_yesterdays_people_are_not_in(site: Site) -> None:
    node = FakeNode.hung(a_door(site))
    node.send(node.sighting(at=NOON - timedelta(days=1), person=a_person("Ada")))
    assert who_is_in() == []


def test_a_pass_that_was_not_recognised_takes_nobody_out(site: Site) -> None:
    entry, leaving = (FakeNode.hung(door) for door in doors_of(site))
    entry.send(entry.sighting(at=NOON, person=a_person("Ada")))
    leaving.send(leaving.sighting(at=LATER))
    assert who_is_in() == [("Ada", "Main building")]
