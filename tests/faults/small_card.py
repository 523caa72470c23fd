"""A card of its own, small and real: `python -m tests.faults.small_card FOLDER` in a mount namespace that nobody else sees.

Fills it to the last byte, makes it read-only and writable again, and prints after each what the outbox did.
"""

import errno
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from edge_client.errors import OutboxError, OutboxFull
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.limits import Limits
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.node import Receipt, Status
from tests.edge_client.fakes import SIGNER, FakeClock, an_identity

CARD_BYTES = 16 * 1024 * 1024
_LIMITS = Limits(max_bytes=10**9, min_free_bytes=0, reserve_bytes=6 * 2**20)
_MOST = 20_000
_RECORD_BYTES = 40_000


def mount(folder: Path, *options: str) -> None:
    subprocess.run(["/bin/mount", *options, str(folder)], check=True)


def say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")


def open_outbox(folder: Path) -> Outbox:
    return Outbox.open(folder / "outbox", identity=an_identity(), signer=SIGNER, clock=FakeClock(), limits=_LIMITS)


def record_until_full(outbox: Outbox) -> int:
    """How many were recorded before the first refusal."""
    for number in range(_MOST):
        try:
            outbox.put(Kind.OBSERVATION, number.to_bytes(8, "little") + bytes(_RECORD_BYTES))
        except OutboxFull:
            return number
    raise AssertionError("the card never became full")


def fill(folder: Path) -> int:
    """Whatever else lies on a card takes the rest. The number of bytes that are free then."""
    with (folder / "other").open("ab", buffering=0) as file:
        for size in (65_536, 4096, 512):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    free = os.statvfs(folder)
    return free.f_bavail * free.f_frsize


def refuses(outbox: Outbox) -> str:
    """The sentence with which another record is refused."""
    try:
        outbox.put(Kind.OBSERVATION, b"one more" + bytes(_RECORD_BYTES))
    except OutboxError as error:
        return str(error)
    return ""


def deliver(folder: Path) -> int:
    """A server takes everything. How many records left the outbox."""
    deliveries = Deliveries.open(folder / "outbox", clock=FakeClock())
    delivered = 0
    while leased := deliveries.lease(200):
        deliveries.ack(leased, [Receipt(epoch=r.epoch, seq=r.seq, sha256=r.sha256, status=Status.ARCHIVED) for r in leased])
        delivered += len(leased)
    deliveries.close()
    return delivered


def open_read_only(folder: Path) -> str:
    """The sentence with which the outbox refuses to be opened for recording."""
    try:
        open_outbox(folder).close()
    except OutboxError as error:
        return str(error)
    return ""


def main() -> None:
    folder = Path(sys.argv[1])
    mount(folder, "-t", "tmpfs", "-o", f"size={CARD_BYTES}", "tmpfs")
    outbox = open_outbox(folder)
    recorded = record_until_full(outbox)
    say(recorded=recorded, free_bytes=fill(folder), refusal=refuses(outbox))
    say(delivered=deliver(folder))
    (folder / "other").unlink()
    say(refusal_with_room=refuses(outbox))
    outbox.close()
    mount(folder, "-o", "remount,ro")
    try:
        (folder / "anything").touch()
    except OSError as error:
        say(is_read_only=error.errno == errno.EROFS, refusal=open_read_only(folder))
    mount(folder, "-o", "remount,rw")
    again = open_outbox(folder)
    say(refusal_when_writable=refuses(again), losses=len(again.losses))
    again.close()
    say(delivered=deliver(folder))


if __name__ == "__main__":
    main()
