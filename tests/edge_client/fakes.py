"""A node without a board and a server without a database."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_client.files import make_secret_folder, write_secret
from edge_client.identity import Identity, IdentityFolder
from edge_client.node_token import NodeToken, TokenFile
from edge_client.outbox.limits import Limits
from edge_client.outbox.store import Outbox
from shared_schema.clock import ClockReading
from shared_schema.ids import BootId, BootNs, NodeId
from shared_schema.node import BatchReceipt, ClaimAnswer, Receipt, RecordBatch, Status
from tests.loopback import Handler, Loopback

NODE = NodeId(UUID("11111111-1111-4111-8111-111111111111"))
SEAL = X25519PrivateKey.from_private_bytes(b"\x07" * 32)
SIGNER = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)


class FakeClock:
    """Stands still until told to go on."""

    def __init__(self, *, boot: int = 1, boot_ns: int = 10**9) -> None:
        self.boot_id = BootId(UUID(int=boot))
        self.now = boot_ns

    def boot_ns(self) -> BootNs:
        return BootNs(self.now)

    def reading(self) -> ClockReading:
        return self.reading_at(self.boot_ns())

    def reading_at(self, boot_ns: BootNs) -> ClockReading:
        return ClockReading(boot_id=self.boot_id, boot_ns=boot_ns, wall_ns=boot_ns, synchronised=False)

    def go_on(self, seconds: float) -> None:
        self.now += int(seconds * 1e9)

    def wait(self, seconds: float) -> bool:
        self.go_on(seconds)
        return False


def an_identity(*, server: str = "http://127.0.0.1:9", next_epoch: int = 1) -> Identity:
    return Identity(
        node=NODE,
        seal_key=SEAL.public_key().public_bytes_raw(),
        next_epoch=next_epoch,
        server=server,
        door_name="Front",
        site_time_zone="UTC",
    )


def make_claimed(state: Path, identity: Identity | None = None) -> None:
    """A node that was claimed: key, identity and token lie where `lintel-edge claim` leaves them."""
    make_secret_folder(state / "keys")
    write_secret(state / "keys" / "signing.key", SIGNER.private_bytes_raw())
    IdentityFolder(state).save(identity or an_identity())
    TokenFile(state).save(NodeToken(token="bearer-of-the-test"))


def open_outbox(folder: Path, clock: FakeClock | None = None, *, next_epoch: int = 1, limits: Limits | None = None) -> Outbox:
    identity = an_identity(next_epoch=next_epoch)
    return Outbox.open(folder, identity=identity, signer=SIGNER, clock=clock or FakeClock(), limits=limits)


Fault = (
    Literal["reset", "commit_then_reset", "captive_portal", "wrong_body", "other_hash", "twice", "accept_only"]
    | tuple[int, dict[str, str], str]
)
"""What happens to a request: a name, or a status with headers and the code of a problem detail."""


@dataclass
class FakeServer:
    """Stores what the protocol says, unless the next fault of the request's path says otherwise."""

    faults: dict[str, list[Fault]] = field(default_factory=dict)
    stored: dict[tuple[int, int], str] = field(default_factory=dict)
    crops: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    poison: set[int] = field(default_factory=set)
    duplicates: int = 0
    tokens: list[str] = field(default_factory=list)
    documents: dict[str, tuple[str, str]] = field(default_factory=dict)
    deltas: dict[tuple[str, int], str] = field(default_factory=dict)
    """By the document's name and the revision it is asked for since; for others the whole document is the answer."""
    answers: dict[str, Callable[[bytes], str]] = field(default_factory=dict)
    takes: Callable[[], None] = lambda: None
    url: str = ""

    def start(self) -> Loopback:
        server = Loopback.start(type("Handler", (_Handler,), {"fake": self}))
        self.url = server.url
        return server

    def store(self, body: bytes) -> str:
        batch = RecordBatch.model_validate_json(body)
        receipts = []
        for item in batch.items:
            envelope = item.envelope
            envelope.verify(SIGNER.public_key().public_bytes_raw())
            key = (envelope.epoch, envelope.seq)
            refused = envelope.seq in self.poison
            if not refused:
                self.duplicates += key in self.stored
                self.stored[key] = envelope.sha256
                self.order.append(envelope.seq)
            receipts.append(
                Receipt(
                    epoch=envelope.epoch,
                    seq=envelope.seq,
                    sha256=envelope.sha256,
                    status=Status.REJECTED if refused else Status.ARCHIVED,
                    code="invalid_payload" if refused else None,
                )
            )
        return BatchReceipt(receipts=tuple(receipts)).model_dump_json()


class _Handler(Handler):
    fake: FakeServer
    since: str = ""

    def answer(self, name: str, body: bytes) -> None:
        name, _, self.since = name.partition("&since=")
        self.fake.tokens.append(self.headers.get("Authorization", "").removeprefix("Bearer "))
        self.fake.calls.append(name)
        self.fake.bodies.setdefault(name, []).append(body)
        waiting = self.fake.faults.get(name, [])
        fault = waiting.pop(0) if waiting else None
        if fault == "reset":
            self.reset()
        elif fault == "captive_portal":
            self._answer(200, "<html>Please accept our terms</html>", "text/html")
        elif fault == "wrong_body":
            self._answer(200, '{"receipts": "no"}')
        elif isinstance(fault, tuple):
            problem = json.dumps({"code": fault[2], "detail": f"detail of {fault[2]}"}) if fault[2] else "oops"
            self._answer(fault[0], problem, "application/problem+json" if fault[2] else "text/plain", **fault[1])
        else:
            self._serve(name, body, fault)

    def _serve(self, path: str, body: bytes, fault: Fault | None) -> None:
        if path == "records" and path not in self.fake.answers:
            self.fake.takes()
            answer = self.fake.store(body)
            if fault == "commit_then_reset":
                self.reset()
                return
            self._answer(200, _changed(answer, fault))
        elif path == "crops":
            self.fake.crops[self.path.rsplit("/", 1)[1]] = body
            self._answer(204, "")
        elif path in self.fake.documents:
            text, etag = self.fake.documents[path]
            text = self.fake.deltas.get((path, int(self.since or 0)), text)
            if self.headers.get("If-None-Match") == etag:
                self._answer(304, "", ETag=etag)
            else:
                self._answer(200, text, ETag=etag)
        elif path in self.fake.answers:
            answer = self.fake.answers[path](body)
            if fault == "commit_then_reset":
                self.reset()
                return
            self._answer(200, answer)
        else:
            self._answer(404, "nothing here", "text/plain")

    def _answer(self, status: int, text: str, kind: str = "application/json", **headers: str) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in {204, 304}:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status not in {204, 304}:
            self.wfile.write(data)


def _changed(answer: str, fault: Fault | None) -> str:
    receipts = BatchReceipt.model_validate_json(answer).receipts
    if fault == "other_hash":
        receipts = tuple(receipt.model_copy(update={"sha256": sha256(b"other").hexdigest()}) for receipt in receipts)
    elif fault == "accept_only":
        receipts = tuple(receipt.model_copy(update={"status": Status.ACCEPTED}) for receipt in receipts)
    elif fault == "twice":
        receipts = receipts + receipts
    return BatchReceipt(receipts=receipts).model_dump_json()


def claim_answer(node: NodeId = NODE) -> ClaimAnswer:
    return ClaimAnswer(
        node=node,
        token="bearer-of-the-test",
        seal_key=SEAL.public_key().public_bytes_raw(),
        next_epoch=1,
        door_name="Front",
        site_time_zone="UTC",
    )
