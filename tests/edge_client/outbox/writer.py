"""Puts records until it is killed; run as a program by test_kill."""

import sys
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from tests.edge_client.fakes import SIGNER, an_identity


def write_for_ever(folder: Path) -> None:
    outbox = Outbox.open(folder, identity=an_identity(), signer=SIGNER, clock=SystemClock())
    while True:
        recorded = outbox.put(Kind.SIGHTING, f'{{"after":{outbox.last_seq}}}'.encode(), probe=b"p" * 64, crop=b"c" * 2000)
        sys.stdout.write(f"{recorded.epoch} {recorded.seq} {recorded.sha256}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]))
