import pytest

from server.core.permissions import Role
from server.sites.models import Site
from tests.factories import a_door, a_site, as_role

pytestmark = pytest.mark.django_db


def test_a_site_and_its_door_are_made_by_name() -> None:
    admin = as_role(Role.ADMIN)
    site = admin.post("/api/v1/sites", {"name": "Main", "time_zone": "Europe/Paris"}, format="json").json()
    assert site["day_cut"] == "04:00:00"
    door = admin.post("/api/v1/doors", {"site": site["id"], "name": "Front", "direction": "both"}, format="json")
    assert (door.status_code, door.json()["site"]) == (201, site["id"])


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x", "time_zone": "Mars"}, {"name": "x", "day_cut": "25:00"}, {"name": ["x"]}, []]
)
def test_a_site_that_is_garbage_is_refused(body: object) -> None:
    assert as_role(Role.ADMIN).post("/api/v1/sites", body, format="json").status_code == 400
    assert not Site.objects.exists()


def test_a_name_is_given_once() -> None:
    site = a_site()
    assert as_role(Role.ADMIN).post("/api/v1/sites", {"name": site.name}, format="json").status_code == 400
    door = a_door(site)
    body = {"site": str(site.uuid), "name": door.name}
    assert as_role(Role.ADMIN).post("/api/v1/doors", body, format="json").status_code == 400


def test_a_site_with_doors_is_not_deleted() -> None:
    door = a_door()
    response = as_role(Role.ADMIN).delete(f"/api/v1/sites/{door.site.uuid}")
    assert (response.status_code, response.json()["code"]) == (409, "in_use")


@pytest.mark.parametrize(("role", "view", "change"), [(None, 401, 401), ("self", 200, 403), ("operator", 200, 403), ("admin", 200, 201)])
def test_who_may_see_and_who_may_make_sites(role: str | None, view: int, change: int) -> None:
    client = as_role(None if role is None else Role(role))
    assert client.get("/api/v1/sites").status_code == view
    assert client.post("/api/v1/sites", {"name": "New"}, format="json").status_code == change


@pytest.mark.parametrize("id_", ["1", "x", "00000000-0000-0000-0000-000000000000"])
def test_an_id_that_is_none_is_not_found(id_: str) -> None:
    assert as_role(Role.ADMIN).get(f"/api/v1/doors/{id_}").status_code == 404
