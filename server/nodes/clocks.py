"""Offsets of the nodes' boot clocks from the time, as their contacts show them.

The time is what this server's clock says. A node has no clock to rely on. An exchange (request sent, answered, received) bounds the
offset by its round trip. A mere request shows only that it was made before it arrived, and after the node was claimed: it may have
waited anywhere. Boot clocks drift, so the best contact of every hour is kept. A contact is kept for the node whose token it came with,
so what a hostile or broken node says of its clock moves no other node's times.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.nodes.drift import strayed_ns
from server.nodes.models import ClockOffset, Node
from server.recompute.services import Window, mark
from shared_schema.clock import ClockReading, Exchange

HOUR_NS = 3_600 * 10**9
LONGEST_USEFUL_EXCHANGE_NS = 600 * 10**9
TIMES = "times"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def ns_of(at: datetime) -> int:
    """An aware time as nanoseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def contact_of_request(at: ClockReading, now_ns: int, *, claimed_ns: int) -> Contact:
    """The request was made at `at`, after the node was claimed, and has arrived now."""
    half = max(0, now_ns - claimed_ns) // 2 + 1
    return Contact(at.boot_id, at.boot_ns, now_ns - half - at.boot_ns, half)


def contact_of_exchange(exchange: Exchange, at: ClockReading, now_ns: int, *, claimed_ns: int) -> Contact | None:
    """What an exchange shows; None when it cannot be true or says nothing."""
    trip = exchange.received_boot_ns - exchange.sent_boot_ns
    if not 0 <= trip <= LONGEST_USEFUL_EXCHANGE_NS or not claimed_ns <= exchange.server_ns <= now_ns:
        return None
    middle = exchange.sent_boot_ns + trip // 2
    contact = Contact(exchange.boot_id, middle, exchange.server_ns - middle, trip // 2 + strayed_ns(trip))
    latest = now_ns - at.boot_ns + contact.half_width_ns + strayed_ns(at.boot_ns - middle)
    if exchange.boot_id == at.boot_id and contact.offset_ns > latest:
        return None
    return contact


def note_heartbeat(node: Node, at: ClockReading, previous: Exchange | None, now_ns: int) -> None:
    """Keep what a heartbeat shows of the node's clock. In the caller's transaction."""
    claimed_ns = ns_of(node.created_at)
    remember(node, contact_of_request(at, now_ns, claimed_ns=claimed_ns))
    contact = None if previous is None else contact_of_exchange(previous, at, now_ns, claimed_ns=claimed_ns)
    if contact is not None:
        remember(node, contact)


def remember(node: Node, contact: Contact) -> None:
    """Keep the contact if it is the best of its hour, and have the times of that hour derived again. In the caller's transaction."""
    row = ClockOffset.objects.filter(node=node, boot_id=contact.boot_id, hour=contact.hour).first()
    if row is not None and (row.half_width_ns, row.at_boot_ns) <= (contact.half_width_ns, contact.at_boot_ns):
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
