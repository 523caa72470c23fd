"""Offsets of the nodes' boot clocks from the time, as their contacts show them.

A node has no clock to rely on. An exchange (request sent, answered, received) bounds the offset by its round trip; a mere request bounds
it by how long a request can be under way. Boot clocks drift, so the best contact of every hour is kept.
"""

from dataclasses import dataclass
from uuid import UUID

from server.nodes.models import ClockOffset, Node
from server.recompute.services import Window, mark
from shared_schema.clock import ClockReading, Exchange

HOUR_NS = 3_600 * 10**9
LONGEST_REQUEST_NS = 30 * 10**9
LONGEST_USEFUL_EXCHANGE_NS = 60 * 10**9
DRIFT_PPM = 50
TIMES = "times"


@dataclass(frozen=True, slots=True)
class Contact:
    """Time = boot clock + offset_ns ± half_width_ns, at `at_boot_ns`."""

    boot_id: UUID
    at_boot_ns: int
    offset_ns: int
    half_width_ns: int

    @property
    def hour(self) -> int:
        return self.at_boot_ns // HOUR_NS


def contact_of_request(at: ClockReading, now_ns: int) -> Contact:
    """The request was made at `at` and arrived now: it was under way for at most LONGEST_REQUEST_NS."""
    return Contact(at.boot_id, at.boot_ns, now_ns - at.boot_ns, LONGEST_REQUEST_NS)


def contact_of_exchange(exchange: Exchange, at: ClockReading, now_ns: int) -> Contact | None:
    """What an exchange shows; None when it cannot be true or says nothing."""
    trip = exchange.received_boot_ns - exchange.sent_boot_ns
    if not 0 <= trip <= LONGEST_USEFUL_EXCHANGE_NS or exchange.server_ns > now_ns:
        return None
    middle = exchange.sent_boot_ns + trip // 2
    offset = exchange.server_ns - middle
    latest = now_ns - at.boot_ns
    drift = abs(at.boot_ns - middle) * DRIFT_PPM // 10**6
    if exchange.boot_id == at.boot_id and offset - trip // 2 - drift > latest:
        return None
    return Contact(exchange.boot_id, middle, offset, trip // 2 + 1)


def remember(node: Node, contact: Contact) -> None:
    """Keep the contact if it is the best of its hour, and have the times of that hour derived again. In the caller's transaction."""
    row = ClockOffset.objects.filter(node=node, boot_id=contact.boot_id, hour=contact.hour).first()
    if row is not None and row.half_width_ns <= contact.half_width_ns:
        return
    worth_it = row is None or contact.half_width_ns * 2 <= row.half_width_ns
    ClockOffset.objects.update_or_create(
        node=node,
        boot_id=contact.boot_id,
        hour=contact.hour,
        defaults={"at_boot_ns": contact.at_boot_ns, "offset_ns": contact.offset_ns, "half_width_ns": contact.half_width_ns},
    )
    if worth_it:
        mark([Window(TIMES, f"{node.pk}:{contact.boot_id}:{contact.hour}")])
