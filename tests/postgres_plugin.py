"""Gives every test run an installation of its own: configuration, secrets and, once a test asks for it, an embedded PostgreSQL.

It is an early plugin because Django's settings are read before any conftest. PostgreSQL itself starts only when a test needs the
database (see `django_db_modify_db_settings` in conftest.py) and is an ordinary child on a leash: it ends with pytest whatever happens.
"""

import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.data_folder import DataFolder
from deploy.local.postgres import Postgres, find_place
from server.core import secrets

OTHER_PROGRAMS = "LINTEL_TEST_POSTGRES"
"""The folder of another PostgreSQL's programs, instead of the embedded one's."""


class _OtherPostgres(Postgres):
    def _check_version(self) -> None:
        """Whatever it is, the cluster was made with it in this run."""


class Installation:
    """The folder of this run and its cluster."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="lintel-tests-"))
        self.root.chmod(0o711)
        self._folder = DataFolder(self.root)
        self._postgres: Postgres | None = None

    def configure(self) -> None:
        data, objects = self.root / "server", self.root / "objects"
        secrets.create_if_absent(data)
        objects.mkdir()
        (data / "static").mkdir()
        config = self.root / "server.toml"
        host = self.root / "postgres"
        lines = (
            f"data = {json.dumps(str(data))}",
            'allowed_hosts = ["testserver", "127.0.0.1", "localhost"]',
            "secure_cookies = false",
            "[database]",
            f'name = "postgres"\nuser = "postgres"\nhost = {json.dumps(str(host))}',
            f'[objects]\nkind = "folder"\npath = {json.dumps(str(objects))}',
        )
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.environ["LINTEL_SERVER_CONFIG"] = str(config)
        os.environ["PGOPTIONS"] = "-c synchronous_commit=off"  # these data end with the run

    def start_postgres(self) -> Path:
        """The folder of its socket; started at the first call."""
        if self._postgres is None:
            self._folder.private.mkdir(exist_ok=True)
            place, log = find_place(self._folder, elsewhere=self.root / "elsewhere"), self.root / "postgres.log"
            other = os.environ.get(OTHER_PROGRAMS)
            self._postgres = _OtherPostgres(replace(place, programs=Path(other)), log) if other else Postgres(place, log)
            self._postgres.start()
        return self._postgres.host

    def remove(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()
        shutil.rmtree(self.root, ignore_errors=True)


installation = Installation()
installation.configure()


def pytest_unconfigure(config: pytest.Config) -> None:
    installation.remove()
