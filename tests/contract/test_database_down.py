"""The database goes away and comes back, as real programs see it: 503 that says so, nothing falls over, nothing needs a restart."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests

from deploy.local.data_folder import DataFolder
from deploy.local.postgres import Postgres, find_place
from tests.contract.installation import Installation
from tests.e2e.test_demo import free_port

TIMEOUT_S = 30


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with TemporaryDirectory(prefix="lintel-down-") as path:
        folder = DataFolder.open(Path(path))
        folder.root.chmod(0o711)
        postgres = Postgres(find_place(folder, elsewhere=folder.root / "elsewhere"), folder.root / "postgres.log")
        postgres.start()
        yield postgres
        postgres.stop()


@pytest.fixture(scope="module")
def installation(postgres: Postgres) -> Installation:
    installation = Installation(postgres.host.parent, postgres.host, free_port())
    installation.configure()
    return installation


def address(installation: Installation, path: str) -> str:
    return f"http://127.0.0.1:{installation.port}{path}"


def status(installation: Installation) -> int | None:
    try:
        return requests.get(address(installation, "/api/v1/health"), timeout=TIMEOUT_S).status_code
    except requests.ConnectionError:
        return None


def test_before_the_tables_are_made_nothing_starts_and_one_line_says_what_to_do(installation: Installation) -> None:
    made = installation.folder / "server" / "static"
    assert installation.run("init").returncode == 0
    made.rename(made.with_name("elsewhere"))
    for command in ("serve", "worker"):
        refused = installation.run(command)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == "lintel-server: this installation is not complete: run `lintel-server init`\n"
    made.with_name("elsewhere").rename(made)
    assert installation.run("migrate", "attendance", "zero").returncode == 0
    for command in ("serve", "worker"):
        refused = installation.run(command)
        assert refused.returncode == 1
        assert refused.stderr == "lintel-server: the tables are missing or those of an older version: run `lintel-server init`\n"


def test_the_server_outlives_its_database(installation: Installation, postgres: Postgres) -> None:
    initialised = installation.run("init")
    assert (initialised.returncode, initialised.stdout.count("\n")) == (0, 1), initialised.stderr
    postgres.stop()
    worker = installation.run("worker")
    assert (worker.returncode, worker.stderr.count("\n")) == (1, 1)
    assert "start PostgreSQL or correct [database] in" in worker.stderr
    with ExitStack() as stack:
        server = installation.start("serve")
        stack.callback(server.stop)
        server.wait_until(lambda: status(installation) == 503, within_seconds=60)
        _everything_is_unavailable(installation)
        postgres.start()
        assert status(installation) == 200
        postgres.stop()
        _everything_is_unavailable(installation)
        postgres.start()
        assert status(installation) == 200
        assert server.running
    assert "Traceback" not in server.program.log.read_text()


def _everything_is_unavailable(installation: Installation) -> None:
    bearer, token = {"Authorization": "Bearer x"}, {"Authorization": "Token x"}
    answers = (
        requests.post(address(installation, "/api/v1/node/records"), json={}, headers=bearer, timeout=TIMEOUT_S),
        requests.get(address(installation, "/api/v1/sightings"), headers=token, timeout=TIMEOUT_S),
    )
    for answer in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert (answer.headers["Retry-After"], answer.json()["code"]) == ("5", "database_unavailable")
    page = requests.get(address(installation, "/"), cookies={"sessionid": "x" * 32}, timeout=TIMEOUT_S)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert page.text == "The database does not answer; try again."
