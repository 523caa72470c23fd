"""What callers of the API of schedules send."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from server.accounts.models import User
from server.people.models import Group, Person
from server.sites.models import Site

SCHEDULES, SESSIONS, HOLIDAYS, LEAVE, AREAS = (f"/api/v1/{name}" for name in ("schedules", "sessions", "holidays", "leave", "areas"))
TODAY = timezone.now().date()
COMING = TODAY + timedelta(days=7)


def schedule_body(site: Site, group: Group, /, **values: object) -> dict[str, Any]:
    return {
        "name": "Maths", "kind": "lecture", "site": str(site.uuid), "group": str(group.uuid), "weekdays": [0, 3], "begins": "09:00",
        "ends": "10:30", "breaks": [["09:45", "09:50"]], "valid_from": str(COMING), "terms": {"late_grace_s": 60}, **values,
    }  # fmt: skip


def lecture_body(site: Site, group: Group, /, *, hour: int = 9, **values: object) -> dict[str, Any]:
    return {
        "name": "Guest", "site": str(site.uuid), "group": str(group.uuid), "begins_at": f"{COMING}T{hour:02}:00:00+01:00",
        "ends_at": f"{COMING}T{hour + 1:02}:00:00+01:00", **values,
    }  # fmt: skip


def leave_body(person: Person, /, **values: object) -> dict[str, Any]:
    return {"person": str(person.uuid), "reason": "sick", "first_day": str(COMING), "last_day": str(COMING), **values}


def signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client
