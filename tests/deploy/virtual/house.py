"""The server that virtual hosts talk to: the real programs on a real PostgreSQL, on loopback of the network the tests are in."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from deploy.local.api import Api, SeenPass
from deploy.local.data_folder import DataFolder
from deploy.local.node import ensure_door
from deploy.local.postgres import Postgres, find_place
from deploy.local.processes import Part
from tests.contract.installation import Installation

PORT: Final = 8000


@dataclass(slots=True)
class House:
    """A running server with one administrator who is logged in."""

    installation: Installation
    api: Api
    server: Part

    @property
    def url(self) -> str:
        return self.api.address

    def claim_token(self, name: str) -> str:
        return str(self.api.post("node-claims", {"door": ensure_door(self.api), "name": name})["token"])

    def sightings(self) -> list[SeenPass]:
        return list(self.api.sightings())

    def node(self, name: str) -> dict[str, object]:
        return next(dict(item) for item in self.api.every("nodes") if item["name"] == name)

    def stop_serving(self) -> None:
        self.server.stop()

    def serve_again(self) -> None:
        self.server = _serve(self.installation, self.api)


@contextmanager
def open_house() -> Iterator[House]:
    """PostgreSQL, tables, an administrator, the server."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(TemporaryDirectory(prefix="lintel-house-")))
        folder = DataFolder.open(root)
        root.chmod(0o711)
        postgres = Postgres(find_place(folder, elsewhere=root / "elsewhere"), root / "postgres.log")
        postgres.start()
        stack.callback(postgres.stop)
        installation = Installation(root, postgres.host, PORT)
        installation.configure()
        assert installation.run("init").returncode == 0
        made = json.loads(installation.run("create_admin", "--username", "ada", "--json").stdout.splitlines()[-1])
        api = Api(f"http://127.0.0.1:{PORT}")
        house = House(installation, api, _serve(installation, api))
        stack.callback(house.stop_serving)
        api.log_in(str(made["username"]), str(made["password"]))
        yield house


def _serve(installation: Installation, api: Api) -> Part:
    server = installation.start("serve")
    server.wait_until(api.healthy, within_seconds=60)
    return server
