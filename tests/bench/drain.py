"""How fast one node empties its outbox, beside a bare loop of `requests.post` of batches of the same kind in the same run.

A real `lintel-server serve` (gunicorn) on an embedded PostgreSQL, over loopback. The node's figure has all it does: lease, send, receipts
compared by number and hash, rows removed durably. The bare loop sends batches that another outbox held, which the server has not seen
before, over a connection kept alive, and looks at nothing.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import requests

from edge_client.node_token import TokenFile
from edge_client.outbox.delivery import Deliveries
from shared_schema.node import RecordBatch
from tests.faults.load_server import loaded_server
from tests.faults.network_node import NetworkNode

RECORDS, WARM_UP, BATCH = 4000, 500, 200
SCRATCH = Path("/var/tmp")  # noqa: S108 (a folder of its own is made in it)


def main() -> int:
    """Print records a second of both."""
    with loaded_server() as server, tempfile.TemporaryDirectory(dir=SCRATCH, prefix="lintel-bench-") as folder:
        warm, bare, node = (NetworkNode.claimed(Path(folder) / name, server) for name in ("warm", "bare", "node"))
        for one, count in ((warm, WARM_UP), (bare, RECORDS), (node, RECORDS)):
            one.put(count)
        _drain(warm)
        bare_s = _post(bare, _bodies(bare))
        node_s = _drain(node)
        held = len(server.held())
    result = {
        "records": RECORDS,
        "node_per_s": round(RECORDS / node_s),
        "bare_loop_per_s": round(RECORDS / bare_s),
        "share_of_the_bare_loop": round(bare_s / node_s, 2),
        "held": held,
    }
    print(json.dumps(result))
    return 0


def _drain(node: NetworkNode) -> float:
    with node.lanes() as lanes:
        began = time.perf_counter()
        while lanes.records.step():
            pass
        took = time.perf_counter() - began
    if not node.status().is_drained:
        raise SystemExit("the server did not take everything")
    return took


def _bodies(node: NetworkNode) -> list[bytes]:
    deliveries = Deliveries.open(node.outbox, clock=node.clock)
    bodies = []
    while leased := deliveries.lease(BATCH):
        bodies.append(RecordBatch(items=tuple(record.item for record in leased)).model_dump_json().encode())
    deliveries.close()
    return bodies


def _post(node: NetworkNode, bodies: Sequence[bytes]) -> float:
    (token, *_) = TokenFile(node.config.state).load()
    headers = {"Authorization": f"Bearer {token.token}", "Content-Type": "application/json"}
    with requests.Session() as session:
        began = time.perf_counter()
        for body in bodies:
            session.post(f"{node.url}/api/v1/node/records", data=body, headers=headers, timeout=60).raise_for_status()
        return time.perf_counter() - began
