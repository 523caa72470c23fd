from datetime import date, timedelta
from typing import Any

import pytest

from server.attendance.models import OpenDayRecord
from server.core.permissions import Role
from server.people.models import Person
from server.recompute.services import mark, work_off
from server.recompute.windows import person_day
from server.sightings.models import Sighting
from tests.factories import NOON, FakeNode, a_door, a_person, a_site, an_account, as_role

DAY = date(2024, 11, 20)


@pytest.mark.django_db
def test_sightings_become_an_open_day() -> None:
    node, person = FakeNode.hung(), a_person()
    node.send(node.sighting(person=person), node.sighting(person=person, at=NOON + timedelta(hours=1)), node.sighting())
    work_off()
    day = OpenDayRecord.objects.get()
    assert (day.person, day.local_date, day.first_seen, day.last_seen, day.sightings) == (person, DAY, NOON, NOON + timedelta(hours=1), 2)


@pytest.mark.django_db
def test_a_late_sighting_changes_the_day_and_a_removed_one_removes_it() -> None:
    node, person = FakeNode.hung(), a_person()
    node.send(node.sighting(person=person))
    work_off()
    node.send(node.sighting(person=person, at=NOON - timedelta(hours=2)))
    work_off()
    day = OpenDayRecord.objects.get()
    assert day.first_seen == NOON - timedelta(hours=2)
    Sighting.objects.update(counts_for=None)
    mark([person_day(site=day.site_id, day=DAY, person=person.pk)])
    work_off()
    assert not OpenDayRecord.objects.filter(gone_at__isnull=True).exists()
    assert as_role(Role.ADMIN).get("/api/v1/open-days").json()["results"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "count"),
    [("", 2), ("date=2024-11-20", 1), ("from=2024-11-21", 1), ("to=2024-11-20", 1), ("from=2024-11-20&to=2024-11-21", 2), ("person={}", 2)],
)
def test_attendance_is_filtered(query: str, count: int) -> None:
    node, person = FakeNode.hung(), a_person()
    node.send(node.sighting(person=person), node.sighting(person=person, at=NOON + timedelta(days=1)))
    work_off()
    found = as_role(Role.OPERATOR).get(f"/api/v1/open-days?{query.format(person.uuid)}").json()["results"]
    assert len(found) == count
    assert {item["person"]["id"] for item in found} == {str(person.uuid)}


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["date=today", "from=x", "to=2026-13-01", "person=1"])
def test_a_filter_that_is_garbage_is_a_problem(query: str) -> None:
    assert as_role(Role.ADMIN).get(f"/api/v1/open-days?{query}").status_code == 400


@pytest.mark.django_db
def test_presence_is_of_the_sites_own_day(time_machine: Any) -> None:
    door = a_door(a_site(time_zone="Pacific/Auckland"))
    node, person = FakeNode.hung(door), a_person()
    node.send(node.sighting(person=person))
    work_off()
    assert OpenDayRecord.objects.get().local_date == DAY  # 01:00 on the 21st, before the cut
    time_machine.move_to(NOON + timedelta(hours=1), tick=False)
    assert len(as_role(Role.ADMIN).get("/api/v1/presence").json()["results"]) == 1
    time_machine.move_to(NOON + timedelta(hours=4), tick=False)
    assert as_role(Role.ADMIN).get("/api/v1/presence").json()["results"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/api/v1/open-days", "/api/v1/presence"])
def test_who_may_see_whom(url: str, time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)
    node, account = FakeNode.hung(), an_account(Role.SELF)
    mine: Person = a_person(account=account)
    node.send(node.sighting(person=mine), node.sighting(person=a_person()))
    work_off()
    client = as_role(None)
    assert client.get(url).status_code == 401
    client.force_authenticate(account)
    assert [item["person"]["id"] for item in client.get(url).json()["results"]] == [str(mine.uuid)]
    assert as_role(Role.MANAGER).get(url).json()["results"] == []
    assert len(as_role(Role.AUDITOR).get(url).json()["results"]) == 2
    assert as_role(Role.ADMIN).post(url).status_code in {403, 405}
