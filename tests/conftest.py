import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from tests.postgres_plugin import installation

PLAIN_STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The first test that needs the database starts it."""
    django_settings.DATABASES["default"]["HOST"] = str(installation.start_postgres())


@pytest.fixture(scope="session", autouse=True)
def _no_gallery_stays_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nodes without a board's key leave theirs in /dev/shm; those of this run's nodes go with it."""
    yield
    for note in Path("/dev/shm").glob("lintel-*/state"):  # noqa: S108
        if note.read_text(encoding="utf-8").startswith(str(tmp_path_factory.getbasetemp())):
            shutil.rmtree(note.parent)


@pytest.fixture(autouse=True)
def _cheap_passwords_and_no_collected_files(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": PLAIN_STATIC}
