"""Passes entered by hand."""

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest

from server.attendance.correction_models import ManualPass
from server.attendance.seals import seal_make
from server.audit.models import AuditEntry
from server.core.permissions import Role
from tests.factories import NOON, a_door, a_site, an_account, as_role
from tests.server.attendance.said import LATER, Class, marked

pytestmark = pytest.mark.django_db
URL = "/api/v1/passes"


def body(school: Class, **values: object) -> dict[str, object]:
    door = values.pop("door", None) or a_door(school.site)
    defaults = {"person": str(school.kim.uuid), "door": str(getattr(door, "uuid", door)), "at": NOON.isoformat(), "way": "out"}
    return {**defaults, **values}


def test_a_forgotten_exit_is_entered_counted_on_its_local_day_and_undone() -> None:
    school = Class(a_site(time_zone="Asia/Tokyo", day_cut=time(4)))
    teacher, late = school.client(Role.MANAGER), datetime(2024, 11, 20, 18, 30, tzinfo=UTC)  # 03:30 in Tokyo: still the 20th
    sent = body(school, at=late.isoformat(), note="left through the garage")
    told = teacher.post(URL, sent, format="json")
    assert (told.status_code, told.json()["way"], told.json()["made_by"]) == (201, "out", school.teacher.username)
    assert marked() == {("person_day", f"{school.site.pk}:2024-11-20:{school.kim.pk}", "mark")}
    assert (teacher.post(URL, sent, format="json").status_code, ManualPass.objects.count()) == (409, 1)
    undo = f"{URL}/{told.json()['id']}/undo"
    assert teacher.post(undo).json()["undone_by"] == school.teacher.username
    assert teacher.post(undo).status_code == 409
    assert teacher.post(URL, sent, format="json").status_code == 201
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["pass.entered", "pass.undone", "pass.entered"]


@pytest.mark.parametrize(
    "values",
    [
        {"way": "both"}, {"way": ""}, {"at": "noon"}, {"at": "9999-01-01T00:00:00Z"}, {"at": "0001-01-01T00:00:00Z"}, {"person": "x"},
        {"door": "x"}, {"note": "\x00"},
    ],
)  # fmt: skip
def test_garbage_is_refused_in_words(values: dict[str, object]) -> None:
    answer = as_role(Role.ADMIN).post(URL, body(Class(), **values), format="json")
    assert answer.status_code in {400, 422}, answer.content
    assert not ManualPass.objects.exists()


def test_a_pass_needs_a_door_in_use_a_day_that_is_open_and_somebody_else_who_enters_it() -> None:
    school = Class()
    admin, old = as_role(Role.ADMIN), a_door(school.site, used_until=NOON - timedelta(days=1))
    answer = admin.post(URL, body(school, door=old), format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_time")
    assert admin.post(URL, body(school, door=uuid4()), format="json").status_code == 404
    kept = admin.post(URL, body(school), format="json").json()["id"]
    seal_make(site=school.site, first_day=NOON.date(), last_day=NOON.date(), note="", by=an_account(), now=LATER)
    assert admin.post(URL, body(school), format="json").json()["code"] == "sealed"
    assert admin.post(f"{URL}/{kept}/undo").json()["code"] == "sealed"
    school.lee.account = school.teacher
    school.lee.save()
    own = school.client(Role.MANAGER).post(URL, body(school, person=str(school.lee.uuid), door=a_door()), format="json")
    assert (own.status_code, own.json()["code"]) == (403, "own_attendance")


@pytest.mark.parametrize(
    ("role", "seen", "enter"),
    [
        (Role.ADMIN, 2, 201), (Role.OPERATOR, 2, 201), (Role.MANAGER, 1, 201), (Role.VIEWER, 2, 403), (Role.AUDITOR, 2, 403),
        (Role.SELF, 1, 403), (None, None, 401),
    ],
)  # fmt: skip
def test_who_sees_and_enters_passes(role: Role | None, seen: int | None, enter: int) -> None:
    school = Class()
    door = a_door(school.site)
    rows = [ManualPass.objects.create(person=who, door=door, at=NOON, way="in", made_at=LATER) for who in (school.kim, school.zoe)]
    client = as_role(None) if role is None else school.client(role)
    listed = client.get(URL)
    assert (len(listed.json()["results"]) if seen is not None else listed.status_code) == (401 if seen is None else seen)
    assert client.post(URL, body(school), format="json").status_code == enter
    theirs = {201: 404 if role is Role.MANAGER else 200}.get(enter, enter)
    assert client.post(f"{URL}/{rows[1].uuid}/undo").status_code == theirs
    if role is Role.ADMIN:
        assert "Kim" in client.get(f"{URL}?format=csv&person={school.kim.uuid}").content.decode()
