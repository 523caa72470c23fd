"""What records show of boots, kept in rows, and the clocks of boots that follow from them and from the contacts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from uuid import UUID

from server.nodes.clocks import TIMES
from server.nodes.models import ClockOffset, EpochGrant, Node
from server.recompute.services import Window
from server.sightings.boot_models import BootSpan
from server.sightings.boots import Boot, BootClock, Bound, Offset, Said, chains_of, clock_of, clocks_by_order, shown_by, stretch
from server.sightings.models import RecordConflict
from server.sightings.times import KNOWN_WITHIN_NS

NEIGHBOURS = "neighbours"
"""In the place of the hour in a window's key: the boot itself and those whose times rest on it, as far as no contact tells them."""


def spans_note(node: Node, said: Iterable[Said]) -> set[Window]:
    """Keep what new records show. The caller has locked the node. Returns what must be derived again."""
    grouped: dict[tuple[int, UUID], list[Said]] = {}
    for one in said:
        grouped.setdefault((one[0], one[2].boot_id), []).append(one)
    kept = {(span.epoch, span.boot_id): span for span in BootSpan.objects.filter(node=node, boot_id__in={boot for _, boot in grouped})}
    changed: list[BootSpan] = []
    for (epoch, boot_id), ones in grouped.items():
        before = kept.get((epoch, boot_id))
        shown = shown_by(ones)
        after = shown if before is None else _boot(before).joined(shown)
        if before is None or after != _boot(before):
            changed.append(_span(node, epoch, after))
    BootSpan.objects.bulk_create(changed, update_conflicts=True, unique_fields=["node", "epoch", "boot_id"], update_fields=_SHOWN)
    return {Window(TIMES, f"{node.pk}:{span.boot_id}:{NEIGHBOURS}") for span in changed if _matters(node, span, kept)}


def contested_epochs(node: Node) -> set[int]:
    """Epochs in which two copies of the node were found: the order of their records is not that of time."""
    conflicts = RecordConflict.objects.filter(record__node=node).values_list("record__epoch", flat=True)
    return {*conflicts, *EpochGrant.objects.filter(node=node).values_list("epoch", flat=True)}


def clocks_of(node: Node, boots: Iterable[UUID]) -> dict[UUID, BootClock]:
    """The clocks of these boots."""
    wanted = set(boots)
    contacts = _contacts(node, wanted)
    unknown = {boot for boot in wanted if not tells_the_time(contacts.get(boot, ()))}
    clocks = {boot: replace(clock_of(contacts.get(boot, ())), wall_is_believed=boot in unknown) for boot in wanted}
    if unknown:
        for chain in _chains(node):
            clocks |= {boot: clock for boot, clock in _ordered(node, chain, unknown).items() if boot in unknown}
    return clocks


def resting_on(node: Node, boot: UUID) -> set[UUID]:
    """This boot and those next to it, as far as no contact tells their times."""
    known = _known(node)
    near = {each.boot_id for chain in _chains(node) for each in stretch(chain, {boot}, known)}
    return (near | {boot}) - known


def tells_the_time(contacts: Iterable[Offset]) -> bool:
    """Whether a boot with these contacts needs no other ground."""
    return any(contact.half_width_ns <= KNOWN_WITHIN_NS for contact in contacts)


_SHOWN = ("first_seq", "last_seq", "last_boot_ns", "arrived_boot_ns", "arrived_ns", "least_wall_ns", "greatest_wall_ns")


def _boot(span: BootSpan) -> Boot:
    walls = None if span.least_wall_ns is None or span.greatest_wall_ns is None else (span.least_wall_ns, span.greatest_wall_ns)
    arrived = Bound(span.arrived_boot_ns, None, span.arrived_ns - span.arrived_boot_ns)
    return Boot(span.boot_id, (span.epoch, span.first_seq), (span.epoch, span.last_seq), span.last_boot_ns, arrived, walls)


def _span(node: Node, epoch: int, boot: Boot) -> BootSpan:
    arrived = boot.arrived or Bound(0, None, 0)
    return BootSpan(
        node=node,
        epoch=epoch,
        boot_id=boot.boot_id,
        first_seq=boot.first[1],
        last_seq=boot.last[1],
        last_boot_ns=boot.last_boot_ns,
        arrived_boot_ns=arrived.at_boot_ns,
        arrived_ns=(arrived.ceiling_ns or 0) + arrived.at_boot_ns,
        least_wall_ns=boot.wall_ns[0] if boot.wall_ns else None,
        greatest_wall_ns=boot.wall_ns[1] if boot.wall_ns else None,
    )


def _matters(node: Node, span: BootSpan, kept: Mapping[tuple[int, UUID], BootSpan]) -> bool:
    """A new boot may bound its neighbours; one that goes on bounds only what comes after it, or itself while no contact tells its time."""
    if (span.epoch, span.boot_id) not in kept or not tells_the_time(_contacts(node, {span.boot_id}).get(span.boot_id, ())):
        return True
    return BootSpan.objects.filter(node=node, epoch__gte=span.epoch).exclude(epoch=span.epoch, first_seq__lte=span.last_seq).exists()


def _contacts(node: Node, boots: Iterable[UUID]) -> dict[UUID, list[ClockOffset]]:
    found: dict[UUID, list[ClockOffset]] = {}
    for offset in ClockOffset.objects.filter(node=node, boot_id__in=set(boots)):
        found.setdefault(offset.boot_id, []).append(offset)
    return found


def _known(node: Node) -> frozenset[UUID]:
    telling = ClockOffset.objects.filter(node=node, half_width_ns__lte=KNOWN_WITHIN_NS)
    return frozenset(telling.values_list("boot_id", flat=True).distinct())


def _chains(node: Node) -> list[list[Boot]]:
    spans = BootSpan.objects.filter(node=node).order_by("epoch", "first_seq", "boot_id")
    epochs = {epoch: [_boot(span) for span in group] for epoch, group in groupby(spans, lambda span: span.epoch)}
    return chains_of(epochs, contested_epochs(node))


def _ordered(node: Node, chain: Sequence[Boot], unknown: set[UUID]) -> dict[UUID, BootClock]:
    known = _known(node)
    boots = stretch(chain, unknown, known)
    return clocks_by_order(boots, _contacts(node, {boot.boot_id for boot in boots}), known)
