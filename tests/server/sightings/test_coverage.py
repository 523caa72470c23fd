from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.recompute.models import Mark
from server.recompute.services import work_off
from server.recompute.why import Why
from server.sightings.coverage import covered, synced_through
from server.sightings.coverage_missing import FOREVER
from server.sightings.coverage_models import MissingRange
from server.sightings.models import Observation
from tests.factories import NOON, FakeNode, a_door
from tests.server.sightings.watching import in_contact, looks, m, minute_of, minutes_covered, move, reboot, watching

pytestmark = pytest.mark.django_db


def test_observations_that_follow_each_other_cover_the_door_from_the_first_to_the_last() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5, 10, 15]))
    assert minutes_covered(door) == [(0, 15)]


def test_coverage_never_reaches_past_what_was_watched() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5, 10]))
    (cover,) = covered(doors=[door.pk], begins_at=m(-60), ends_at=m(60))
    assert m(0) < cover.begins_at < m(0) + timedelta(seconds=1)
    assert m(10) - timedelta(seconds=1) < cover.ends_at < m(10)


def test_contiguous_observations_of_a_boot_join_exactly_however_little_is_known_of_its_clock() -> None:
    node = FakeNode.hung(door := a_door())
    node.send(*looks(node, [0, 5, 10]))
    first, second = Observation.objects.order_by("seq")
    assert (first.ends_at, first.uncertainty_ms) == (second.begins_at, second.uncertainty_ms)
    assert minutes_covered(door) == [(0.1, 9.9)]


def test_what_lies_between_two_observations_is_not_covered() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5]), *looks(node, [6, 10]))
    assert minutes_covered(door) == [(0, 5), (6, 10)]


def test_a_blind_interval_is_not_covered() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5]), node.observation(looked=(m(5), m(10)), blind=[(m(6), m(7)), (m(9), m(10))]), *looks(node, [10, 15]))
    assert minutes_covered(door) == [(0, 6), (7, 9), (10, 15)]


def test_a_missing_record_is_a_hole_until_it_arrives() -> None:
    node = watching(door := a_door())
    first, second, third = looks(node, [0, 5, 10, 15])
    sighting, rest = node.sighting(at=m(12), seq=2), node.observation(looked=(m(15), m(20)), seq=5)
    node.send(first, node.observation(looked=(m(5), m(10)), seq=3), node.observation(looked=(m(10), m(15)), seq=4), rest)
    assert [(row.from_seq, row.to_seq) for row in MissingRange.objects.all()] == [(2, 2)]
    assert minutes_covered(door) == [(0, 5), (10.4, 20)]
    node.send(sighting)
    assert not MissingRange.objects.exists()
    assert minutes_covered(door) == [(0, 20)]
    assert second != third


def test_what_a_missing_record_tells_was_seen_before_the_next_observation_by_as_long_as_anybody_goes_untold() -> None:
    node = watching(a_door())
    node.send(node.observation(looked=(m(0), m(5)), seq=1), node.observation(looked=(m(5), m(10)), seq=3))
    row = MissingRange.objects.get()
    assert abs(row.earliest_at - m(5)) < timedelta(seconds=1)
    assert abs(row.latest_at - m(10) - timedelta(seconds=23)) < timedelta(seconds=1)


def test_the_first_numbers_of_a_node_may_be_missing_too() -> None:
    node = watching(door := a_door())
    node.send(node.observation(looked=(m(0), m(5)), seq=3), node.observation(looked=(m(5), m(10)), seq=4))
    assert minutes_covered(door) == [(5.4, 10)]
    node.send(node.sighting(at=m(1), seq=1), node.sighting(at=m(2), seq=2))
    assert minutes_covered(door) == [(0, 10)]


def test_a_record_said_to_be_lost_stays_a_hole() -> None:
    node = watching(door := a_door())
    node.send(node.observation(looked=(m(0), m(5)), seq=1), node.gap(lost=(1, 2, 3), seq=4), node.observation(looked=(m(5), m(10)), seq=5))
    node.send(node.observation(looked=(m(10), m(15)), seq=6))
    assert [(row.from_seq, row.to_seq) for row in MissingRange.objects.all()] == [(2, 3)]
    assert minutes_covered(door) == [(0, 5), (10.4, 15)]


def test_a_lost_tail_is_a_hole_up_to_the_first_observation_of_the_new_epoch() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5, 10]))
    node.epoch = 2
    node.send(
        node.gap(lost=(1, 3, 9), seq=1), node.observation(looked=(m(12), m(17)), seq=2), node.observation(looked=(m(17), m(22)), seq=3)
    )
    assert [(row.epoch, row.from_seq, row.to_seq) for row in MissingRange.objects.all()] == [(1, 3, 9)]
    assert minutes_covered(door) == [(0, 10), (17.4, 22)]


def test_a_tail_that_nobody_reported_is_feared_where_a_new_epoch_goes_on_without_a_break() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5, 10]))
    node.epoch = 2
    node.send(node.observation(looked=(m(10), m(15)), seq=1), node.observation(looked=(m(15), m(20)), seq=2))
    assert minutes_covered(door) == [(0, 10), (15, 20)]


def test_where_two_copies_of_a_node_used_a_number_nothing_from_there_on_is_covered() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5, 10, 15]))
    node.send(node.observation(looked=(m(6), m(9)), seq=2))
    node.send(node.observation(looked=(m(15), m(20)), seq=4))
    assert minutes_covered(door) == [(0, 5)]
    node.epoch = 2
    node.send(node.observation(looked=(m(21), m(25)), seq=1), node.observation(looked=(m(25), m(30)), seq=2))
    assert minutes_covered(door) == [(0, 5), (25.4, 30)]


def test_two_nodes_at_one_door_see_for_each_other() -> None:
    door = a_door()
    one, other = watching(door), watching(door)
    one.send(one.observation(looked=(m(0), m(20)), blind=[(m(5), m(15))]))
    assert minutes_covered(door) == [(0, 5), (15, 20)]
    other.send(*looks(other, [4, 18, 30]))
    assert minutes_covered(door) == [(0, 30)]


def test_a_node_that_is_moved_covers_each_door_while_it_hangs_there() -> None:
    node, there = watching(here := a_door()), a_door()
    node.send(*looks(node, [0, 10, 20, 30]))
    move(node, there, m(12))
    assert minutes_covered(here) == [(0, 12)]
    assert minutes_covered(there) == [(12, 30)]
    assert minutes_covered(here, there) == [(0, 12), (12, 30)]


def test_a_node_added_in_the_middle_of_a_day_covers_from_then_on() -> None:
    node = watching(door := a_door(), since=m(7))
    node.send(*looks(node, [0, 10, 20]))
    assert minutes_covered(door) == [(7, 20)]


def test_a_reboot_parts_the_coverage() -> None:
    node = watching(door := a_door())
    node.send(*looks(node, [0, 5, 10]))
    reboot(node)
    node.send(*looks(node, [10, 15, 20]))
    first, second = covered(doors=[door.pk], begins_at=m(0), ends_at=m(60))
    assert first.ends_at < m(10) < second.begins_at


def test_without_a_clock_nothing_is_covered_until_it_is_known() -> None:
    node = FakeNode.hung(door := a_door())
    node.send(*looks(node, [0, 5, 10], synchronised=False))
    assert Observation.objects.filter(begins_at=None, ends_at=None, uncertainty_ms=None).count() == 2
    assert minutes_covered(door) == []
    in_contact(node)
    work_off()
    assert minutes_covered(door) == [(0, 10)]


def test_a_clock_that_is_known_better_widens_the_coverage_and_narrows_the_holes() -> None:
    node = FakeNode.hung(door := a_door())
    node.send(
        node.observation(looked=(m(0), m(5)), seq=1),
        node.observation(looked=(m(5), m(10)), seq=3),
        node.observation(looked=(m(10), m(15)), seq=4),
    )
    assert minutes_covered(door) == [(0.1, 4.9), (10.5, 14.9)]
    in_contact(node)
    work_off()
    assert minutes_covered(door) == [(0, 5), (10.4, 15)]


def test_an_observation_that_ends_before_it_began_covers_nothing() -> None:
    node = watching(door := a_door())
    node.send(node.observation(looked=(m(10), m(5))))
    assert minutes_covered(door) == []


def test_a_record_that_comes_twice_changes_nothing() -> None:
    node = watching(door := a_door())
    sent = looks(node, [0, 5, 10])
    node.send(*sent, *sent)
    Mark.objects.all().delete()
    node.send(*sent)
    assert minutes_covered(door) == [(0, 10)]
    assert not Mark.objects.filter(kind="coverage").exists()


def test_the_hours_of_which_something_else_is_known_are_marked_for_the_doors_the_node_hung_at() -> None:
    node = watching(door := a_door())
    node.send(node.observation(looked=(m(0), m(30)), seq=1), node.observation(looked=(m(30), m(90)), seq=3))
    hours = {f"{door.pk}:2024-11-20T12", f"{door.pk}:2024-11-20T13"}
    assert set(Mark.objects.filter(kind="coverage", why=Why.COVERAGE).values_list("key", flat=True)) == hours
    Mark.objects.all().delete()
    node.send(node.sighting(at=m(40), seq=2))
    assert set(Mark.objects.filter(kind="coverage").values_list("key", flat=True)) == hours


def test_a_hole_that_closes_after_days_marks_the_days() -> None:
    node = watching(door := a_door())
    node.send(node.observation(looked=(m(0), m(5)), seq=1), node.observation(looked=(m(5), m(5 + 72 * 60)), seq=3))
    Mark.objects.all().delete()
    node.send(node.sighting(at=m(40), seq=2))
    assert set(Mark.objects.filter(why=Why.COVERAGE).values_list("key", flat=True)) == {f"{door.site_id}:2024-11-20:2024-11-23"}


def test_a_better_clock_marks_the_hours_it_moves() -> None:
    node = FakeNode.hung(door := a_door())
    node.send(*looks(node, [0, 5, 10], synchronised=False))
    work_off()
    in_contact(node)
    Mark.objects.exclude(kind="times").delete()
    work_off(limit=1)
    assert [mark.key for mark in Mark.objects.filter(kind="coverage")] == [f"{door.pk}:2024-11-20T12"]


def test_a_hole_without_anything_after_it_has_no_end() -> None:
    node = watching(a_door())
    node.send(node.observation(looked=(m(0), m(5)), seq=1), node.gap(lost=(1, 3, 4), seq=2))
    assert MissingRange.objects.get().latest_at == FOREVER


def test_a_door_is_known_of_until_the_end_of_its_coverage() -> None:
    door, silent, never = a_door(), a_door(), a_door()
    node, other = watching(door), watching(silent)
    node.send(*looks(node, [0, 5, 10]))
    in_contact(other, -3 * 24 * 60)
    other.send(*looks(other, [-3 * 24 * 60, -3 * 24 * 60 + 30]), other.observation(looked=(m(-60), m(0)), blind=[(m(-60), m(0))]))
    through = synced_through(doors=[door.pk, silent.pk, never.pk], now=m(12))
    assert {key: at and minute_of(at) for key, at in through.items()} == {door.pk: 10, silent.pk: -3 * 24 * 60 + 30, never.pk: None}


def test_asking_for_many_doors_takes_as_many_queries_as_asking_for_one() -> None:
    nodes = [watching(a_door()) for _ in range(3)]
    for node in nodes:
        node.send(*looks(node, [0, 5, 10]))
    doors = [node.node.mounts.get().door_id for node in nodes]
    for wanted in (doors[:1], doors):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(covered(doors=wanted, begins_at=NOON, ends_at=m(60))) == len(wanted)
        assert len(queries) == 3
