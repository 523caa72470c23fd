import pytest
from django.conf import settings

from tests.postgres_plugin import installation


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The first test that needs the database starts it."""
    settings.DATABASES["default"]["HOST"] = str(installation.start_postgres())


@pytest.fixture(autouse=True)
def _cheap_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
