"""The page Nodes, its buttons, and the page of a node's settings."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from server.core.permissions import Role
from server.nodes.alarms import WHAT_TO_DO, alarm_raise
from server.nodes.models import AlarmKind, ClockOffset, Node, NodeAlarm
from server.nodes.selectors import settings_of
from server.nodes.services import settings_change
from server.web import fleet
from server.web.node_health import CARDS, THROTTLED, clock_words, health_facts
from server.web.words import size
from shared_schema.node import Hours
from tests.factories import FakeNode, a_door, a_site, an_account, heartbeat
from tests.server.web.signed_in import signed_in

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def facts(*, bad: bool, **values: object) -> list[str]:
    node = Node(**{"name": "front", **values})
    return [fact.text for fact in health_facts(node) if fact.bad == bad]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"health": {"temperature_c": 84.6}}, "85 °C, too hot: give it air"),
        ({"health": {"throttled": ["under_voltage"]}}, "its power supply is too weak: use the one made for it, and a short cable"),
        ({"health": {"throttled": ["something_new"]}}, "something new"),
        ({"health": {"card": "read_only"}}, "its card can only be read any more: replace it"),
        ({"health": {"card": "on_fire"}}, "its card: on fire"),
        ({"health": {"disk_errors": 1}}, "1 disk error since capture started"),
        ({"health": {"fsync_p99_ms": 1500.4}}, "a record is safe on its card within 1,500 ms, which is slow: the card may be worn"),
        ({"health": {"memory_available_bytes": 20 * 10**6}}, "20 MB of memory free"),
        ({"free_bytes": 100 * 10**6}, "100 MB of its card free"),
        ({"refused": 2}, "2 passes could not be recorded since capture started"),
        ({"crops_given_up": 1}, "1 image given up for room since capture started"),
    ],
)
def test_what_somebody_must_do_something_about_is_told_in_words(values: dict[str, object], words: str) -> None:
    assert facts(bad=True, **values) == [words]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"health": {"temperature_c": 51.2}}, ["51 °C"]),
        ({"health": {"temperature_c": 71}}, ["71 °C, warm"]),
        ({"health": {"throttled": ["under_voltage_before"]}}, ["its power supply was too weak for a moment since it was switched on"]),
        ({"health": {"card": "ok", "disk_errors": 0, "throttled": []}}, []),
        ({"health": {"fsync_p99_ms": 12}}, ["a record is safe on its card within 12 ms"]),
        ({"health": {"uptime_s": 7_300}}, ["on for 2 hours"]),
        ({"free_bytes": 12_300_000_000}, ["12.3 GB of its card free"]),
        ({"refused": 0, "health": {}}, []),
    ],
)
def test_what_is_well_is_told_without_alarm(values: dict[str, object], words: list[str]) -> None:
    assert facts(bad=False, **values) == words
    assert facts(bad=True, **values) == []


@pytest.mark.parametrize(
    "health", [[], None, "x", {"temperature_c": "hot"}, {"throttled": 3}, {"card": 7}, {"disk_errors": True}, {"uptime_s": 10**40}]
)
def test_health_of_any_shape_is_told(health: object) -> None:
    assert isinstance(facts(bad=False, health=health), list)


def test_everything_a_node_may_say_has_words() -> None:
    assert {name.removesuffix("_before") for name in THROTTLED} == {"under_voltage", "frequency_capped", "throttled", "hot"}
    assert set(CARDS) == {"read_only", "full", "failing"}
    assert set(WHAT_TO_DO) == set(AlarmKind)


@pytest.mark.parametrize(
    ("ns", "words"),
    [(None, "not known yet; it comes with the next heartbeats"), (10, "known to within 1 ms"), (15 * 10**6, "known to within 15 ms"),
     (5 * 10**9, "known to within 5 seconds"), (2**63 - 1, "not known yet; it comes with the next heartbeats")],
)  # fmt: skip
def test_the_clock_is_told_in_words(ns: int | None, words: str) -> None:
    assert clock_words(ns) == words


@pytest.mark.parametrize(("count", "words"), [(900, "1 kB"), (512 * 10**6, "512 MB"), (1.5 * 10**9, "1.5 GB"), (2 * 10**16, "20,000 TB")])
def test_bytes_are_told_in_their_largest_unit(count: float, words: str) -> None:
    assert size(count) == words


def beat(node: FakeNode, **values: object) -> None:
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, **values), format="json").status_code == 200


def page(role: Role = Role.OPERATOR) -> str:
    client = Client()
    client.force_login(an_account(role))
    answer = client.get("/nodes/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.django_db
def test_a_page_of_many_nodes_asks_no_more_than_one_of_few(django_assert_max_num_queries: Any) -> None:
    client = signed_in(Role.ADMIN)
    for _ in range(6):
        node = FakeNode.hung()
        beat(node)
        settings_change(node.node, {"interval_ms": 300}, by=None)
        alarm_raise(node.node, AlarmKind.CLONED, "x", now=timezone.now())
    client.get("/nodes/")
    with django_assert_max_num_queries(22):
        client.get("/nodes/")


@pytest.mark.django_db
def test_the_fleet_is_read_in_a_fixed_number_of_queries(django_assert_num_queries: Any) -> None:
    for _ in range(5):
        node = FakeNode.hung()
        beat(node)
        settings_change(node.node, {"interval_ms": 300}, by=None)
        alarm_raise(node.node, AlarmKind.CLONED, "x", now=timezone.now())
    with django_assert_num_queries(4):
        rows = fleet.nodes_now(timezone.now())
    assert [(len(row.alarms), row.wanted_settings) for row in rows] == [(1, 1)] * 5


@pytest.mark.django_db
def test_the_clock_is_that_of_the_present_boot() -> None:
    node = FakeNode.hung()
    for boot, width in ((node.boot_id, 4_000_000), (uuid4(), 1)):
        ClockOffset.objects.create(node=node.node, boot_id=boot, hour=0, at_boot_ns=0, offset_ns=0, half_width_ns=width)
    Node.objects.update(boot_id=node.boot_id, last_heartbeat_at=timezone.now())
    assert "known to within 4 ms" in page()


@pytest.mark.django_db
def test_an_alarm_is_shown_with_what_to_do_and_resolved_with_a_note() -> None:
    node = FakeNode.hung(a_door(a_site(time_zone="Asia/Tokyo")))
    alarm_raise(node.node, AlarmKind.CLONED, "boots a and b", now=NOW)
    alarm_raise(node.node, AlarmKind.CLONED, "boots a and c", now=NOW + timedelta(minutes=5))
    shown = page()
    for words in (
        "Two computers use this node&#x27;s identity",
        "Find out which computer hangs at the door",
        "boots a and c",
        "2 times, 10 Jun 21:00 to 10 Jun 21:05 Asia/Tokyo",
    ):
        assert words in shown
    alarm = NodeAlarm.objects.get()
    answer = signed_in(Role.OPERATOR).post(f"/nodes/alarms/{alarm.uuid}/resolve/", {"note": "the spare one was plugged in"})
    assert answer.status_code == 302
    alarm.refresh_from_db()
    assert alarm.note == "the spare one was plugged in"
    assert "Two computers" not in page()


@pytest.mark.django_db
def test_a_note_beyond_measure_resolves_nothing_and_says_so() -> None:
    node, client = FakeNode.hung(), signed_in(Role.OPERATOR)
    alarm_raise(node.node, AlarmKind.CLONED, "x", now=NOW)
    shown = client.post(f"/nodes/alarms/{NodeAlarm.objects.get().uuid}/resolve/", {"note": "x" * 501}, follow=True)
    assert b"at most 500 letters" in shown.content
    assert NodeAlarm.objects.get().resolved_at is None
    assert client.post(f"/nodes/alarms/{uuid4()}/resolve/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "act", "unfreeze"), [(Role.ADMIN, 302, 302), (Role.OPERATOR, 302, 403), (Role.AUDITOR, 403, 403), (Role.MANAGER, 403, 403)]
)
def test_who_may_press_which_button(role: Role, act: int, unfreeze: int) -> None:
    node, client = FakeNode.hung().node, signed_in(role)
    alarm_raise(node, AlarmKind.CLONED, "x", now=NOW)
    assert client.post(f"/nodes/{node.uuid}/identify/").status_code == act
    assert client.post(f"/nodes/alarms/{NodeAlarm.objects.get().uuid}/resolve/").status_code == act
    assert client.post(f"/nodes/{node.uuid}/settings/", {}).status_code == (400 if act == 302 else 403)
    assert client.post(f"/nodes/{node.uuid}/replace/").status_code == (200 if act == 302 else 403)
    Node.objects.update(frozen_at=NOW)
    assert client.post(f"/nodes/{node.uuid}/unfreeze/", {"note": "us"}).status_code == unfreeze
    node.refresh_from_db()
    assert (node.state == "active") == (unfreeze == 302)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["identify/", "replace/", "unfreeze/", "settings/", "revoke/"])
def test_buttons_of_a_node_that_is_none_are_not_found(path: str) -> None:
    assert signed_in().post(f"/nodes/{uuid4()}/{path}").status_code == 404


@pytest.mark.django_db
def test_a_card_is_replaced_with_a_token_that_is_shown_once() -> None:
    node, client = FakeNode.hung().node, signed_in(Role.OPERATOR)
    shown = client.post(f"/nodes/{node.uuid}/replace/").content.decode()
    assert f"A new card for {node.name}" in shown
    assert "lintel-edge claim --server http://testserver --token " in shown
    assert client.get(f"/nodes/{node.uuid}/replace/").headers["Location"] == "/nodes/"
    assert "--token" not in page()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["identify/", "replace/", "unfreeze/"])
def test_what_cannot_be_done_is_said_on_the_page(path: str) -> None:
    node, client = FakeNode.hung().node, signed_in(Role.ADMIN)
    Node.objects.update(revoked_at=NOW)
    shown = client.post(f"/nodes/{node.uuid}/{path}", follow=True).content.decode()
    assert 'role="alert"' in shown
    assert "revoked" in shown


@pytest.mark.django_db
def test_a_node_that_shows_itself_is_marked() -> None:
    node = FakeNode.hung().node
    signed_in(Role.OPERATOR).post(f"/nodes/{node.uuid}/identify/")
    assert "It blinks from its next heartbeat on" in page()


@pytest.mark.django_db
def test_it_is_told_how_many_nodes_have_the_present_gallery() -> None:
    has, lags = FakeNode.hung(), FakeNode.hung()
    beat(has, gallery_revision=1)
    assert f"1 of 2 nodes has the present gallery. Not yet: {lags.node.name}." in page()
    beat(lags, gallery_revision=7)
    assert "All 2 nodes have the present gallery" in page()


@pytest.mark.django_db
def test_the_settings_in_force_and_those_wanted_are_told() -> None:
    node = FakeNode.hung()
    beat(node)
    assert "<dd>the defaults</dd>" in page()
    settings_change(node.node, {"interval_ms": 300}, by=None)
    assert "revision 1 is on its way; revision 0 is in force" in page()
    beat(node, settings_refused="no such zone")
    assert "revision 1 was refused: no such zone" in page()
    beat(node, settings_revision=1)
    assert "revision 1 is in force" in page()


ROWS = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0"}
NIGHT = {"form-0-days": ["0", "4"], "form-0-begins": "22:00", "form-0-ends": "06:00"}
ALL_DAY = {"form-1-days": ["6"], "form-1-begins": "00:00", "form-1-ends": "00:00"}
FIELDS = {"interval_ms": "300", "keep_crops": "on", "masks": "[[[0, 0], [0.5, 0], [0.5, 1]]]"}


@pytest.mark.django_db
def test_settings_are_saved_shown_again_and_emptied() -> None:
    node, client = FakeNode.hung().node, signed_in(Role.OPERATOR)
    url = f"/nodes/{node.uuid}/settings/"
    assert client.post(url, {**FIELDS, **ROWS, **NIGHT, **ALL_DAY}).status_code == 302
    saved = settings_of(node)
    assert saved.hours == (Hours(days=(0, 4), from_minute=1320, until_minute=360), Hours(days=(6,), from_minute=0, until_minute=1440))
    assert (saved.interval_ms, saved.keep_crops, len(saved.masks)) == (300, True, 1)
    shown = client.get(url).content.decode()
    for words in ('value="22:00"', 'value="06:00"', "[0.5, 1]", 'name="form-3-days"', 'value="4" '):
        assert words in shown
    assert client.post(url, {"interval_ms": "300", "masks": "", **ROWS}).status_code == 302
    emptied = settings_of(node)
    assert (emptied.hours, emptied.masks, emptied.keep_crops, emptied.revision) == ((), (), False, 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"interval_ms": ""}, "Type a number of milliseconds."),
        ({"interval_ms": "1"}, "greater than or equal to 20"),
        ({"interval_ms": "5000"}, "pass_timeout_ms must be longer than interval_ms"),
        ({"masks": "[[1,"}, "This is no list in square brackets"),
        ({"masks": "[[[0, 0], [1, 1]]]"}, "at least 3 items"),
        ({"masks": '{"a": 1}'}, "valid"),
        ({"form-0-begins": ""}, "Type from when until when"),
        ({"form-0-days": []}, "Tick at least one day"),
        ({"form-0-days": ["9"]}, "Select a valid choice"),
        ({"form-0-begins": "late"}, "Enter a valid time"),
        ({"form-TOTAL_FORMS": "x"}, "ManagementForm"),
        ({"form-TOTAL_FORMS": "900"}, "at most 28"),
    ],
)
def test_settings_that_do_not_work_are_explained_and_change_nothing(values: dict[str, object], words: str) -> None:
    node, client = FakeNode.hung().node, signed_in(Role.OPERATOR)
    answer = client.post(f"/nodes/{node.uuid}/settings/", {**FIELDS, **ROWS, **NIGHT, **values})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert settings_of(node).revision == 0


@pytest.mark.django_db
def test_who_may_only_look_sees_the_settings_without_a_form() -> None:
    node = FakeNode.hung().node
    shown = signed_in(Role.AUDITOR).get(f"/nodes/{node.uuid}/settings/").content.decode()
    assert "200 ms" in shown
    assert "<button>Save" not in shown
    assert signed_in(Role.MANAGER).get(f"/nodes/{node.uuid}/settings/").status_code == 403
