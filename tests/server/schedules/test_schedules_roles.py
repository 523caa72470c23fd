from datetime import date

import pytest

from server.core.permissions import Role
from server.schedules.models import Schedule
from server.sites.models import Site
from tests.factories import a_group, a_member, a_person, a_session, an_account, as_role
from tests.server.schedules.bodies import HOLIDAYS, LEAVE, SCHEDULES, SESSIONS, leave_body, lecture_body, schedule_body, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "made", "changed", "ended", "deleted"),
    [(Role.ADMIN, 201, 200, 200, 204), (Role.OPERATOR, 201, 200, 200, 204), (Role.MANAGER, 404, 404, 404, 403),
     (Role.VIEWER, 403, 403, 403, 403), (Role.AUDITOR, 403, 403, 403, 403), (Role.SELF, 403, 403, 403, 403), (None, 401, 401, 401, 401)],
)  # fmt: skip
def test_each_role_does_to_anybodys_schedule_what_the_matrix_says(
    site: Site, role: Role | None, made: int, changed: int, ended: int, deleted: int
) -> None:
    mine = as_role(Role.ADMIN).post(SCHEDULES, schedule_body(site, a_group())).json()["id"]
    client = as_role(role)
    assert client.get(SCHEDULES).status_code == (401 if role is None else 200)
    assert client.post(SCHEDULES, schedule_body(site, a_group())).status_code == made
    assert client.patch(f"{SCHEDULES}/{mine}", {"name": "x"}).status_code == changed
    assert client.post(f"{SCHEDULES}/{mine}/end").status_code == ended
    assert client.delete(f"{SCHEDULES}/{mine}").status_code == deleted
    assert client.post(SESSIONS, lecture_body(site, a_group())).status_code == made
    assert client.post(HOLIDAYS, {"name": "x", "first_day": "2027-01-01", "last_day": "2027-01-01"}).status_code == (
        403 if role is Role.MANAGER else made
    )
    assert client.post(LEAVE, leave_body(a_person())).status_code == made


def test_a_manager_leads_the_own_groups_and_reaches_no_other(site: Site) -> None:
    manager = an_account(Role.MANAGER)
    client, own, other = signed_in(manager), a_group(managers=[manager]), a_group()
    made = client.post(SCHEDULES, schedule_body(site, own))
    assert made.status_code == 201
    url = f"{SCHEDULES}/{made.json()['id']}"
    assert client.patch(url, {"name": "Physics"}).status_code == 200
    refused = client.patch(url, {"group": str(other.uuid)})
    assert (refused.status_code, refused.json()["detail"]) == (404, "There is no such group here.")
    lecture = client.post(SESSIONS, lecture_body(site, own, hour=14)).json()
    assert client.patch(f"{SESSIONS}/{lecture['id']}", {"group": str(other.uuid)}).status_code == 404
    assert client.post(f"{SESSIONS}/{lecture['id']}/cancel").status_code == 200
    assert client.post(f"{SESSIONS}/{lecture['id']}/restore").status_code == 200
    theirs = a_session(site, other)
    for verb, address in (("get", ""), ("patch", ""), ("post", "/cancel"), ("post", "/restore")):
        assert getattr(client, verb)(f"{SESSIONS}/{theirs.uuid}{address}").status_code == 404
    assert client.get(SESSIONS, {"group": str(other.uuid)}).json()["results"] == []
    assert Schedule.objects.get().group == own
    mine, stranger = a_member(own), a_member(other)
    leave = client.post(LEAVE, leave_body(mine))
    assert leave.status_code == 201
    assert client.post(LEAVE, leave_body(stranger)).status_code == 404
    as_role(Role.ADMIN).post(LEAVE, leave_body(stranger))
    assert [row["person"]["name"] for row in client.get(LEAVE).json()["results"]] == [mine.name]
    assert client.post(f"{LEAVE}/{leave.json()['id']}/cancel").status_code == 200


def test_a_person_sees_the_sessions_at_which_they_were_expected_and_the_own_leave_and_changes_nothing(site: Site) -> None:
    account = an_account(Role.SELF)
    group, left = a_group(), a_group()
    me = a_member(group, a_person(account=account))
    a_member(left, me, valid_until=date(2024, 11, 19))
    colleague, stranger = a_member(group), a_member()
    mine = a_session(site, group)
    a_session(site, left)
    a_session(site)
    client = signed_in(account)
    assert [row["id"] for row in client.get(SESSIONS).json()["results"]] == [str(mine.uuid)]
    assert client.get(SESSIONS, {"person": str(me.uuid)}).json()["results"] != []
    assert client.get(SESSIONS, {"person": str(colleague.uuid)}).json()["results"] == []
    assert client.patch(f"{SESSIONS}/{mine.uuid}", {"name": "x"}).status_code == 403
    admin = as_role(Role.ADMIN)
    for person in (me, colleague, stranger):
        assert admin.post(LEAVE, leave_body(person)).status_code == 201
    assert [row["person"]["id"] for row in client.get(LEAVE).json()["results"]] == [str(me.uuid)]
    assert client.post(LEAVE, leave_body(me)).status_code == 403
