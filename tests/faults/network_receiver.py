"""The server of the test run as a receiver, and one that has forgotten what uniqueness is."""

from dataclasses import dataclass, field

from django.utils import timezone

from server.nodes.claims import claim_create
from server.people.models import Person
from server.sightings.models import Crop, Record
from shared_schema.node import BatchReceipt, Receipt, RecordBatch, Status
from tests.factories import a_door
from tests.faults.network_node import Key
from tests.loopback import Handler, Loopback


@dataclass(frozen=True, slots=True)
class LiveReceiver:
    """The live server of pytest-django and its tables."""

    url: str

    def claim_tokens(self, count: int) -> list[str]:
        return [claim_create(door=a_door(), name=f"node {number}", by=None, now=timezone.now()).token for number in range(count)]

    def held(self) -> list[Key]:
        return list(Record.objects.values_list("epoch", "seq", "sha256"))

    def held_by_node(self) -> list[tuple[int, int, int]]:
        """Node, epoch and seq of every record."""
        return list(Record.objects.values_list("node_id", "epoch", "seq"))

    def people(self, count: int) -> list[str]:
        return [str(Person.objects.create(name=f"Person {number}").uuid) for number in range(count)]

    def crops_held(self) -> int:
        return Crop.objects.filter(state="stored").count()


@dataclass
class CarelessReceiver:
    """Control: a receiver that appends whatever comes. It takes records only, of a node that another server claimed."""

    rows: list[Key] = field(default_factory=list)
    url: str = ""

    def start(self) -> Loopback:
        server = Loopback.start(type("Handler", (_Appending,), {"receiver": self}))
        self.url = server.url
        return server

    def store(self, body: bytes) -> bytes:
        envelopes = [item.envelope for item in RecordBatch.model_validate_json(body).items]
        self.rows += [(one.epoch, one.seq, one.sha256) for one in envelopes]
        receipts = tuple(Receipt(epoch=one.epoch, seq=one.seq, sha256=one.sha256, status=Status.ARCHIVED) for one in envelopes)
        return BatchReceipt(receipts=receipts).model_dump_json().encode()


class _Appending(Handler):
    receiver: CarelessReceiver

    def answer(self, name: str, body: bytes) -> None:
        said = self.receiver.store(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
