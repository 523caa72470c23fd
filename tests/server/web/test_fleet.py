from datetime import UTC, datetime, timedelta

import pytest

from server.nodes.models import Node
from server.web import fleet, words
from tests.factories import FakeNode, a_door, a_site

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def a_node(**values: object) -> Node:
    return Node(**{"name": "front", "last_heartbeat_at": NOW, "camera": "ok", "last_frame_age_ms": 100, **values})


@pytest.mark.parametrize(
    ("time", "told"),
    [(0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (7_199, "1 hour"), (86_400, "1 day"), (-5, "0 seconds")],
)
def test_a_length_of_time_is_told_in_its_largest_unit(time: int, told: str) -> None:
    assert words.lasting(timedelta(seconds=time)) == told


@pytest.mark.parametrize(
    ("state", "behind_s"),
    [
        ({"last_frame_age_ms": 0}, 0),
        ({"last_frame_age_ms": 30_000}, 30),
        ({"queue_depth": 3, "oldest_boot_age_ms": 600_000}, 600),
        ({"queue_depth": 3, "oldest_boot_age_ms": 5_000, "last_frame_age_ms": 90_000}, 90),
        ({"queue_depth": 0, "oldest_boot_age_ms": 600_000, "last_frame_age_ms": None}, 0),
    ],
)
def test_a_door_is_up_to_date_less_what_waits_or_was_not_seen(state: dict[str, int], behind_s: int) -> None:
    assert fleet.reported_until(a_node(**state)) == NOW - timedelta(seconds=behind_s)


@pytest.mark.parametrize("state", [{"last_heartbeat_at": None}, {"queue_depth": 3, "oldest_boot_age_ms": None}])
def test_nothing_is_claimed_of_a_door_whose_backlog_has_no_age(state: dict[str, object]) -> None:
    assert fleet.reported_until(a_node(**state)) is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "nothing waits"),
        ({"queue_depth": 1}, "1 record to be sent"),
        (
            {"queue_depth": 2, "crops_waiting": 1, "oldest_boot_age_ms": 180_000},
            "2 records and 1 crop to be sent, the oldest for 3 minutes",
        ),
        ({"crops_waiting": 4, "oldest_boot_age_ms": 180_000}, "4 crops to be sent"),
    ],
)
def test_the_queue_is_told_in_words(state: dict[str, int], words: str) -> None:
    assert fleet.queue_words(a_node(**state)) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"camera": "ok"}, "gives frames"),
        ({"camera": ""}, "not reported yet"),
        ({"camera": "lens_cap_on"}, "lens cap on"),
        ({"camera": "ok", "last_frame_age_ms": 600_000}, "gives frames; its last frame was 10 minutes old"),
        ({"camera": "hours", "last_frame_age_ms": 600_000}, "does not look now, as its hours say"),
        ({"camera": "covered"}, "is covered: look what is in front of the lens"),
    ],
)
def test_the_camera_is_told_in_words(state: dict[str, object], words: str) -> None:
    assert fleet.camera_words(a_node(**state)) == words


def test_the_funnel_is_told_in_sentences() -> None:
    counts = {"frames": 12_000, "motion": 1, "faces": 1, "gated": {"blurred": 1, "too_dark": 3}, "passes": 3, "matched": 1, "unsure": 1}
    assert fleet.funnel_words(counts) == [
        "Of 12,000 frames, 1 had motion.",
        "In them 1 face was found; set aside: 3 too dark, 1 blurred.",
        "3 passes: 1 recognised, 1 unsure, 1 too poor to decide, or the same person again.",
    ]


def test_the_funnel_says_why_passes_were_unsure() -> None:
    counts = {"frames": 10, "motion": 9, "faces": 8, "passes": 3, "unsure": 3, "doubts": {"near": 2, "few_frames": 1}}
    assert fleet.funnel_words(counts)[-1] == "3 passes: 3 unsure (2 near, 1 few frames)."


@pytest.mark.parametrize(
    "funnel", [{}, {"frames": 0}, {"frames": "many"}, {"frames": 1, "gated": None}, {"frames": 1, "gated": {"x": "y"}}]
)
def test_a_funnel_of_any_shape_is_told(funnel: dict[str, object]) -> None:
    assert len(fleet.funnel_words(funnel)) in {0, 3}


@pytest.mark.django_db
def test_a_site_is_as_up_to_date_as_its_oldest_door() -> None:
    site = a_site(time_zone="Asia/Tokyo")
    for minutes in (1, 7):
        node = FakeNode.hung(a_door(site)).node
        Node.objects.filter(pk=node.pk).update(last_heartbeat_at=NOW - timedelta(minutes=minutes), camera="ok", last_frame_age_ms=0)
    unheard = FakeNode.hung(a_door(site)).node
    revoked = FakeNode.hung(a_door(site)).node
    Node.objects.filter(pk=revoked.pk).update(revoked_at=NOW)
    (found,) = fleet.sites_now(NOW)
    assert found.as_of == NOW - timedelta(minutes=7)
    assert found.as_of.tzinfo == site.zone
    assert [door.node for door in found.unknown] == [unheard]
    assert [door.sees for door in found.doors] == [True, False, False]


@pytest.mark.django_db
def test_a_node_that_hangs_nowhere_now_has_no_door_and_a_revoked_one_comes_last() -> None:
    first, second = FakeNode.hung().node, FakeNode.hung().node
    second.mounts.update(valid_until=NOW - timedelta(days=1))
    Node.objects.filter(pk=first.pk).update(revoked_at=NOW)
    rows = fleet.nodes_now(NOW)
    assert [(row.node, len(row.doors)) for row in rows] == [(second, 0), (first, 1)]
