"""Lintel on the PostgreSQL of Debian 12, which is older than the embedded one: migrations, checks, ingest, the open day."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.contract.installation import Cluster, Installation, account_for_postgres

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(not (PROGRAMS / "initdb").exists(), reason="PostgreSQL 15 is not installed here")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with TemporaryDirectory(prefix="lintel-pg15-") as path:
        folder = Path(path)
        folder.chmod(0o711)
        cluster = Cluster(folder / "postgres", PROGRAMS, account_for_postgres("postgres"))
        cluster.create()
        part = cluster.start()
        installation = Installation(folder, cluster.folder)
        installation.configure()
        yield installation
        part.stop()


def test_the_whole_way_of_a_record_on_postgresql_15(installation: Installation) -> None:
    made = installation.run("init")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["secrets"] == "made"
    checked = installation.run("makemigrations", "--check", "--dry-run")
    assert checked.returncode == 0, checked.stdout + checked.stderr

    ingest = installation.run(module="tests.contract.scripted_ingest")
    assert ingest.returncode == 0, ingest.stderr
    assert json.loads(ingest.stdout.splitlines()[-1]) == {
        "statuses": [*["archived"] * 5, "rejected"],
        "repeat_is_the_same": True,
        "records": 5,
        "crop": [204, "stored"],
        "open_day": ["2024-11-20", "2024-11-20T12:00:00+00:00", "2024-11-20T15:00:00+00:00", 2],
        "marks_left": 0,
        "node": [5, 2, 2],
        "gallery": [1, 1, True],
    }
