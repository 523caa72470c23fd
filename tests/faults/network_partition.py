"""Run in a network namespace of its own: a courier whose packets nftables drops, first those that come back, then all.

Prints what was held and what waited. Ends with 77 where the kernel has no nftables.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.network_archive import Archive
from tests.faults.network_node import NetworkNode, judge

LACKING = 77
CHAIN = (
    ("add", "table", "inet", "lintel"),
    ("add", "chain", "inet", "lintel", "input", "{ type filter hook input priority 0 ; }"),
)


def nft(*words: str) -> None:
    subprocess.run(["nft", *words], check=True, capture_output=True)


def drop(*packets: str) -> None:
    nft("add", "rule", "inet", "lintel", "input", *packets, "drop")


def wait_until(done: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > 45:
            raise SystemExit("nothing came through within 45 s")
        time.sleep(0.05)
    return round(time.monotonic() - began, 1)


def state(archive: Archive, node: NetworkNode) -> dict[str, int]:
    return {"held": len(archive.held()), "waiting": node.status().waiting}


def main(folder: Path) -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        for words in CHAIN:
            nft(*words)
    except (OSError, subprocess.CalledProcessError):
        sys.stderr.write("nftables cannot be used here\n")
        return LACKING
    told: dict[str, object] = {}
    with Archive().running() as archive:
        port = str(urlsplit(archive.url).port)
        node = archive.node_in(folder)
        node.put(5)
        with node.courier():
            wait_until(lambda: node.status().is_drained)
            drop("tcp", "sport", port)
            node.put(5)
            wait_until(lambda: len(archive.held()) == 10)
            told["answers_dropped"] = state(archive, node)
            nft("flush", "chain", "inet", "lintel", "input")
            told["delivered_after_s"] = wait_until(lambda: node.status().is_drained)
            drop("tcp", "dport", port)
            node.put(5)
            time.sleep(3)
            told["everything_dropped"] = state(archive, node)
            nft("flush", "chain", "inet", "lintel", "input")
            told["delivered_in_the_end_after_s"] = wait_until(lambda: node.status().is_drained)
        told |= {**asdict(judge(node.recorded, archive.held())), "waiting": node.status().waiting}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
