"""A server to load: `lintel-server serve` (gunicorn) on a PostgreSQL of its own, with doors, people and claim tokens."""

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import psycopg2

from deploy.local.api import Api
from deploy.local.data_folder import DataFolder
from deploy.local.postgres import DATABASE, Postgres, find_place
from deploy.local.processes import Part
from tests.contract.installation import Installation
from tests.e2e.test_demo import free_port
from tests.faults.network_node import Key

_HELD = "SELECT epoch, seq, sha256 FROM sightings_record"
WORKERS, THREADS = 2, 8
"""What an installation has that was not told otherwise."""


@dataclass
class LoadedServer:
    """The running server, an account on it, and its database as somebody sees it who does not ask the server."""

    installation: Installation
    part: Part
    api: Api
    host: Path

    @property
    def url(self) -> str:
        return self.api.address

    def people(self, count: int) -> list[str]:
        """Ids of new people; nobody of them has a face."""
        return [str(self.api.post("people", {"name": f"Person {number}", "consent": True})["id"]) for number in range(count)]

    def claim_tokens(self, count: int) -> list[str]:
        """For nodes at one door."""
        site = self.api.post("sites", {"name": f"Site {uuid4()}", "time_zone": "Europe/Berlin"})
        door = self.api.post("doors", {"site": site["id"], "name": "Front", "direction": "both"})
        return [str(self.api.post("node-claims", {"door": door["id"], "name": f"node {number}"})["token"]) for number in range(count)]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Read straight from the database."""
        connection = psycopg2.connect(host=str(self.host), user="postgres", dbname=DATABASE)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def count(self, query: str) -> int:
        return int(str(self.rows(query)[0][0]))

    def held(self) -> list[Key]:
        """Every record that is stored, as often as it is stored: epoch, seq and hash."""
        return [(int(str(epoch)), int(str(seq)), str(digest)) for epoch, seq, digest in self.rows(_HELD)]

    def crops_held(self) -> int:
        return self.count("SELECT count(*) FROM sightings_crop WHERE state = 'stored'")

    def forget_an_observation(self) -> None:
        """As a database does that was damaged."""
        connection = psycopg2.connect(host=str(self.host), user="postgres", dbname=DATABASE)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("DELETE FROM sightings_observation WHERE record_id = (SELECT max(record_id) FROM sightings_observation)")
                cursor.execute("DELETE FROM sightings_record WHERE id = (SELECT max(id) FROM sightings_record WHERE kind = 'observation')")
        finally:
            connection.close()

    def log(self) -> str:
        return self.part.program.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def loaded_server(root: Path | None = None, *, settings: Mapping[str, object] | None = None) -> Iterator[LoadedServer]:
    """Start it with an empty database; nothing of it is left afterwards."""
    root = root or Path(tempfile.mkdtemp(prefix="lintel-load-", dir="/var/tmp"))
    root.chmod(0o711)
    folder = DataFolder.open(root)
    postgres = Postgres(find_place(folder, elsewhere=root / "elsewhere"), root / "postgres.log")
    try:
        postgres.start()
        installation = Installation(root, postgres.host, free_port())
        _configure(installation, settings or {})
        initialised = installation.run("init")
        assert initialised.returncode == 0, initialised.stderr
        admin = installation.run("create_admin", "--username", "load", "--json")
        part = installation.start("serve")
        part.program = replace(part.program, stop_signal=signal.SIGINT)
        try:
            api = Api(f"http://127.0.0.1:{installation.port}")
            part.wait_until(api.healthy, within_seconds=60)
            made = json.loads(admin.stdout.strip().splitlines()[-1])
            api.log_in(str(made["username"]), str(made["password"]))
            yield LoadedServer(installation, part, api, postgres.host)
        finally:
            part.stop()
    finally:
        postgres.stop()
        shutil.rmtree(root, ignore_errors=True)


def _configure(installation: Installation, settings: Mapping[str, object]) -> None:
    installation.configure()
    path = installation.folder / "server.toml"
    text = path.read_text(encoding="utf-8").replace('name = "postgres"', f'name = "{DATABASE}"')
    told = {"workers": WORKERS, "threads": THREADS, **settings}
    text = text.replace("workers = 1", "\n".join(f"{name} = {json.dumps(value)}" for name, value in told.items()))
    path.write_text(text, encoding="utf-8")
