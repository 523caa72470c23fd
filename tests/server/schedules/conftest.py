import pytest
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.sites.models import Site
from tests.factories import a_site, as_role


@pytest.fixture
def operator() -> APIClient:
    return as_role(Role.OPERATOR)


@pytest.fixture
def site() -> Site:
    return a_site(time_zone="Europe/Paris")
