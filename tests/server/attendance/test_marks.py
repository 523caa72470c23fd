"""Marks by hand: one person, a whole session, and taking them back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.correction_models import ManualMark
from server.attendance.marks import Said, mark_make, marks_undo, session_mark
from server.attendance.models import AttendanceRecord
from server.attendance.passes import pass_add, pass_undo
from server.attendance.rules.facts import State, Way
from server.attendance.seal_models import RecordChange
from server.attendance.seals import seal_make
from server.audit.models import AuditEntry
from server.core.errors import Conflict, Forbidden, Rejected
from server.core.permissions import Role
from server.people.models import Person
from server.recompute.models import Mark
from server.recompute.services import work_off
from tests.factories import NOON, a_door, a_group, a_member, a_person, a_session, an_account, as_role
from tests.server.attendance.said import LATER, Class, marked, person_day

pytestmark = pytest.mark.django_db
URL = "/api/v1/marks"
PRESENT = Said(State.PRESENT, arrived_at=NOON)


def made(school: Class, said: Said = PRESENT, person: Person | None = None) -> ManualMark:
    return mark_make(person=person or school.kim, session=school.session, said=said, by=school.teacher, now=LATER)


def test_a_mark_is_kept_noted_and_derived_and_saying_it_again_changes_nothing() -> None:
    school = Class()
    first = made(school)
    assert marked() == {person_day(school, school.kim, "mark")}
    assert made(school) == first
    second = made(school, Said(State.ABSENT, note="it was Lee"))
    assert second != first
    entries = list(AuditEntry.objects.order_by("id").values_list("action", "person", "reason", "before__state", "after__state"))
    assert entries == [
        ("mark.made", school.kim.uuid, "", None, "present"),
        ("mark.made", school.kim.uuid, "it was Lee", "present", "absent"),
    ]
    Mark.objects.all().delete()
    marks_undo(rows=[second], by=school.teacher, now=LATER)
    assert marked() == {person_day(school, school.kim, "mark")}
    with pytest.raises(Conflict, match="undone already"):
        marks_undo(rows=[second], by=school.teacher, now=LATER)
    assert made(school) == first  # it counts again, so nothing is new


def test_what_is_said_becomes_the_record_when_the_workers_derive_it_and_is_taken_back_with_it() -> None:
    school = Class()
    door = a_door(school.site)
    school.session.doors.add(door)
    kim = AttendanceRecord.objects.filter(person=school.kim, session=school.session)

    def derived() -> tuple[str, str, int | None]:
        assert work_off() > 0
        return kim.values_list("state", "method", "late_by_s").get()

    entry = pass_add(person=school.kim, door=door, at=NOON + timedelta(minutes=10), way=Way.IN, note="", by=school.teacher, now=LATER)
    assert derived() == ("present", "manual", 600)
    row = made(school, Said(State.EXCUSED))
    assert derived() == ("excused", "manual", None)
    marks_undo(rows=[row], by=school.teacher, now=LATER)
    assert derived() == ("present", "manual", 600)
    pass_undo(row=entry, by=school.teacher, now=LATER)
    assert derived() == ("pending", "", None)
    why = RecordChange.objects.order_by("id").values_list("why", flat=True)
    assert [words for words in why if words != ["mark"]] == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said(State.PENDING), "no_such_mark"),
        (Said(State.NOT_COVERED), "no_such_mark"),
        (Said(State.ABSENT, arrived_at=NOON), "times_of_nobody"),
        (Said(State.PRESENT, arrived_at=NOON, left_at=NOON - timedelta(minutes=1)), "wrong_order"),
        (Said(State.PRESENT, arrived_at=NOON - timedelta(days=3)), "far_away"),
        (Said(State.PRESENT, left_at=LATER + timedelta(minutes=1)), "in_the_future"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(said: Said, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        made(Class(), said)
    assert (refusal.value.code, ManualMark.objects.count(), Mark.objects.count()) == (code, 0, 0)


def test_nobody_is_present_before_they_can_be_but_may_be_excused() -> None:
    school = Class()
    early = NOON - timedelta(days=1)
    with pytest.raises(Rejected, match="Nobody can be present yet"):
        mark_make(person=school.kim, session=school.session, said=Said(State.PRESENT), by=school.teacher, now=early)
    mark_make(person=school.kim, session=school.session, said=Said(State.EXCUSED), by=school.teacher, now=early)


def test_nobody_marks_themselves_nor_a_sealed_day_nor_a_cancelled_session() -> None:
    school = Class()
    school.lee.account = school.teacher
    school.lee.save()
    with pytest.raises(Forbidden, match="your own attendance"):
        made(school, person=school.lee)
    row, day = made(school), school.session.local_date
    seal_make(site=school.site, first_day=day, last_day=day, note="", by=an_account(), now=LATER)
    with pytest.raises(Conflict, match="lift the seal"):
        made(school, Said(State.ABSENT))
    with pytest.raises(Conflict, match="lift the seal"):
        marks_undo(rows=[row], by=school.teacher, now=LATER)
    cancelled = a_session(group=school.group, begins_at=NOON + timedelta(days=1), cancelled_at=LATER)
    with pytest.raises(Conflict, match="was cancelled"):
        mark_make(person=school.kim, session=cancelled, said=PRESENT, by=school.teacher, now=LATER)


def roll(*said: tuple[Person, str]) -> dict[str, Any]:
    return {"marks": [{"person": str(person.uuid), "state": state} for person, state in said]}


def test_a_teacher_marks_a_whole_session_and_takes_it_back() -> None:
    school = Class()
    teacher = school.client(Role.MANAGER)
    url = f"/api/v1/sessions/{school.session.uuid}/marks"
    answer = teacher.post(url, roll((school.kim, "present"), (school.lee, "absent")), format="json")
    told = answer.json()
    assert (answer.status_code, {row["person"]["name"]: row["state"] for row in told}) == (201, {"Kim": "present", "Lee": "absent"})
    assert len({row["batch"] for row in told}) == 1
    assert marked() == {("session", str(school.session.pk), "mark")}
    again = teacher.post(url, roll((school.kim, "present"), (school.lee, "present")), format="json").json()
    assert (again[0]["id"], again[1]["id"] == told[1]["id"]) == (told[0]["id"], False)
    undo = f"{URL}/batches/{again[1]['batch']}/undo"
    assert [row["person"]["name"] for row in teacher.post(undo).json()] == ["Lee"]
    assert teacher.post(undo).status_code == 409
    assert ManualMark.objects.filter(undone_at__isnull=True).count() == 2
    assert AuditEntry.objects.filter(action="mark.made").count() == 3


def test_thirty_people_are_marked_and_taken_back_in_as_many_questions_as_three() -> None:
    school = Class()

    def questions(number: int) -> int:
        said = {a_member(school.group): Said(State.PRESENT) for _ in range(number)}
        session, teacher = school.session, school.teacher
        with CaptureQueriesContext(connection) as captured:
            rows = session_mark(session=session, said=said, by=teacher, now=LATER)
            marks_undo(rows=rows, by=teacher, now=LATER)
        return len(captured)

    assert questions(3) == questions(30)


def test_everybody_named_is_marked_or_nobody() -> None:
    school = Class()
    teacher = school.client(Role.MANAGER)
    url = f"/api/v1/sessions/{school.session.uuid}/marks"
    for body, status in (
        (roll((school.kim, "present"), (school.zoe, "present")), 404),
        (roll((school.kim, "present"), (school.kim, "absent")), 422),
        (roll((school.kim, "present"), (school.lee, "pending")), 400),
        ({"marks": []}, 400),
        ({"marks": "x"}, 400),
        ([], 400),
    ):
        assert teacher.post(url, body, format="json").status_code == status, body
    other = a_session(group=a_group(), begins_at=NOON)
    assert teacher.post(f"/api/v1/sessions/{other.uuid}/marks", roll((school.kim, "present")), format="json").status_code == 404
    assert not ManualMark.objects.exists()


def test_a_guest_is_marked_and_said_to_be_one() -> None:
    school = Class()
    guest = a_person("Guest")
    body = {"person": str(guest.uuid), "session": str(school.session.uuid), "state": "present", "note": "trial lesson"}
    told = as_role(Role.OPERATOR).post(URL, body, format="json")
    assert (told.status_code, told.json()["guest"]) == (201, True)
    body["person"] = str(school.kim.uuid)
    assert as_role(Role.OPERATOR).post(URL, body, format="json").json()["guest"] is False


@pytest.mark.parametrize(
    ("role", "seen", "mark", "undo"),
    [
        (Role.ADMIN, 2, 201, 200), (Role.OPERATOR, 2, 201, 200), (Role.MANAGER, 1, 201, 200), (Role.VIEWER, 2, 403, 403),
        (Role.AUDITOR, 2, 403, 403), (Role.SELF, 1, 403, 403), (None, None, 401, 401),
    ],
)  # fmt: skip
def test_who_sees_and_makes_marks(role: Role | None, seen: int | None, mark: int, undo: int) -> None:
    school = Class()
    row = made(school)
    theirs = ManualMark.objects.create(person=school.zoe, session=a_session(), state="absent", made_at=LATER)
    client = as_role(None) if role is None else school.client(role)
    listed = client.get(URL)
    assert (len(listed.json()["results"]) if seen is not None else listed.status_code) == (401 if seen is None else seen)
    body = {"person": str(school.lee.uuid), "session": str(school.session.uuid), "state": "absent"}
    assert client.post(URL, body, format="json").status_code == mark
    assert client.post(f"{URL}/{row.uuid}/undo").status_code == undo
    if role is Role.MANAGER:
        for path in (f"/{theirs.uuid}/undo", f"/batches/{uuid4()}/undo", f"/{uuid4()}/undo"):
            assert client.post(f"{URL}{path}").status_code == 404
        assert client.get(f"{URL}/{theirs.uuid}").status_code == 404
        assert client.post(URL, {**body, "person": str(school.zoe.uuid)}, format="json").status_code == 404


def test_marks_are_filtered_and_answered_as_csv() -> None:
    school = Class()
    row = made(school)
    made(school, Said(State.EXCUSED, note="=1+1"), school.lee)
    marks_undo(rows=[row], by=school.teacher, now=LATER)
    admin = as_role(Role.ADMIN)
    for query, found in ((f"person={school.kim.uuid}", 1), ("undone=true", 1), ("state=excused", 1), (f"session={uuid4()}", 0)):
        assert len(admin.get(f"{URL}?{query}").json()["results"]) == found, query
    assert admin.get(f"{URL}?state=sideways").status_code == 400
    assert "'=1+1" in admin.get(f"{URL}?format=csv").content.decode()
