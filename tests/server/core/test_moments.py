from urllib.parse import quote

import pytest

from server.core.permissions import Role
from tests.factories import as_role

pytestmark = pytest.mark.django_db
LISTS = ("marks", "passes", "corrections", "audit", "sightings", "second-looks", "unknown-groups")


@pytest.mark.parametrize("name", LISTS)
def test_a_time_may_have_any_offset(name: str) -> None:
    client = as_role(Role.ADMIN)
    for moment, status in (("0467-09-18T23:49:48.1-23:28", 200), ("2024-01-01T00:00:00Z", 200), ("0001-01-01T00:00:00+23:59", 400)):
        assert client.get(f"/api/v1/{name}?since={quote(moment)}").status_code == status, moment
