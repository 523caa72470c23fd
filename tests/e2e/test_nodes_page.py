"""The page Nodes in a real browser: alarms, buttons, and a node's settings."""

from django.utils import timezone
from playwright.sync_api import Page, expect

from server.nodes.alarms import alarm_raise
from server.nodes.models import AlarmKind, Node, NodeAlarm
from server.nodes.selectors import settings_of
from tests.e2e.pages import IN_A_BROWSER, look_at
from tests.factories import FakeNode, a_door, a_site, heartbeat
from tests.server.nodes.test_claim import a_key, claim

pytestmark = IN_A_BROWSER
HEALTH = {
    "temperature_c": 83.2,
    "throttled": ["under_voltage", "throttled_before"],
    "fsync_p99_ms": 14,
    "disk_errors": 2,
    "card": "failing",
    "memory_available_bytes": 412_000_000,
    "uptime_s": 250_000,
}


def hung(name: str, *, door: str) -> FakeNode:
    site = a_site(name=f"Building of {name}", time_zone="Europe/Paris")
    node = FakeNode.hung(a_door(site, name=door))
    Node.objects.filter(pk=node.node.pk).update(name=name)
    return node


def beat(node: FakeNode, **values: object) -> None:
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, **values), format="json").status_code == 200


def test_what_is_wrong_with_a_node_is_seen_and_resolved(page: Page) -> None:
    troubled, well = hung("front", door="Front door"), hung("back", door="Back door")
    beat(troubled, camera="ok", last_frame_age_ms=90, free_bytes=9_100_000_000, refused=3, crops_shed=12, health=HEALTH)
    beat(well, camera="ok", last_frame_age_ms=90, gallery_revision=1, health={"temperature_c": 48, "card": "ok", "fsync_p99_ms": 9})
    for kind in (AlarmKind.CLONED, AlarmKind.OLD_TOKEN):
        alarm_raise(troubled.node, kind, "boots a and b are heard in turns", now=timezone.now())
    page.goto("/nodes/")
    expect(page.get_by_text("1 of 2 nodes has the present gallery. Not yet: front.")).to_be_visible()
    for words in (
        "its card is failing: replace it soon",
        "83 °C, too hot",
        "its power supply is too weak",
        "3 passes could not be recorded",
    ):
        expect(page.get_by_text(words)).to_be_visible()
    look_at(page, "nodes-alarms")
    alarm = page.get_by_role("alert").filter(has_text="Two computers use")
    alarm.get_by_label("What was found and done").fill("The spare one was plugged in")
    alarm.get_by_role("button", name="Resolved").click()
    expect(page.get_by_role("alert")).to_have_count(1)
    assert NodeAlarm.objects.get(kind=AlarmKind.CLONED).note == "The spare one was plugged in"


def test_a_node_is_made_to_blink_and_gets_a_new_card(page: Page) -> None:
    node = hung("front", door="Front door")
    page.goto("/nodes/")
    page.get_by_role("button", name="Make it blink").click()
    expect(page.get_by_text("It blinks from its next heartbeat on")).to_be_visible()
    page.get_by_text("Replace its card").click()
    page.get_by_role("button", name="Make a one-time token for its new card").click()
    expect(page.get_by_role("heading", name="A new card for front")).to_be_visible()
    token = page.get_by_label("One-time token").inner_text()
    look_at(page, "nodes-replace")
    assert claim(token, a_key()).json()["node"] == str(node.node.uuid)
    page.goto("/nodes/")
    expect(page.get_by_text(token)).to_have_count(0)
    expect(page.get_by_role("heading", name="front")).to_be_visible()


def test_a_contested_node_is_unfrozen_by_an_admin(page: Page) -> None:
    node = hung("front", door="Front door")
    Node.objects.update(frozen_at=timezone.now())
    alarm_raise(node.node, AlarmKind.CONTESTED, "the second time by raspberrypi", now=timezone.now())
    page.goto("/nodes/")
    look_at(page, "nodes-frozen")
    page.get_by_text("Unfreeze this node").click()
    page.get_by_label("What you found out").fill("We ran the command twice")
    page.get_by_role("button", name="Unfreeze front").click()
    expect(page.get_by_text("not started yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_hours_and_regions_are_set_on_a_page_of_their_own(page: Page) -> None:
    node = hung("front", door="Front door")
    page.goto("/nodes/")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("Times are those of Europe/Paris")).to_be_visible()
    first = page.get_by_role("group", name="Hours 1")
    for day in ("Mon", "Tue", "Fri"):
        first.get_by_label(day).check()
    first.get_by_label("from").fill("07:30")
    first.get_by_label("until").fill("19:00")
    page.get_by_label("Regions it does not look at").fill("[[[0, 0], [1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("no list in square brackets")
    expect(first.get_by_label("Tue")).to_be_checked()
    look_at(page, "node-settings-wrong")
    page.get_by_label("Regions it does not look at").fill("[[[0, 0], [0.33, 0], [0.33, 1], [0, 1]]]")
    page.get_by_label("Keep an image").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is on its way to the node")).to_be_visible()
    look_at(page, "node-settings")
    told = settings_of(node.node)
    assert [(hours.days, hours.from_minute, hours.until_minute) for hours in told.hours] == [((0, 1, 4), 450, 1140)]
    assert (len(told.masks), told.keep_crops) == (1, False)
