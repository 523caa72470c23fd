import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from tests.postgres_plugin import installation

PLAIN_STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The first test that needs the database starts it."""
    django_settings.DATABASES["default"]["HOST"] = str(installation.start_postgres())


@pytest.fixture(autouse=True)
def _cheap_passwords_and_no_collected_files(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": PLAIN_STATIC}
