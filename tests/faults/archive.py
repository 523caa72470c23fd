"""A server that only keeps: the node protocol over real HTTP on loopback, receipts after a record is kept, crops opened and hashed.

As a program (`python -m tests.faults.archive LOG`) it prints, before each answer, what it now has: `{"claimed": …}`,
`{"archived": […]}`, `{"image": …}`. The log has its address and every envelope, so that a witness can judge.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

from shared_schema.envelope import Envelope, EnvelopeError
from shared_schema.node import (
    BatchReceipt,
    ClaimRequest,
    EpochAnswer,
    EpochRequest,
    HeartbeatAnswer,
    HighWater,
    NodeSettings,
    Receipt,
    RecordBatch,
    Status,
    TokenAnswer,
)
from shared_schema.sealing import CROP, unseal
from tests.edge_client.fakes import NODE, SEAL, claim_answer
from tests.loopback import Handler, Loopback

Say = Callable[[dict[str, object]], None]


@dataclass
class Archive:
    """What a server holds of one node. `poison` are seqs it refuses, `ugly` hashes of crops it refuses."""

    say: Say = lambda _: None
    log: IO[str] | None = None
    poison: frozenset[int] = frozenset()
    ugly: frozenset[str] = frozenset()
    public_key: bytes = b""
    held: dict[tuple[int, int], Envelope] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0
    arrivals: int = 0

    def start(self) -> Loopback:
        return Loopback.start(type("Handler", (_Handler,), {"archive": self}))

    def claim(self, body: bytes) -> str:
        request = ClaimRequest.model_validate_json(body)
        assert request.proves_its_key()
        assert self.public_key in {b"", request.public_key}, "the same token came with another key"
        self.public_key = request.public_key
        if self.log:
            self.log.write(json.dumps({"claimed": request.public_key.hex()}) + "\n")
        self.say({"claimed": request.public_key.hex()})
        return claim_answer().model_dump_json()

    def records(self, body: bytes) -> str:
        receipts = tuple(self._keep(item.envelope) for item in RecordBatch.model_validate_json(body).items)
        kept = [(one.epoch, one.seq, one.sha256) for one in receipts if one.status is Status.ARCHIVED]
        self.say({"archived": kept})
        return BatchReceipt(receipts=receipts).model_dump_json()

    def crop(self, digest: str, sealed: bytes) -> int:
        crop = unseal(sealed, private_key=SEAL.private_bytes_raw(), purpose=CROP)
        if digest in self.ugly or sha256(crop).hexdigest() != digest:
            return 422
        self.images[digest] = crop
        if self.log:
            self.log.write(json.dumps({"image": digest}) + "\n")
        self.say({"image": digest})
        return 204

    def heartbeat(self, _body: bytes) -> str:
        last = max(self.held, default=None)
        water = None if last is None else HighWater(epoch=last[0], seq=last[1], sha256=self.held[last].sha256)
        return HeartbeatAnswer(server_ns=time.time_ns(), gallery_revision=0, settings_revision=0, high_water=water).model_dump_json()

    def epoch(self, body: bytes) -> str:
        asked = EpochRequest.model_validate_json(body)
        key = f"{asked.boot_id} {asked.epoch} {asked.last_seq}"
        highest = max([asked.epoch, *(epoch for epoch, _ in self.held), *self.epochs.values()])
        return EpochAnswer(epoch=self.epochs.setdefault(key, highest + 1)).model_dump_json()

    def _keep(self, envelope: Envelope) -> Receipt:
        self.arrivals += 1
        key = (envelope.epoch, envelope.seq)
        code = self._refusal(envelope)
        if code is None and key not in self.held:
            self.held[key] = envelope
            if self.log:
                self.log.write(envelope.model_dump_json() + "\n")
        status = Status.ARCHIVED if code is None else Status.REJECTED
        return Receipt(epoch=envelope.epoch, seq=envelope.seq, sha256=envelope.sha256, status=status, code=code)

    def _refusal(self, envelope: Envelope) -> str | None:
        try:
            envelope.verify(self.public_key)
        except EnvelopeError as error:
            return error.code
        if envelope.node != NODE:
            return "wrong_node"
        if envelope.seq in self.poison:
            return "invalid_payload"
        there = self.held.get((envelope.epoch, envelope.seq))
        if there is not None and there.sha256 != envelope.sha256:
            self.conflicts += 1
            return "conflict"
        return None


class _Handler(Handler):
    archive: Archive

    def answer(self, name: str, body: bytes) -> None:
        archive = self.archive
        documents: dict[str, Callable[[bytes], str]] = {
            "claim": archive.claim,
            "records": archive.records,
            "heartbeat": archive.heartbeat,
            "epoch": archive.epoch,
            "token": lambda _: TokenAnswer(token="bearer-of-the-test", generation=1).model_dump_json(),
            "settings": lambda _: NodeSettings().model_dump_json(),
        }
        if name == "crops":
            status = archive.crop(self.path.rsplit("/", 1)[1], body)
            self._send(status, "" if status == 204 else '{"code": "invalid_crop"}')
        elif name in documents:
            self._send(200, documents[name](body))
        else:
            self._send(409, '{"code": "gallery_not_ready"}')

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if status != 204:
            self.wfile.write(text.encode())


@dataclass(frozen=True, slots=True)
class Held:
    """What a log tells: every envelope, as often as it was kept, the hashes of the images, and the node's key."""

    envelopes: list[Envelope]
    images: set[str]
    public_key: bytes


def read_log(path: Path) -> Held:
    envelopes, told = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith('{"protocol"'):
            envelopes.append(Envelope.model_validate_json(line))
        else:
            told.append(json.loads(line))
    images = {str(one["image"]) for one in told if "image" in one}
    key = next((bytes.fromhex(one["claimed"]) for one in told if "claimed" in one), b"")
    return Held(envelopes, images, key)


def _print(told: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    with Path(sys.argv[1]).open("a", encoding="utf-8", buffering=1) as log:
        server = Archive(say=_print, log=log).start()
        log.write(json.dumps({"url": server.url}) + "\n")
        sys.stdin.read()


if __name__ == "__main__":
    main()
