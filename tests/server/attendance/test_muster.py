from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.passes import pass_add, pass_undo
from server.attendance.presence import Muster, doors_now, muster, present, whereabouts
from server.attendance.rules.facts import Way
from server.core.permissions import Role, Scope
from server.people.models import Person
from server.sightings.models import Sighting
from server.sites.models import Direction, Site
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_person, a_site, an_account
from tests.server.attendance.lecture import HOUR, MINUTE, looked

pytestmark = pytest.mark.django_db
NOW = NOON + HOUR


class Building:
    """A door in and a door out, each with a camera that looked until one o'clock."""

    def __init__(self) -> None:
        self.site = a_site(name="Main building")
        self.entry = FakeNode.hung(a_door(self.site, name="Entry", direction=Direction.IN))
        self.leaving = FakeNode.hung(a_door(self.site, name="Exit", direction=Direction.OUT))
        for node in (self.entry, self.leaving):
            node.send(looked(node, NOON - HOUR, NOW))

    def enters(self, person: Person, at: datetime = NOON) -> None:
        self.entry.send(self.entry.sighting(person=person, at=at))

    def leaves(self, person: Person, at: datetime = NOON) -> None:
        self.leaving.send(self.leaving.sighting(person=person, at=at))

    def muster(self, now: datetime = NOW) -> Muster:
        return muster(site=self.site, user=None, scope=Scope.ALL, now=now)


@pytest.fixture
def building(time_machine: Any) -> Building:
    time_machine.move_to(NOON + 5 * HOUR, tick=False)
    return Building()


def listed(found: Muster) -> list[tuple[str, bool, bool]]:
    return [(one.whereabouts.person.name, one.is_in, one.uncertain) for one in found.people]


def test_a_muster_list_names_everybody_inside_and_until_when_every_door_is_known(building: Building) -> None:
    building.enters(a_person("Grace"))
    building.enters(ada := a_person("Ada", number="7"))
    building.enters(gone := a_person("Zoe"))
    building.leaves(gone, NOON + 2 * MINUTE)
    found = building.muster()
    assert listed(found) == [("Ada", True, False), ("Grace", True, False)]
    assert (found.people[0].whereabouts.person, found.people[0].whereabouts.door.name) == (ada, "Entry")
    assert [(one.door.name, one.is_silent) for one in found.doors] == [("Entry", False), ("Exit", False)]
    assert all(one.as_of is not None and NOW - MINUTE < one.as_of <= NOW for one in found.doors)


def test_behind_a_silent_exit_nobody_is_certainly_in(building: Building) -> None:
    building.enters(a_person("Ada"))
    later = NOW + 20 * MINUTE
    building.entry.send(looked(building.entry, NOW, later))
    found = building.muster(later)
    assert listed(found) == [("Ada", True, True)]
    assert [(one.door.name, one.is_silent) for one in found.doors] == [("Entry", False), ("Exit", True)]


def test_who_left_may_have_come_back_by_a_silent_entrance_and_is_looked_for(building: Building) -> None:
    building.leaves(a_person("Ada"))
    assert listed(building.muster()) == []
    later = NOW + 20 * MINUTE
    building.leaving.send(looked(building.leaving, NOW, later))
    assert listed(building.muster(later)) == [("Ada", False, True)]


def test_a_door_that_was_never_heard_is_silent_and_one_without_a_camera_is_not_asked(building: Building) -> None:
    FakeNode.hung(a_door(building.site, name="New"))
    a_door(building.site, name="Bare")
    retired = FakeNode.hung(a_door(building.site, name="Old", used_until=NOON))
    assert retired.node.mounts.exists()
    assert [(one.door.name, one.as_of) for one in doors_now([building.site], now=NOW)][1:] == [
        ("Exit", building.muster().doors[1].as_of),
        ("New", None),
    ]


def test_a_pass_entered_by_hand_says_where_somebody_is(building: Building) -> None:
    ada, by = a_person("Ada"), an_account(Role.ADMIN)
    building.enters(ada)
    door = building.leaving.node.mounts.get().door
    row = pass_add(person=ada, door=door, at=NOON + MINUTE, way=Way.OUT, note="", by=by, now=NOW)
    assert present(user=None, scope=Scope.ALL, now=NOW) == []
    pass_undo(row=row, by=by, now=NOW)
    assert [one.person for one in present(user=None, scope=Scope.ALL, now=NOW)] == [ada]


def test_passes_of_the_merged_those_to_come_and_those_of_unknown_time(building: Building) -> None:
    ada = a_person("Ada")
    building.enters(a_person("Twin"))
    Sighting.objects.update(counts_for=a_person(merged_into=ada))
    assert [one.person for one in present(user=None, scope=Scope.ALL, now=NOW)] == [ada]
    building.leaves(ada, NOW + MINUTE)
    assert [one.person for one in present(user=None, scope=Scope.ALL, now=NOW)] == [ada]
    assert present(user=None, scope=Scope.ALL, now=NOW + MINUTE) == []
    Sighting.objects.update(time_known=False)
    assert whereabouts(user=None, scope=Scope.ALL, now=NOW) == []


def test_every_site_has_its_own_day(building: Building) -> None:
    """At noon in UTC it is one o'clock at night in Auckland: the day before ends there at four."""
    far = FakeNode.hung(a_door(a_site(time_zone="Pacific/Auckland"), direction=Direction.IN))
    far.send(far.sighting(person=(ada := a_person("Ada")), at=NOON))
    building.enters(grace := a_person("Grace"))
    assert {one.person for one in present(user=None, scope=Scope.ALL, now=NOON + 2 * HOUR)} == {ada, grace}
    assert {one.person for one in present(user=None, scope=Scope.ALL, now=NOON + 4 * HOUR)} == {grace}


def test_whoever_leads_a_group_sees_its_members_and_nobody_nobody(building: Building) -> None:
    leader = an_account(Role.MANAGER)
    mine = a_member(a_group(managers=[leader]))
    for person in (mine, a_person("Ada")):
        building.enters(person)
    for scope, count in ((Scope.ALL, 2), (Scope.OWN_GROUPS, 1), (Scope.OWN, 0), (Scope.NONE, 0)):
        assert len(present(user=leader, scope=scope, now=NOW)) == count
        assert len(muster(site=building.site, user=leader, scope=scope, now=NOW).people) == count


def test_without_a_site_nobody_is_in() -> None:
    assert present(user=None, scope=Scope.ALL, now=NOW) == []


def test_the_number_of_queries_does_not_rise_with_people(building: Building) -> None:
    building.enters(a_person())
    with CaptureQueriesContext(connection) as few:
        building.muster()
    for minute in range(12):
        building.enters(a_person(), NOON + timedelta(minutes=minute))
    with CaptureQueriesContext(connection) as many:
        assert len(building.muster().people) == 13
    assert len(many) == len(few) < 12
    assert Site.objects.count() == 1
