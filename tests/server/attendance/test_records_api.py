from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from server.attendance.correction_models import ManualPass
from server.attendance.facts_of import BY_HAND
from server.attendance.publishing_rows import session_key
from server.attendance.rules.facts import State
from server.attendance.seal_models import RecordChange, Subject
from server.core.permissions import Role
from server.people.models import Membership, Person
from server.schedules.models import Session
from server.sightings.models import Sighting
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_group, a_member, a_person, a_session, a_site, an_account, as_role
from tests.factories_attendance import a_record

SHEET = "/api/v1/sessions/{}/sheet"


def one(uuid: object) -> str:
    return f"/api/v1/attendance/{uuid}"


@pytest.mark.django_db
def test_a_record_is_told_once_per_version() -> None:
    record, client = a_record(version=3), as_role(Role.VIEWER)
    answer = client.get(one(record.uuid))
    assert (answer.status_code, answer["ETag"]) == (200, '"3"')
    known = client.get(one(record.uuid), headers={"If-None-Match": answer["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert client.get(one(record.uuid), headers={"If-None-Match": '"2", W/"1"'}).status_code == 200
    assert client.get(one(record.uuid), headers={"If-None-Match": "garbage"}).status_code == 200
    assert client.get(one(uuid4())).status_code == 404


@pytest.mark.django_db
def test_a_record_tells_the_passes_it_rests_on() -> None:
    node, person = FakeNode.hung(a_door(name="Main", direction="in")), a_person()
    node.send(node.sighting(person=person))
    seen = Sighting.objects.get()
    by_hand = ManualPass.objects.create(person=person, door=a_door(name="Back"), at=NOON + timedelta(hours=1), way="out", made_at=NOON)
    record = a_record(person, evidence=[f"{BY_HAND}{by_hand.uuid}", str(seen.uuid)])
    told = as_role(Role.OPERATOR).get(one(record.uuid)).json()["evidence"]
    assert [(item["id"], item["kind"], item["door"]["name"], item["way"]) for item in told] == [
        (str(seen.uuid), "sighting", "Main", "in"),
        (str(by_hand.uuid), "by_hand", "Back", "out"),
    ]


@pytest.mark.django_db
def test_every_change_of_a_record_is_told_with_its_reason() -> None:
    record = a_record()
    key = session_key(session=record.session_id, person=record.person_id)
    about = {"subject": Subject.SESSION, "person": record.person, "local_date": record.local_date}
    RecordChange.objects.create(**about, key=key.name, at=NOON, why=["coverage"], before=None, after={"state": "absent"})
    RecordChange.objects.create(
        **about, key=key.name, at=NOON, why=["late_evidence"], before={"state": "absent"}, after={"state": "present"}
    )
    RecordChange.objects.create(**about, key="0:0", at=NOON, why=[], after={})
    client = as_role(Role.AUDITOR)
    found = client.get(f"{one(record.uuid)}/changes").json()["results"]
    assert [(change["why"], change["before"], change["after"]) for change in found] == [
        (["late_evidence"], {"state": "absent"}, {"state": "present"}),
        (["coverage"], None, {"state": "absent"}),
    ]
    assert client.get(f"{one(record.uuid)}/changes?format=csv").content.count(b"\r\n") == 3
    assert as_role(Role.SELF).get(f"{one(record.uuid)}/changes").status_code == 404


def full_sheet(people: int) -> Session:
    group, site = a_group(), a_site()
    a_door(site)
    session = a_session(site, group)
    rows = Person.objects.bulk_create(Person(name=f"Person {number:03}") for number in range(people))
    Membership.objects.bulk_create(Membership(person=row, group=group, valid_from=LONG_AGO.date()) for row in rows)
    for row in rows[: people // 2]:
        a_record(row, session)
    return session


def queries(client: APIClient, session: Session) -> tuple[int, dict[str, Any]]:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(SHEET.format(session.uuid))
    assert answer.status_code == 200, answer.content
    return len(asked), answer.json()


@pytest.mark.django_db
def test_the_sheet_of_500_people_takes_as_many_queries_as_that_of_four() -> None:
    client = as_role(Role.ADMIN)
    few, small = queries(client, full_sheet(4))
    many, large = queries(client, full_sheet(500))
    assert many == few <= 14
    assert (len(small["rows"]), len(large["rows"])) == (4, 500)
    assert large["counts"] == {"present": 250, "pending": 250}


@pytest.mark.django_db
def test_the_sheet_lists_whoever_is_expected_and_whoever_has_a_record_beside() -> None:
    group = a_group()
    session = a_session(group=group)
    ann, bob = a_member(group, a_person("Ann")), a_member(group, a_person("Bob"))
    left = a_member(group, a_person("Cem"), valid_until=NOON.date() - timedelta(days=1))
    a_person("Dov")
    a_record(bob, session, state=State.ABSENT)
    a_record(left, session, late_by_s=600)
    a_record(ann, session, gone_at=timezone.now())
    sheet = as_role(Role.VIEWER).get(SHEET.format(session.uuid)).json()
    assert [(row["person"]["name"], row["expected"], row["state"]) for row in sheet["rows"]] == [
        ("Ann", True, "pending"),
        ("Bob", True, "absent"),
        ("Cem", False, "present"),
    ]
    assert sheet["late"] == 1
    csv = as_role(Role.VIEWER).get(SHEET.format(session.uuid), {"format": "csv"}).content.decode().splitlines()
    assert len(csv) == 4
    assert csv[3].startswith("Cem,")


@pytest.mark.django_db
def test_a_manager_has_the_sheets_of_own_groups_alone() -> None:
    manager = an_account(Role.MANAGER)
    own, other = a_session(group=a_group(managers=[manager])), a_session()
    a_member(own.group, a_person("Ann"))
    client = as_role(None)
    assert client.get(SHEET.format(own.uuid)).status_code == 401
    client.force_authenticate(manager)
    assert [row["person"]["name"] for row in client.get(SHEET.format(own.uuid)).json()["rows"]] == ["Ann"]
    assert client.get(SHEET.format(other.uuid)).status_code == 404
    assert client.post(SHEET.format(own.uuid)).status_code in {403, 405}
