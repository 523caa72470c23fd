"""What programs on a watched disk do. `python -m tests.faults.jobs REPLIES` loads the node once and forks a child for each request.

A request is a line of JSON: `{"job": name, …}`. Replies name the child's pid when it starts and its return code when it
ends. A child's standard output is what a node would print; a control spoils the node before it does its job.
"""

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from edge_client import capture, courier
from edge_client.__main__ import main as lintel_edge
from edge_client.clock import SystemClock
from edge_client.commands import claim  # noqa: F401
from edge_client.config import NodeConfig
from edge_client.errors import OutboxError
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.outbox.limits import Limits
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.ids import BootNs, Epoch
from shared_schema.sighting import Crop, Evidence, Outcome, Sighting
from tests.edge_client.fakes import an_identity
from tests.faults.controls import spoil
from tests.faults.supervise import die_with_parent

Request = Mapping[str, Any]
LIMITS = Limits(max_bytes=10**9, min_free_bytes=0, reserve_bytes=65_536)
_REQUESTS = 0


def sighting(number: int, *, crop: bytes | None, probe: bytes) -> bytes:
    """The payload of the `number`-th sighting: no two are alike."""
    return (
        Sighting(
            at=SystemClock().reading_at(BootNs(number)),
            from_boot_ns=number,
            until_boot_ns=number,
            outcome=Outcome.UNKNOWN,
            candidate=None,
            runner_up=None,
            evidence=Evidence(
                min_similarity=0.5, min_margin=0.1, min_agreeing_frames=2, frames=3, agreeing_frames=0, quality=0.5, face_px=60
            ),
            model_id="m",
            gallery_revision=0,
            probe_sha256=sha256(probe).hexdigest(),
            crop=None if crop is None else Crop(sha256=sha256(crop).hexdigest(), size_bytes=len(crop)),
        )
        .model_dump_json()
        .encode()
    )


def put(outbox: Outbox, number: int, *, crop_bytes: int = 700) -> None:
    """Record and announce the `number`-th sighting; every third one has no crop."""
    crop = None if number % 3 == 0 else b"\xff\xd8" + number.to_bytes(8, "little") + bytes(crop_bytes)
    probe = number.to_bytes(64, "little")
    recorded = outbox.put(Kind.SIGHTING, sighting(number, crop=crop, probe=probe), probe=probe, crop=crop)
    capture.print_recorded(recorded)


def open_outbox(state: Path) -> Outbox:
    """As capture opens it."""
    identity, signer = IdentityFolder(state).load(), KeyFolder(state).signer()
    return Outbox.open(state / "outbox", identity=identity, signer=signer, clock=SystemClock(), limits=LIMITS)


def _record(request: Request) -> None:
    """Sightings `first` to `last`, opening the outbox anew after it failed, as capture does."""
    state, number, tries = Path(request["state"]), int(request["first"]), int(request.get("tries", 50))
    outbox: Outbox | None = None
    while outbox is None or number <= int(request["last"]):
        try:
            if outbox is None:
                outbox = _open(state, request)
                continue
            put(outbox, number, crop_bytes=int(request.get("crop_bytes", 700)))
            number += 1
        except OutboxError as error:
            _say(refused=number, why=str(error))
            number += 1
            tries -= 1
            if outbox is not None:
                outbox.close()
            outbox = None
            if not tries:
                raise
    if not request.get("dies"):
        outbox.close()


def _open(state: Path, request: Request) -> Outbox:
    outbox = open_outbox(state)
    if "epoch" in request:
        outbox.begin_epoch(Epoch(request["epoch"]))
    return outbox


def _lintel_edge(request: Request) -> None:
    code = lintel_edge(list(request["arguments"]))
    if code:
        sys.exit(code)


class _Later(SystemClock):
    """This machine, so many seconds later: what a dead courier had leased is free again."""

    def __init__(self, seconds: float) -> None:
        self._ahead_ns = int(seconds * 1e9)

    def boot_ns(self) -> BootNs:
        return BootNs(super().boot_ns() + self._ahead_ns)


def _courier(request: Request) -> None:
    """The courier until all is delivered, with short waits."""

    def wait(seconds: float) -> bool:
        time.sleep(min(seconds, 0.01))
        return False

    around = courier.Surroundings(clock=_Later(request["later_s"]), wait=wait)
    process = courier.build(NodeConfig.load(Path(request["config"])), around)
    process.run(once=True)
    process.close()


def _say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _claimed(request: Request) -> None:
    """A node that never had to ask a server who it is."""
    state = Path(request["state"])
    KeyFolder(state).ensure()
    IdentityFolder(state).save(an_identity())


_JOBS: Mapping[str, Callable[[Request], None]] = {"claimed": _claimed, "record": _record, "courier": _courier, "lintel-edge": _lintel_edge}


def _child(request: Request) -> None:
    die_with_parent()
    spoil(request.get("control"))
    try:
        _JOBS[request["job"]](request)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 (the top of a process)
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    replies = os.fdopen(int(sys.argv[1]), "w", buffering=1)
    children: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([_REQUESTS, *children], [], [])
        for ended in set(ready) - {_REQUESTS}:
            pid, status = os.waitpid(children.pop(ended), 0)
            os.close(ended)
            replies.write(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}) + "\n")
        if _REQUESTS in ready:
            line = _read_line()
            if not line:
                break
            pid = os.fork()
            if pid == 0:
                _child(json.loads(line))
            children[os.pidfd_open(pid)] = pid
            replies.write(json.dumps({"started": pid}) + "\n")
    for pid in children.values():
        os.kill(pid, signal.SIGKILL)


def _read_line() -> bytes:
    """One request, byte by byte: nothing of the next one is taken."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(_REQUESTS, 1)
        if not byte:
            return b""
        line += byte
    return line


if __name__ == "__main__":
    main()
