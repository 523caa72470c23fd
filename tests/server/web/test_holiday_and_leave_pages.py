"""The pages of holidays and leave, without a browser."""

from typing import Any
from uuid import UUID

import pytest

from server.accounts.models import User
from server.core.permissions import Role
from server.schedules.models import Holiday, Leave
from tests.factories import NOON, an_account
from tests.server.web.planned import TODAY, School, signed, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)


def test_a_holiday_is_entered_changed_and_removed() -> None:
    school = School()
    client = signed(an_account(Role.OPERATOR))
    sent = {"name": "Founders' day", "site": str(school.site.uuid), "first_day": "2024-12-06", "last_day": ""}
    page = text(client.post("/holidays/", sent, follow=True))
    assert "Fri 6 Dec 2024" in page
    row = Holiday.objects.get()
    assert (row.site, row.last_day) == (school.site, row.first_day)
    again = client.post("/holidays/", sent)
    assert (again.status_code, "is there already with these days" in text(again), 'value="2024-12-06"' in text(again)) == (409, True, True)
    for wrong, words in (
        ({"name": ""}, "Give the holiday a name"), ({"first_day": "x"}, "Type a day"), ({"last_day": "2024-12-01"}, "swap them"),
        ({"site": "x"}, "UUID"), ({"last_day": "2027-12-01"}, "use several shorter ones"),
    ):  # fmt: skip
        assert words in text(client.post("/holidays/", sent | wrong)), words
    url = f"/holidays/{row.uuid}/"
    assert 'value="Founders\' day"' in text(client.get(url))
    changed = sent | {"site": "", "last_day": "2024-12-07", "version": "1"}
    assert "Fri 6 Dec 2024 – Sat 7 Dec 2024" in text(client.post(url, changed, follow=True))
    assert (client.post(url, changed).status_code, client.post(url, changed | {"name": "", "version": "2"}).status_code) == (412, 400)
    assert "Somebody changed this" in text(client.post(f"{url}delete/", {"version": "1"}, follow=True))
    assert "is removed" in text(client.post(f"{url}delete/", {"version": "2"}, follow=True))
    assert client.post(f"{url}delete/", {"version": "2"}).status_code == 404
    assert "No holiday is over" in text(client.get("/holidays/?over=1"))
    teacher = signed(school.teacher)
    assert {teacher.post("/holidays/", sent).status_code, teacher.get(url).status_code} == {403}


def test_leave_is_entered_for_own_people_changed_and_cancelled() -> None:
    school = School()
    client = signed(school.teacher)
    sent: dict[str, object] = {"person": str(school.ann.uuid), "reason": "training", "first_day": "2024-11-25", "last_day": "2024-11-26"}
    sent |= {"from_time": "09:00", "until_time": "12:00", "note": "in Lyon"}
    page = text(client.post("/leave/", sent, follow=True))
    for words in ("Mon 25 Nov 2024 – Tue 26 Nov 2024", "09:00–12:00", "in Lyon", "The leave of Ann is entered"):
        assert words in page, words
    again = client.post("/leave/", sent)
    assert again.status_code == 409
    for kept in ("Ann is on leave (training) from 2024-11-25 until 2024-11-26", f'value="{school.ann.uuid}" checked', "in Lyon</textarea>"):
        assert kept in text(again), kept
    for wrong, words in (
        ({"person": str(school.bob.uuid)}, "Choose a person first"), ({"person": "x"}, "Choose a person first"),
        ({"reason": ""}, "Say why"), ({"until_time": ""}, "both times"), ({"until_time": "08:00"}, "a time after the first one"),
        ({"last_day": "2024-11-01"}, "swap them"), ({"from_time": "x"}, "Type a time"),
    ):  # fmt: skip
        answer = client.post("/leave/", sent | wrong)
        assert (answer.status_code, words in text(answer)) == (400, True), words
    row = Leave.objects.get()
    url = f"/leave/{row.uuid}/"
    assert 'value="training"' in text(client.get(url))
    changed = {**sent, "from_time": "", "until_time": "", "version": "1"}
    assert "whole days" in text(client.post(url, changed, follow=True))
    assert (client.post(url, changed).status_code, client.post(url, {**changed, "reason": ""}).status_code) == (412, 400)
    assert "Somebody changed this" in text(client.post(f"{url}cancel/", {"version": "1"}, follow=True))
    assert "is cancelled" in text(client.post(f"{url}cancel/", {"version": "2"}, follow=True))
    assert (client.post(url, changed | {"version": "3"}).status_code, Leave.objects.get().reason) == (409, "training")
    assert "Ann" in text(client.get("/leave/?list=cancelled&who=an"))
    assert "No leave here is of somebody like “zoe”" in text(client.get("/leave/?who=zoe"))
    assert client.get("/leave/?list=x&who=%00&page=x").status_code == 200


def test_foreign_leave_is_not_found_and_own_leave_is_only_read() -> None:
    school = School()
    rows = {
        person.name: Leave.objects.create(person=person, reason=f"{person.name} rests", first_day=TODAY, last_day=TODAY)
        for person in (school.ann, school.bob)
    }
    teacher, ann = signed(school.teacher), signed(account_of_ann(school))
    for client in (teacher, ann):
        page = text(client.get("/leave/"))
        assert ("Ann rests" in page, "Bob rests" in page) == (True, False)
    foreign: UUID = rows["Bob"].uuid
    assert {teacher.get(f"/leave/{foreign}/").status_code, teacher.post(f"/leave/{foreign}/").status_code} == {404}
    assert teacher.post(f"/leave/{foreign}/cancel/", {"version": "1"}).status_code == 404
    assert ann.post(f"/leave/{rows['Ann'].uuid}/cancel/", {"version": "1"}).status_code == 403
    assert not Leave.objects.filter(cancelled_at__isnull=False).exists()


def account_of_ann(school: School) -> User:
    assert school.ann.account is not None
    return school.ann.account
