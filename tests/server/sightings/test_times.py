from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from server.nodes import clocks
from server.nodes.models import Mount
from server.nodes.mounts import mount_delete, mount_save
from server.recompute.models import Mark
from server.recompute.services import work_off
from server.sightings.boots import Boot, BootClock, Bound, clock_of, clocks_by_order
from server.sightings.models import Sighting
from server.sightings.times import SYNCHRONISED_NS, Captured, captured, moment, nanoseconds
from shared_schema.clock import ClockReading, Exchange
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_person, heartbeat

SECOND = 10**9
START = nanoseconds(NOON) - 100 * SECOND
"""When the boot began whose reading of 100 s was taken at noon."""


@dataclass
class Reading:
    boot_ns: int = 100 * SECOND
    wall_ns: int = nanoseconds(NOON)
    synchronised: bool = False


@dataclass
class Offset:
    at_boot_ns: int = 100 * SECOND
    offset_ns: int = START
    half_width_ns: int = 5_000_000


LATER = NOON + timedelta(hours=5)


def when(reading: Reading, clock: BootClock | None = None) -> Captured:
    return captured(reading, clock or BootClock(), since=LONG_AGO, received_at=LATER)


def test_a_contact_of_the_boot_gives_time_and_width() -> None:
    told = when(Reading(wall_ns=0), clock_of([Offset()]))
    assert (told.at, told.uncertainty_ms) == (NOON, 6)
    assert (told.earliest, told.latest) == (NOON - timedelta(microseconds=5001), NOON + timedelta(microseconds=5001))


def test_the_width_grows_with_the_distance_from_the_contact_by_drift_and_what_a_time_daemon_slews() -> None:
    assert when(Reading(boot_ns=10_100 * SECOND), clock_of([Offset()])).uncertainty_ms == 5 + 1_500 + 500 + 1
    assert when(Reading(boot_ns=110 * SECOND), clock_of([Offset()])).uncertainty_ms == 5 + 2 + 50 - 1 + 1


def test_two_contacts_tell_more_than_either() -> None:
    before = Offset(at_boot_ns=0, half_width_ns=SECOND, offset_ns=START - SECOND // 2)
    after = Offset(at_boot_ns=200 * SECOND, half_width_ns=SECOND, offset_ns=START + SECOND // 2)
    both, one = when(Reading(), clock_of([before, after])), when(Reading(), clock_of([before]))
    assert both.latest - both.earliest < one.latest - one.earliest
    assert both.earliest <= NOON <= both.latest


def test_contacts_that_contradict_each_other_tell_nothing() -> None:
    told = when(Reading(), clock_of([Offset(), Offset(offset_ns=START + 3600 * SECOND)]))
    assert (told.known, told.earliest, told.latest) == (False, LONG_AGO, told.at)


def test_without_a_contact_a_synchronised_clock_is_believed_as_far_as_a_kernel_can_be() -> None:
    told = when(Reading(synchronised=True))
    assert (told.at, told.uncertainty_ms, told.known) == (NOON, SYNCHRONISED_NS // 10**6, True)


@pytest.mark.parametrize("lie_s", [-86_400, 86_400, 3, 0])
def test_where_there_is_a_contact_the_nodes_wall_clock_is_not_asked(lie_s: int) -> None:
    reading = Reading(wall_ns=nanoseconds(NOON) + lie_s * SECOND, synchronised=True)
    assert when(reading, clock_of([Offset()])) == when(Reading(), clock_of([Offset()]))


def test_with_neither_the_time_is_only_bounded() -> None:
    told = when(Reading())
    assert (told.uncertainty_ms, told.known, told.earliest) == (None, False, LONG_AGO)
    assert LATER <= told.at == told.latest <= LATER + timedelta(microseconds=1)


def test_a_clock_that_tells_the_future_is_not_believed() -> None:
    assert not when(Reading(synchronised=True, wall_ns=nanoseconds(LATER) + 86400 * SECOND)).known


def boot(number: int, first: int, last: int, **values: Any) -> Boot:
    return Boot(UUID(int=number), (1, first), (1, last), 600 * SECOND, **values)


def contact_at(began_ns: int) -> Offset:
    return Offset(at_boot_ns=300 * SECOND, offset_ns=began_ns, half_width_ns=SECOND // 100)


def test_a_boot_without_a_contact_lies_between_its_neighbours() -> None:
    began = {1: START - 4000 * SECOND, 3: START}
    contacts = {UUID(int=number): [contact_at(began[number])] for number in (1, 3)}
    boots = [boot(1, 1, 5), boot(2, 6, 9), boot(3, 10, 11)]
    clock = clocks_by_order(boots, contacts, set(contacts))[UUID(int=2)]
    told = when(Reading(boot_ns=300 * SECOND), clock)
    slack = timedelta(seconds=2)
    assert told.known
    assert abs(told.earliest - (moment(began[1]) + timedelta(seconds=900))) < slack
    assert abs(told.latest - (moment(began[3]) - timedelta(seconds=300))) < slack


def test_the_uptimes_of_several_boots_without_a_contact_add_up() -> None:
    contacts = {UUID(int=1): [contact_at(START)]}
    boots = [boot(1, 1, 5), *(boot(number, 10 * number, 10 * number + 3) for number in (2, 3, 4))]
    clock = clocks_by_order(boots, contacts, set(contacts))[UUID(int=4)]
    assert abs(when(Reading(boot_ns=0), clock).earliest - (moment(START) + timedelta(seconds=1800))) < timedelta(seconds=5)


def test_control_boots_whose_records_lie_among_each_other_do_not_bound_each_other() -> None:
    contacts = {UUID(int=1): [contact_at(START)]}
    tangled = [boot(1, 1, 5), boot(2, 4, 9)]
    assert when(Reading(), clocks_by_order(tangled, contacts, set(contacts))[UUID(int=2)]).earliest == LONG_AGO
    one_after_the_other = [boot(1, 1, 5), boot(2, 6, 9)]
    assert when(Reading(), clocks_by_order(one_after_the_other, contacts, set(contacts))[UUID(int=2)]).earliest > moment(START)


def test_a_wall_clock_that_was_stepped_while_it_called_itself_synchronised_is_believed_nowhere_in_its_boot() -> None:
    honest, stepped = boot(1, 1, 2, wall_ns=(START, START + SECOND)), boot(1, 1, 2, wall_ns=(START, START + 86_400 * SECOND))
    reading = Reading(synchronised=True)
    assert when(reading, clocks_by_order([honest], {}, set())[honest.boot_id]).known
    assert not when(reading, clocks_by_order([stepped], {}, set())[stepped.boot_id]).known


@given(
    st.builds(Reading, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.booleans()),
    st.integers(-(2**63), 2**63 - 1),
    st.builds(Bound, st.integers(0, 2**63 - 1), st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.integers(-(2**63), 2**63 - 1)),
)
def test_no_reading_whatever_makes_it_fail(reading: Reading, offset_ns: int, bound: Bound) -> None:
    clock = clock_of([Offset(offset_ns=offset_ns)])
    for told in (when(reading, clock), when(reading, BootClock((*clock.bounds, bound)))):
        assert LONG_AGO <= told.earliest <= told.at <= told.latest <= LATER + timedelta(microseconds=1)


@given(st.integers(0, 4 * 10**18))
def test_moments_and_nanoseconds_agree(ns: int) -> None:
    assert nanoseconds(moment(ns)) == ns // 1000 * 1000


AT = ClockReading(boot_id="12345678-1234-5678-1234-567812345678", boot_ns=10 * SECOND, wall_ns=0, synchronised=False)
NOW = nanoseconds(NOON)


def exchanged(sent: int, received: int, server: int) -> Any:
    exchange = Exchange(boot_id=AT.boot_id, sent_boot_ns=sent, received_boot_ns=received, server_ns=server)
    return clocks.contact_of_exchange(exchange, AT, NOW, claimed_ns=nanoseconds(LONG_AGO))


def test_an_exchange_bounds_the_offset_by_its_round_trip_and_the_drift_in_it() -> None:
    contact = exchanged(5 * SECOND, 6 * SECOND, NOW - 4_500_000_000)
    assert contact.half_width_ns == SECOND // 2 + 150_000 + 5_000_000 + 1


@pytest.mark.parametrize(
    ("sent", "received", "server"),
    [
        (6 * SECOND, 5 * SECOND, NOW - 5 * SECOND),
        (5 * SECOND, 6 * SECOND, NOW + SECOND),
        (5 * SECOND, 6 * SECOND, NOW),
        (5 * SECOND, 6 * SECOND, nanoseconds(LONG_AGO) - SECOND),
        (5 * SECOND, 700 * SECOND, NOW - 4 * SECOND),
    ],
)
def test_an_exchange_that_cannot_be_true_is_ignored(sent: int, received: int, server: int) -> None:
    assert exchanged(sent, received, server) is None


def test_a_request_alone_shows_only_that_it_was_made_before_it_arrived() -> None:
    contact = clocks.contact_of_request(AT, NOW, claimed_ns=nanoseconds(LONG_AGO))
    latest, earliest = contact.offset_ns + contact.half_width_ns, contact.offset_ns - contact.half_width_ns
    assert NOW - AT.boot_ns <= latest <= NOW - AT.boot_ns + 2
    assert earliest <= nanoseconds(LONG_AGO) - AT.boot_ns <= earliest + 2


def round_trip(node: FakeNode, at: ClockReading) -> dict[str, Any]:
    """What the previous heartbeat's round trip of 20 ms was, by a server whose clock is right."""
    true_ns = at.wall_ns
    return {
        "boot_id": str(node.boot_id),
        "sent_boot_ns": at.boot_ns - 40_000_000,
        "received_boot_ns": at.boot_ns - 20_000_000,
        "server_ns": true_ns - 30_000_000,
    }


def beat(node: FakeNode, at: ClockReading) -> None:
    body = heartbeat(node, at=at, previous=round_trip(node, at))
    assert node.client.post("/api/v1/node/heartbeat", body, format="json").status_code == 200


@pytest.mark.django_db
def test_a_later_contact_gives_the_boots_sightings_their_time_and_their_day() -> None:
    node = FakeNode.hung()
    at = node.reading(timezone.now() - timedelta(minutes=1), synchronised=False)
    node.send(node.sighting(person=a_person(), changes={"at": at}))
    work_off()
    assert not Sighting.objects.get().time_known
    assert not Mark.objects.filter(kind="person_day").exists()
    beat(node, at)
    work_off()
    sighting = Sighting.objects.get()
    assert sighting.time_known
    assert sighting.uncertainty_ms is not None
    assert sighting.uncertainty_ms < 20
    assert sighting.person is not None
    assert sighting.person.open_days.get().sightings == 1


@pytest.mark.django_db
def test_a_request_without_a_round_trip_leaves_the_time_bounded_by_its_arrival() -> None:
    node = FakeNode.hung()
    at = node.reading(timezone.now() - timedelta(minutes=1), synchronised=False)
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, at=at), format="json").status_code == 200
    arrived = timezone.now()
    node.send(node.sighting(changes={"at": at}))
    sighting = Sighting.objects.get()
    assert not sighting.time_known
    assert sighting.captured_at <= arrived


@pytest.mark.django_db
def test_moving_a_mount_moves_the_sightings() -> None:
    node, door = FakeNode.hung(), a_door()
    node.send(node.sighting())
    mount = Mount.objects.get()
    mount.door = door
    mount_save(mount)
    work_off()
    assert Sighting.objects.get().door == door


@pytest.mark.django_db
def test_a_sighting_that_may_have_been_at_either_of_two_doors_is_at_none() -> None:
    node, elsewhere = FakeNode.hung(), a_door()
    node.send(node.sighting(changes={"at": node.reading(synchronised=False)}), node.sighting())
    first = Mount.objects.get()
    first.valid_until = NOON + timedelta(days=1)
    mount_save(first)
    moved = Mount(node=node.node, door=elsewhere, valid_from=first.valid_until)
    mount_save(moved)
    work_off()
    assert {seen.record.seq: seen.door for seen in Sighting.objects.all()} == {1: None, 2: first.door}
    mount_delete(moved)
    work_off()
    assert {seen.record.seq: seen.door for seen in Sighting.objects.all()} == {1: first.door, 2: first.door}
