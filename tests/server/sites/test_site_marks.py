from datetime import UTC, datetime, time, timedelta

import pytest
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.recompute.models import Mark
from server.schedules.models import Schedule
from server.schedules.services import schedule_save
from server.sites.models import Site
from tests.factories import a_door, a_group, a_session, a_site, as_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> APIClient:
    return as_role(Role.ADMIN)


def marked() -> list[tuple[str, str]]:
    found = list(Mark.objects.filter(kind="site_days").order_by("id").values_list("key", "why"))
    Mark.objects.all().delete()
    return found


def test_another_day_cut_derives_the_site_again_and_another_name_does_not(admin: APIClient) -> None:
    site = a_site()
    url = f"/api/v1/sites/{site.uuid}"
    assert admin.patch(url, {"day_cut": "03:00"}).json()["day_cut"] == "03:00:00"
    assert marked() == [(f"{site.pk}::", "rule")]
    assert admin.patch(url, {"name": "Other"}).status_code == 200
    assert marked() == []


def test_with_another_time_zone_coming_sessions_are_at_the_same_local_time_and_past_ones_where_they_were(admin: APIClient) -> None:
    site = a_site()
    today = datetime.now(tz=UTC).date()
    values = {
        "name": "Maths", "kind": "lecture", "site": site, "group": a_group(), "weekdays": list(range(7)), "begins": time(12),
        "ends": time(13), "valid_from": today - timedelta(days=9),
    }  # fmt: skip
    schedule = schedule_save(schedule=Schedule(), values=values, by=None, now=datetime.now(tz=UTC))
    assert admin.patch(f"/api/v1/sites/{site.uuid}", {"time_zone": "Asia/Tokyo"}).status_code == 200
    hours = list(schedule.sessions.order_by("local_date").values_list("begins_at__hour", flat=True))
    assert (hours[0], hours[-1], set(hours)) == (12, 3, {12, 3})


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ({"used_until": "2026-11-20T12:00:00Z"}, "2026-11-20:"),
        ({"used_from": "2026-11-02T12:00:00Z"}, "2026-11-01:2026-11-02"),
        ({"used_from": None}, ":2026-11-01"),
        ({"used_from": None, "used_until": "2026-11-20T12:00:00Z"}, ":"),
        ({"direction": "in"}, ":"),
        ({"name": "Back", "restricted": True}, None),
    ],
)
def test_a_door_that_is_used_at_other_times_derives_those_days_again(admin: APIClient, change: dict[str, object], days: str | None) -> None:
    door = a_door(used_from=datetime(2026, 11, 1, 12, tzinfo=UTC))
    answer = admin.patch(f"/api/v1/doors/{door.uuid}", change)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in change} == change
    assert marked() == ([] if days is None else [(f"{door.site_id}:{days}", "place")])


@pytest.mark.parametrize(
    "change",
    [
        {"used_from": "2026-11-02T12:00:00Z", "used_until": "2026-11-02T12:00:00Z"},
        {"used_from": "0001-01-01T00:00:00Z"},
        {"used_until": "9999-12-31T23:59:59Z"},
        {"used_until": "soon"},
    ],
)
def test_times_of_a_door_that_make_no_sense_are_refused(admin: APIClient, change: dict[str, object]) -> None:
    door = a_door()
    assert admin.patch(f"/api/v1/doors/{door.uuid}", change).status_code == 400
    assert admin.post("/api/v1/doors", {"site": str(door.site.uuid), "name": "x", **change}).status_code == 400
    assert marked() == []
    assert Site.objects.get().doors.count() == 1


def test_a_door_that_a_timetable_or_an_area_names_is_not_deleted(admin: APIClient) -> None:
    door, free = a_door(), a_door()
    a_session(door.site, doors=[door])
    refused = admin.delete(f"/api/v1/doors/{door.uuid}")
    assert (refused.status_code, refused.json()["code"]) == (409, "door_in_use")
    assert "named by sessions" in refused.json()["detail"]
    assert admin.delete(f"/api/v1/doors/{free.uuid}").status_code == 204
