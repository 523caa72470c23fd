from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.correction_models import ManualPass
from server.attendance.rules.facts import State
from server.attendance.rules.records import Excuse, Problem
from server.core.permissions import Role, Scope
from server.reports.questions import Question
from server.reports.tables import Kind
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_person, a_session, a_site, an_account, as_role
from tests.factories_attendance import a_record, a_visit, an_area, an_open_day

DAY = "2024-11-20"


def report(kind: Kind, role: Role = Role.VIEWER, **query: object) -> dict[str, Any]:
    answer = as_role(role).get(f"/api/v1/reports/{kind}", {"from": DAY, **{name: str(value) for name, value in query.items()}})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def cells(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


@pytest.mark.django_db
def test_the_day_of_a_site_tells_who_was_expected_and_who_was_there_besides() -> None:
    site = a_site(name="Mill", time_zone="Asia/Kolkata")
    session = a_session(site, name="Warp")
    a_record(a_person("Ann", number="7"), session, late_by_s=720, first_in=NOON + timedelta(minutes=12))
    a_record(a_person("Bob"), session, state=State.EXCUSED, excuse=Excuse.LEAVE)
    a_record(a_person("Cem"), session, state=State.PENDING, decided=False)
    an_open_day(a_person("Dov"), site, at=NOON - timedelta(hours=1))
    a_record()
    found = report(Kind.DAY, site=site.uuid)
    ann, bob, cem, dov = cells(found)
    assert (ann["Person"], ann["Attendance"], ann["Late"], ann["Hours"]) == ("Ann", "present", "12 min", "1:30")
    assert ann["First in"] == "2024-11-20T17:42:00+05:30"
    assert (bob["Attendance"], cem["Attendance"], dov["Attendance"]) == ("on leave", "not known yet", "was here")
    assert (dov["Session"], dov["Hours"]) == ("–", "8:00")
    assert found["title"] == "Attendance of Wednesday, 20 November 2024"
    assert found["as_of"] == ["As of now, Mill: no door has a camera."]


@pytest.mark.django_db
def test_the_monthly_sheet_has_a_sign_for_every_day_and_totals() -> None:
    group, site = a_group("Weavers"), a_site()
    ann, bob = a_member(group, a_person("Ann")), a_member(group, a_person("Bob"))
    sessions = [a_session(site, group, begins_at=NOON + timedelta(hours=hours)) for hours in (0, 4, 24, 48)]
    a_record(ann, sessions[0])
    a_record(ann, sessions[1], state=State.ABSENT)
    a_record(ann, sessions[2], late_by_s=900, late_uncertain=True)
    a_record(ann, sessions[3], half_day=True)
    a_record(bob, sessions[2], state=State.NOT_COVERED)
    found = report(Kind.MONTHLY, group=group.uuid, to="2024-11-23")
    assert found["columns"] == ["Person", "Number", "We 20", "Th 21", "Fr 22", "Sa 23", "Present", "Absent", "Excused", "Late", "Hours"]
    assert found["rows"] == [
        ["Ann", "", "PA", "L~", "½", "", 3, 1, 0, 1, "4:30"],
        ["Bob", "", "", "?", "", "", 0, 0, 0, 0, "0:00"],
    ]


@pytest.mark.django_db
def test_late_that_is_not_certain_says_which_door_was_not_looked_at() -> None:
    site = a_site()
    door = a_door(site, name="Main door", direction="in")
    session = a_session(site, doors=[door])
    certain = a_record(a_person("Ann"), session, late_by_s=600, first_in=NOON + timedelta(minutes=10))
    unsure = a_record(a_person("Bob"), session, late_by_s=900, late_uncertain=True, first_in=NOON + timedelta(minutes=15))
    a_record(a_person("Cem"), session)
    found = cells(report(Kind.LATE))
    assert [(row["Person"], row["Late"]) for row in found] == [
        (certain.person.name, "10 min"),
        (unsure.person.name, "15 min, not certain: Main door was not looked at 11:30–12:15"),
    ]


@pytest.mark.django_db
def test_hours_are_those_of_sessions_and_else_of_the_open_day() -> None:
    ann, bob = a_person("Ann"), a_person("Bob")
    a_record(ann)
    an_open_day(ann)
    an_open_day(bob, at=NOON + timedelta(days=6))
    found = report(Kind.HOURS, to="2024-11-30")
    assert found["columns"] == ["Person", "Number", "2024 W47", "2024 W48", "Total"]
    assert found["rows"] == [["Ann", "", "1:30", None, "1:30"], ["Bob", "", None, "8:00", "8:00"]]
    assert found["footers"] == [["All", "", "1:30", "8:00", "9:30"]]
    assert report(Kind.HOURS, to="2024-12-01", by="month")["columns"] == ["Person", "Number", "Nov 2024", "Dec 2024", "Total"]


@pytest.mark.django_db
def test_a_group_is_summed_up_per_person_and_in_all() -> None:
    group = a_group()
    ann = a_member(group, a_person("Ann"))
    a_member(group, a_person("Zoe"))
    first, second = a_session(group=group), a_session(group=group, begins_at=NOON + timedelta(days=1))
    a_record(ann, first, late_by_s=60)
    a_record(ann, second, state=State.ABSENT)
    found = report(Kind.GROUP, group=group.uuid, to="2024-11-21")
    ann_row, zoe_row = cells(found)
    assert (ann_row["Sessions"], ann_row["Present"], ann_row["Absent"], ann_row["Rate"], ann_row["Late in all"]) == (
        2,
        1,
        1,
        "50 %",
        "0:01",
    )
    assert (zoe_row["Sessions"], zoe_row["Rate"]) == (0, "")
    assert found["footers"][0][0] == "All"


@pytest.mark.django_db
def test_a_person_has_sessions_and_the_days_besides_in_order() -> None:
    ann = a_person("Ann")
    a_record(ann, a_session(begins_at=NOON + timedelta(days=1), name="Warp"), problems=[Problem.NO_EXIT], note="left by the garage")
    an_open_day(ann)
    a_record()
    found = report(Kind.PERSON, person=ann.uuid, to="2024-11-22")
    assert [(row["Date"], row["Session"], row["Remarks"]) for row in cells(found)] == [
        ("2024-11-20", "–", ""),
        ("2024-11-21", "Warp", "not seen leaving; left by the garage"),
    ]
    assert found["footers"][0][9] == "9:30"


@pytest.mark.django_db
def test_a_door_tells_who_passed_it_first_and_last_on_its_own_day() -> None:
    door = a_door(a_site(time_zone="Pacific/Auckland"), name="Main")
    node, ann = FakeNode.hung(door), a_person("Ann")
    for at in (NOON, NOON + timedelta(hours=2), NOON + timedelta(hours=4)):
        node.send(node.sighting(person=ann, at=at))
    ManualPass.objects.create(person=ann, door=door, at=NOON + timedelta(hours=1), way="out", made_at=NOON)
    found = cells(report(Kind.DOOR, door=door.uuid, to="2024-11-21"))
    assert [(row["Date"], row["Person"], row["Passes"]) for row in found] == [("2024-11-20", "Ann", 3), ("2024-11-21", "Ann", 1)]
    assert found[0]["Last pass"] == "2024-11-21T03:00:00+13:00"  # before the day cut at four


@pytest.mark.django_db
def test_the_visits_of_a_room_tell_how_long_they_were_and_which_are_open() -> None:
    area = an_area(a_site(name="Mill"), name="Server room")
    a_visit(a_person("Ann"), area, minutes=150)
    a_visit(a_person("Bob"), area, at=NOON + timedelta(hours=1), minutes=None, problems=[Problem.NO_EXIT])
    a_visit()
    found = report(Kind.VISITS, area=area.uuid)
    assert found["about"] == ["2 visits by 2 people, 1 open"]
    assert [(row["Person"], row["Stayed"], row["Remarks"]) for row in cells(found)] == [
        ("Ann", "2:30", ""),
        ("Bob", None, "open: not seen leaving"),
    ]


ASKED: tuple[tuple[Kind, str], ...] = (
    (Kind.DAY, "site"), (Kind.MONTHLY, "group"), (Kind.GROUP, "group"), (Kind.PERSON, "person"), (Kind.DOOR, "door"),
)  # fmt: skip


@pytest.mark.django_db
def test_what_is_missing_or_garbage_is_said_in_a_sentence() -> None:
    client = as_role(Role.ADMIN)
    for kind, needed in ASKED:
        answer = client.get(f"/api/v1/reports/{kind}", {"from": DAY, "format": "pdf"})
        assert (answer.status_code, answer.json()["detail"]) == (422, f"This report needs {needed}.")
        assert client.get(f"/api/v1/reports/{kind}", {"from": DAY, needed: "x"}).status_code == 422
        assert client.get(f"/api/v1/reports/{kind}", {"from": DAY, needed: str(uuid4())}).status_code == 404
    for query in ({}, {"from": "today"}, {"from": DAY, "to": "2024-01-01"}, {"from": DAY, "to": "2199-01-01"}, {"from": "0001-01-01"},
                  {"from": DAY, "by": "decade"}, {"from": DAY, "group": "\x00"}):  # fmt: skip
        answer = client.get("/api/v1/reports/hours", query)
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json"), query
    assert client.get("/api/v1/reports/weather", {"from": DAY}).status_code == 404
    assert client.get("/api/v1/reports/late", {"from": DAY, "format": "exe"}).status_code == 404
    assert client.get("/api/v1/reports/late", {"from": DAY}, HTTP_ACCEPT="image/png").status_code == 406
    assert client.post("/api/v1/reports/late").status_code in {403, 405}


@pytest.mark.django_db
def test_who_may_have_which_report() -> None:
    manager, account = an_account(Role.MANAGER), an_account(Role.SELF)
    own, other = a_group(managers=[manager]), a_group()
    member, stranger, me = a_member(own, a_person("Member")), a_member(other, a_person("Stranger")), a_person("Me", account=account)
    for person in (member, stranger, me):
        a_record(person, late_by_s=600)
        a_visit(person)
    client = as_role(None)
    assert client.get("/api/v1/reports/late", {"from": DAY}).status_code == 401
    for user, names in ((manager, {"Member"}), (account, {"Me"}), (an_account(Role.AUDITOR), {"Member", "Stranger", "Me"})):
        client.force_authenticate(user)
        for kind in (Kind.LATE, Kind.VISITS, Kind.HOURS):
            assert {row["Person"] for row in cells(client.get(f"/api/v1/reports/{kind}", {"from": DAY}).json())} == names
    client.force_authenticate(manager)
    assert client.get("/api/v1/reports/group", {"from": DAY, "group": str(own.uuid)}).status_code == 200
    assert client.get("/api/v1/reports/group", {"from": DAY, "group": str(other.uuid)}).status_code == 404
    assert client.get("/api/v1/reports/person", {"from": DAY, "person": str(stranger.uuid)}).status_code == 404
    node = FakeNode.hung()
    assert node.client.get("/api/v1/reports/late", {"from": DAY}).status_code in {401, 403}


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf", "docx"])
def test_an_empty_report_is_a_report(form: str) -> None:
    asked = {"site": a_site(), "group": a_group(), "person": a_person(), "door": a_door()}
    for kind in Kind:
        needed = dict(ASKED).get(kind)
        query = {} if needed is None else {needed: str(asked[needed].uuid)}
        answer = as_role(Role.ADMIN).get(f"/api/v1/reports/{kind}", {"from": DAY, "format": form, **query})
        assert (answer.status_code, bool(answer.content)) == (200, True), (kind, answer.content)


@pytest.mark.django_db
def test_a_report_takes_as_many_queries_for_many_people_as_for_one() -> None:
    group, site = a_group(), a_site()
    session, client = a_session(site, group, doors=[a_door(site)]), as_role(Role.ADMIN)
    asked = {"from": DAY, "group": str(group.uuid), "site": str(site.uuid)}

    def queries(kind: Kind) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"/api/v1/reports/{kind}", asked).status_code == 200
        return len(found)

    kinds = [Kind.DAY, Kind.MONTHLY, Kind.LATE, Kind.HOURS, Kind.GROUP, Kind.VISITS]
    area = an_area(site)

    def another() -> None:
        person = a_member(group)
        a_record(person, session, late_by_s=600, late_uncertain=True)
        an_open_day(person, site)
        a_visit(person, area)

    another()
    one = {kind: queries(kind) for kind in kinds}
    for _ in range(20):
        another()
    assert {kind: queries(kind) for kind in kinds} == one
    assert max(one.values()) <= 20


def test_days_are_counted_with_both_ends() -> None:
    asked = Question(Kind.HOURS, date(2024, 2, 28), date(2024, 3, 1), None, Scope.ALL)
    assert asked.days == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
