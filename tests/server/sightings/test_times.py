from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from server.nodes import clocks
from server.nodes.models import Mount
from server.nodes.services import mount_save
from server.recompute.models import Mark
from server.recompute.services import work_off
from server.sightings.models import Sighting
from server.sightings.times import captured, moment, nanoseconds
from shared_schema.clock import ClockReading, Exchange
from tests.factories import NOON, FakeNode, a_door, a_person, heartbeat

SECOND = 10**9


@dataclass
class Reading:
    boot_ns: int = 100 * SECOND
    wall_ns: int = nanoseconds(NOON)
    synchronised: bool = False


@dataclass
class Offset:
    at_boot_ns: int = 100 * SECOND
    offset_ns: int = nanoseconds(NOON) - 100 * SECOND
    half_width_ns: int = 5_000_000


LATER = NOON + timedelta(hours=1)


def test_a_contact_of_the_boot_gives_time_and_width() -> None:
    when = captured(Reading(wall_ns=0), [Offset()], LATER)
    assert (when.at, when.uncertainty_ms) == (NOON, 6)


def test_the_width_grows_with_the_distance_from_the_contact() -> None:
    when = captured(Reading(boot_ns=100 * SECOND + 10_000 * SECOND), [Offset()], LATER + timedelta(hours=5))
    assert when.uncertainty_ms == 506


def test_without_a_contact_a_synchronised_clock_is_believed_within_two_seconds() -> None:
    when = captured(Reading(synchronised=True), [], LATER)
    assert (when.at, when.uncertainty_ms, when.known) == (NOON, 2000, True)


def test_with_neither_the_time_is_only_bounded() -> None:
    when = captured(Reading(), [], LATER)
    assert (when.at, when.uncertainty_ms, when.known) == (LATER, None, False)


def test_a_clock_that_tells_the_future_is_not_believed() -> None:
    when = captured(Reading(synchronised=True, wall_ns=nanoseconds(LATER) + 86400 * SECOND), [], LATER)
    assert not when.known


@given(st.builds(Reading, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.booleans()), st.integers(-(2**63), 2**63 - 1))
def test_no_reading_whatever_makes_it_fail(reading: Reading, offset_ns: int) -> None:
    when = captured(reading, [Offset(offset_ns=offset_ns)], LATER)
    assert when.at <= LATER


@given(st.integers(0, 4 * 10**18))
def test_moments_and_nanoseconds_agree(ns: int) -> None:
    assert nanoseconds(moment(ns)) == ns // 1000 * 1000


def test_an_exchange_that_cannot_be_true_is_ignored() -> None:
    at = ClockReading(boot_id="12345678-1234-5678-1234-567812345678", boot_ns=10 * SECOND, wall_ns=0, synchronised=False)
    now = nanoseconds(NOON)

    def contact(sent: Any, received: Any, server: Any) -> Any:
        exchange = Exchange(boot_id=at.boot_id, sent_boot_ns=sent, received_boot_ns=received, server_ns=server)
        return clocks.contact_of_exchange(exchange, at, now)

    good = contact(5 * SECOND, 6 * SECOND, now - 4_500_000_000)
    assert good is not None
    assert good.half_width_ns == SECOND // 2 + 1
    assert contact(6 * SECOND, 5 * SECOND, now - 5 * SECOND) is None
    assert contact(5 * SECOND, 6 * SECOND, now + SECOND) is None
    assert contact(5 * SECOND, 6 * SECOND, now) is None


@pytest.mark.django_db
def test_a_later_contact_gives_the_boots_sightings_their_time_and_their_day() -> None:
    node = FakeNode.hung()
    now = timezone.now()
    at = node.reading(now, synchronised=False)
    item = node.sighting(person=a_person(), changes={"at": at})
    node.send(item)
    assert not Sighting.objects.get().time_known
    assert not Mark.objects.filter(kind="open_day").exists()
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, at=at), format="json").status_code == 200
    work_off()
    sighting = Sighting.objects.get()
    assert sighting.time_known
    assert sighting.uncertainty_ms == 30_001
    assert sighting.person is not None
    assert sighting.person.open_days.get().sightings == 1


@pytest.mark.django_db
def test_moving_a_mount_moves_the_sightings() -> None:
    node, door = FakeNode.hung(), a_door()
    node.send(node.sighting())
    mount = Mount.objects.get()
    mount.door = door
    mount_save(mount)
    work_off()
    assert Sighting.objects.get().door == door
