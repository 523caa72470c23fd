"""How fast records come in: 1,000 sightings in batches of 100 beside one POST each.

A real `lintel-server serve` (gunicorn) on an embedded PostgreSQL, over loopback; keep-alive in both cases.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.factories import FakeNode

COUNT, BATCH, WARM_UP = 1000, 100, 24
SCRIPTS = Path(sys.executable).parent


def main() -> int:
    """Print both times and their ratio."""
    with _installation() as port:
        node = _node()
        for _ in range(WARM_UP):  # each on a connection of its own, so that no worker process meets its first request later
            _seconds(port, node.token, [[node.sighting()]])
        single = _seconds(port, node.token, [[node.sighting()] for _ in range(COUNT)])
        items = [node.sighting() for _ in range(COUNT)]
        batched = _seconds(port, node.token, [items[at : at + BATCH] for at in range(0, COUNT, BATCH)])
    result = {
        "sightings": COUNT,
        "one_post_each_s": round(single, 2),
        f"batches_of_{BATCH}_s": round(batched, 2),
        "one_post_each_per_s": round(COUNT / single),
        f"batches_of_{BATCH}_per_s": round(COUNT / batched),
        "ratio": round(single / batched, 1),
    }
    print(json.dumps(result))
    return 0


def _node() -> "FakeNode":
    from tests.factories import FakeNode  # noqa: PLC0415  (the factories need Django set up first)

    return FakeNode.hung()


def _seconds(port: int, token: str, batches: Sequence[Sequence[object]]) -> float:
    bodies = [json.dumps({"protocol": 1, "items": batch}).encode() for batch in batches]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/api/v1/node/records", body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200 or any(receipt["status"] == "rejected" for receipt in answer["receipts"]):
            raise SystemExit(f"the server refused: {str(answer)[:300]}")
    connection.close()
    return time.perf_counter() - began


@contextmanager
def _installation() -> Iterator[int]:
    """A server on a free port, with a database of its own; both are gone afterwards."""
    from deploy.local.data_folder import DataFolder  # noqa: PLC0415
    from deploy.local.postgres import Postgres, find_place  # noqa: PLC0415

    root = Path(tempfile.mkdtemp(prefix="lintel-bench-"))
    root.chmod(0o711)
    folder = DataFolder.open(root)
    postgres = Postgres(find_place(folder, elsewhere=root / "elsewhere"), root / "postgres.log")
    try:
        postgres.start()
        port = _free_port()
        _configure(root, port, postgres.host)
        with (root / "server.log").open("w", encoding="utf-8") as log:
            subprocess.run([SCRIPTS / "lintel-server", "init"], check=True, stdout=log, stderr=log)
            server = subprocess.Popen([SCRIPTS / "lintel-server", "serve"], stdout=log, stderr=log)
            try:
                _wait(port, server)
                _set_up_django()
                yield port
            finally:
                server.terminate()
                server.wait(30)
    finally:
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        postgres.stop()
        shutil.rmtree(root, ignore_errors=True)


def _configure(root: Path, port: int, host: Path) -> None:
    lines = (
        f"data = {json.dumps(str(root / 'server'))}",
        f'bind = "127.0.0.1:{port}"',
        "secure_cookies = false",
        f'[database]\nname = "lintel"\nuser = "postgres"\nhost = {json.dumps(str(host))}',
        f'[objects]\nkind = "folder"\npath = {json.dumps(str(root / "objects"))}',
    )
    (root / "server.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.environ["LINTEL_SERVER_CONFIG"] = str(root / "server.toml")


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.config.settings")
    import django  # noqa: PLC0415

    django.setup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit("the server ended; is `lintel-server init` all right?")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/api/v1/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not answer within a minute")


if __name__ == "__main__":
    sys.exit(main())
