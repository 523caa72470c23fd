from datetime import timedelta
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from server.schedules.models import Schedule, Session
from server.sites.models import Site
from tests.factories import a_door, a_group, a_member, a_person, a_site
from tests.server.schedules.bodies import (
    AREAS,
    COMING,
    HOLIDAYS,
    LEAVE,
    SCHEDULES,
    SESSIONS,
    TODAY,
    leave_body,
    lecture_body,
    schedule_body,
)

pytestmark = pytest.mark.django_db


def test_a_schedule_is_made_read_changed_ended_and_listed(operator: APIClient, site: Site) -> None:
    group, door = a_group(), a_door(site)
    made = operator.post(SCHEDULES, schedule_body(site, group, doors=[str(door.uuid)]))
    body = made.json()
    assert (made.status_code, made.headers["ETag"], body["site"]["name"], body["doors"][0]["name"]) == (201, '"1"', site.name, door.name)
    assert (body["breaks"], body["terms"]["late_grace_s"], body["terms"]["before_s"]) == ([["09:45:00", "09:50:00"]], 60, 1800)
    url = f"{SCHEDULES}/{body['id']}"
    assert operator.get(url).json() == body
    assert operator.get(SCHEDULES, {"group": str(group.uuid), "door": str(door.uuid), "on": str(COMING), "ended": "false"}).json()[
        "results"
    ] == [body]
    assert operator.get(SCHEDULES, {"on": str(TODAY)}).json()["results"] == []
    changed = operator.patch(url, {"begins": "08:00", "from_day": str(COMING)}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"], changed.json()["begins"]) == (200, '"2"', "08:00:00")
    assert (changed.json()["terms"], changed.json()["breaks"]) == (body["terms"], body["breaks"])
    stale = operator.patch(url, {"begins": "07:00"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert operator.delete(url, headers={"If-Match": '"1"'}).status_code == 412
    ended = operator.post(f"{url}/end")
    assert ended.json()["ended_at"] is not None
    assert operator.post(f"{url}/end").status_code == 409
    assert operator.patch(url, {"begins": "07:00"}).status_code == 409
    assert not Session.objects.filter(cancelled_at__isnull=True).exists()
    assert operator.delete(url).status_code == 204
    assert operator.get(url).status_code == 404


def test_sessions_are_filtered_ordered_paged_told_since_and_downloaded(operator: APIClient, site: Site) -> None:
    group = a_group()
    person, other = a_member(group), a_member()
    operator.post(SCHEDULES, schedule_body(site, group))
    lecture = operator.post(SESSIONS, lecture_body(a_site(), a_group(), kind="shift")).json()
    everything = operator.get(SESSIONS).json()["results"]
    assert [item["begins_at"] for item in everything] == sorted(item["begins_at"] for item in everything)
    of_group = operator.get(SESSIONS, {"group": str(group.uuid)}).json()["results"]
    assert len(of_group) == len(everything) - 1
    queries: tuple[dict[str, str], ...] = (
        {"person": str(person.uuid)}, {"site": str(site.uuid)}, {"kind": "lecture"}, {"door": str(a_door(site).uuid)},
        {"schedule": of_group[0]["schedule"]},
    )  # fmt: skip
    for query in queries:
        assert operator.get(SESSIONS, query).json()["results"] == of_group
    assert operator.get(SESSIONS, {"person": str(other.uuid)}).json()["results"] == []
    assert operator.get(SESSIONS, {"date": str(lecture["date"]), "kind": "shift"}).json()["results"] == [lecture]
    assert operator.get(SESSIONS, {"from": str(COMING), "to": str(COMING), "cancelled": "true"}).json()["results"] == []
    page = operator.get(SESSIONS, {"page_size": "2", "ordering": "-begins_at"}).json()
    following = operator.get(page["next"]).json()["results"]
    assert [item["id"] for item in (*page["results"], *following)] == [item["id"] for item in everything[::-1]][:4]
    assert len(operator.get(SESSIONS, {"since": "1970-01-01T00:00:00Z"}).json()["results"]) == len(everything)
    lines = operator.get(SESSIONS, {"format": "csv", "group": str(group.uuid)}).content.decode().splitlines()
    assert len(lines) == len(of_group) + 1
    assert ("T09:00:00+01:00" in lines[1]) or ("T09:00:00+02:00" in lines[1])


def test_a_lecture_is_made_moved_cancelled_and_restored(operator: APIClient, site: Site) -> None:
    group = a_group()
    made = operator.post(SESSIONS, lecture_body(site, group)).json()
    assert (made["schedule"], made["kind"], made["detached"]) == (None, "lecture", False)
    url = f"{SESSIONS}/{made['id']}"
    tag = operator.get(url).headers["ETag"]
    later = {"begins_at": f"{COMING}T14:00:00+01:00", "ends_at": f"{COMING}T15:00:00+01:00"}
    moved = operator.patch(url, {**later, "breaks": [list(later.values())]}, headers={"If-Match": tag})
    assert (moved.status_code, moved.json()["detached"], moved.json()["breaks"]) == (
        200,
        True,
        [[f"{COMING}T13:00:00+00:00", f"{COMING}T14:00:00+00:00"]],
    )
    assert operator.patch(url, {"name": "x"}, headers={"If-Match": tag}).status_code == 412
    assert operator.post(f"{url}/restore").json() == moved.json()
    cancelled = operator.post(f"{url}/cancel").json()
    assert cancelled["cancelled_at"] is not None
    assert operator.post(f"{url}/cancel").json() == cancelled
    instead = operator.post(SESSIONS, lecture_body(site, group, hour=14))
    assert instead.status_code == 201
    refused = operator.post(f"{url}/restore")
    assert (refused.status_code, refused.json()["code"]) == (409, "overlap")
    assert "Guest" in refused.json()["detail"]
    operator.post(f"{SESSIONS}/{instead.json()['id']}/cancel")
    assert operator.post(f"{url}/restore").json()["cancelled_at"] is None
    again = operator.post(SESSIONS, lecture_body(site, group, hour=14))
    assert again.status_code == 409


def test_a_session_of_a_schedule_stays_on_its_day(operator: APIClient, site: Site) -> None:
    operator.post(SCHEDULES, schedule_body(site, a_group(), breaks=[]))
    session = Session.objects.order_by("local_date")[0]
    next_day = session.local_date + timedelta(days=1)
    body = {"begins_at": f"{next_day}T08:00:00Z", "ends_at": f"{next_day}T09:00:00Z"}
    refused = operator.patch(f"{SESSIONS}/{session.uuid}", body)
    assert (refused.status_code, "make a lecture" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": ""}, 400), ({"name": " "}, 400), ({"name": "x" * 201}, 400), ({"name": "x\u0000"}, 400), ({"kind": "party"}, 400),
        ({"site": "x"}, 400), ({"site": str(uuid4())}, 404), ({"group": str(uuid4())}, 404), ({"group": None}, 400),
        ({"doors": [str(uuid4())]}, 404), ({"doors": "all"}, 400), ({"weekdays": [9]}, 400), ({"weekdays": []}, 422),
        ({"weekdays": None}, 400), ({"every_weeks": 0}, 400), ({"begins": "25:00"}, 400), ({"breaks": [["09:45"]]}, 400),
        ({"breaks": [["08:00", "09:30"]]}, 422), ({"valid_from": "2026-13-01"}, 400), ({"valid_from": "0001-01-01"}, 422),
        ({"valid_until": "2020-01-01"}, 422), ({"terms": {"grace": 1}}, 422), ({"terms": {"late_grace_s": -1}}, 422),
        ({"terms": []}, 422), ({"terms": None}, 400),
    ],
)  # fmt: skip
def test_a_schedule_that_is_garbage_is_refused(operator: APIClient, site: Site, changes: dict[str, object], status: int) -> None:
    answer = operator.post(SCHEDULES, schedule_body(site, a_group(), **changes))
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert len(answer.json()["detail"]) > 10
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"begins_at": "0001-01-01T00:00:00Z"}, 422), ({"ends_at": "9999-12-31T23:59:59Z"}, 422), ({"begins_at": None}, 400),
        ({"begins_at": "soon"}, 400), ({"ends_at": f"{COMING}T08:00:00Z"}, 422),
        ({"ends_at": f"{COMING + timedelta(days=2)}T08:00:00Z"}, 422),
        ({"breaks": [[f"{COMING}T07:00:00Z", f"{COMING}T08:30:00Z"]]}, 422), ({"breaks": [["x", "y"]]}, 400), ({"terms": "late"}, 422),
        ({"site": str(uuid4())}, 404), ({"name": None}, 400),
    ],
)  # fmt: skip
def test_a_lecture_that_is_garbage_is_refused(operator: APIClient, site: Site, changes: dict[str, object], status: int) -> None:
    answer = operator.post(SESSIONS, {**lecture_body(site, a_group()), **changes})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert not Session.objects.exists()


def test_holidays_leave_areas_and_open_day_rules_are_entered_changed_and_removed(operator: APIClient, site: Site) -> None:
    holiday = operator.post(HOLIDAYS, {"site": None, "name": "New Year", "first_day": "2027-01-01", "last_day": "2027-01-01"}).json()
    person, door = a_person(), a_door(site)
    leave = operator.post(LEAVE, leave_body(person, from_time="09:00", until_time="12:00")).json()
    area = operator.post(AREAS, {"site": str(site.uuid), "name": "Lab", "doors": [str(door.uuid)]}).json()
    assert operator.get(HOLIDAYS, {"site": str(site.uuid), "from": "2027-01-01", "to": "2027-01-01"}).json()["results"] == [holiday]
    assert operator.get(LEAVE, {"person": str(person.uuid), "cancelled": "false"}).json()["results"] == [leave]
    assert operator.get(AREAS, {"door": str(door.uuid), "site": str(site.uuid)}).json()["results"] == [area]
    for address, row, change in (
        (HOLIDAYS, holiday, {"site": str(site.uuid)}),
        (LEAVE, leave, {"until_time": "13:00"}),
        (AREAS, area, {"max_s": 60}),
    ):
        url = f"{address}/{row['id']}"
        first = operator.patch(url, change, headers={"If-Match": '"1"'})
        assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
        assert operator.patch(url, change, headers={"If-Match": '"1"'}).status_code == 412
        assert operator.get(url).json() == first.json()
        assert operator.get(address, {"format": "csv"}).content.count(b"\r\n") == 2
    url = f"{LEAVE}/{leave['id']}/cancel"
    assert operator.post(url).json() == operator.post(url).json()
    assert operator.patch(f"{LEAVE}/{leave['id']}", {"reason": "x"}).status_code == 409
    for address, row in ((HOLIDAYS, holiday), (AREAS, area)):
        assert operator.delete(f"{address}/{row['id']}", headers={"If-Match": '"1"'}).status_code == 412
        assert [operator.delete(f"{address}/{row['id']}").status_code for _ in range(2)] == [204, 404]
    rule = f"/api/v1/sites/{site.uuid}/open-day-rule"
    assert operator.get(rule).json() == {"terms": {"mode": "first_last", "min_gap_s": 30, "forgotten_exit": "last_seen"}, "version": 0}
    assert operator.patch(rule, {"terms": {"mode": "pairs"}}, headers={"If-Match": '"0"'}).json()["terms"]["mode"] == "pairs"
    assert operator.patch(rule, {"terms": {"mode": "pairs"}}, headers={"If-Match": '"0"'}).status_code == 412
    assert operator.patch(rule, {"terms": {"late_grace_s": 1}}).status_code == 422


@pytest.mark.parametrize("repeated", [HOLIDAYS, LEAVE, AREAS])
def test_what_is_entered_twice_is_refused_in_plain_words(operator: APIClient, site: Site, repeated: str) -> None:
    bodies = {
        HOLIDAYS: {"name": "New Year", "first_day": "2027-01-01", "last_day": "2027-01-01"},
        LEAVE: leave_body(a_person()),
        AREAS: {"site": str(site.uuid), "name": "Lab", "doors": []},
    }
    assert operator.post(repeated, bodies[repeated]).status_code == 201
    refused = operator.post(repeated, bodies[repeated])
    assert (refused.status_code, refused.json()["detail"][-1]) == (409, ".")


@pytest.mark.parametrize("address", [SCHEDULES, SESSIONS, HOLIDAYS, LEAVE, AREAS])
def test_ids_and_questions_that_are_none_are_refused(operator: APIClient, address: str) -> None:
    assert [operator.get(f"{address}/{uuid}").status_code for uuid in (uuid4(), "x")] == [404, 404]
    assert operator.patch(f"{address}/{uuid4()}", {}).status_code == 404
    assert operator.patch(f"{address}/{uuid4()}", []).status_code == 400
    assert operator.get(address, {"cursor": "x"}).status_code == 404
    if address != SCHEDULES:
        assert operator.get(address, {"site": "x", "to": "soon", "person": "x"}).status_code == 400
    assert operator.post(address, []).status_code == 400
    assert operator.put(f"{address}/{uuid4()}", {}).status_code == 405
