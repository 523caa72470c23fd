"""The evidence of a second look in a real browser."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from server.sightings.models import Sighting
from server.sightings.second_look_services import second_look_make
from tests.e2e.pages import IN_A_BROWSER, shoot
from tests.factories import FakeNode, a_door, a_site
from tests.server.sightings.second_looks import enrolled, face, passed

pytestmark = IN_A_BROWSER


def test_a_second_look_is_found_on_today_accepted_and_undone(page: Page) -> None:
    node = FakeNode.hung(a_door(a_site(name="Main building", time_zone="Europe/Paris"), name="Front door"))
    sighting = passed(node, face(1), at=timezone.now() - timedelta(minutes=3))
    grace = enrolled(1, "Grace Hopper", added_at=timezone.now())
    second_look_make(sighting=sighting, now=timezone.now())
    page.reload()
    page.get_by_role("link", name="1 second look waits for a decision").click()
    shoot(page, "second-looks")
    page.get_by_role("row", name="Grace Hopper").get_by_role("link").click()
    expect(page.get_by_text("was enrolled after this pass")).to_be_visible()
    shoot(page, "second-look")
    page.get_by_role("button", name="Accept: it counts for Grace Hopper").click()
    expect(page.get_by_text("This second look is accepted.")).to_be_visible()
    assert Sighting.objects.get().counts_for == grace
    shoot(page, "second-look-accepted")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Dismiss: it stays with nobody")).to_be_visible()
    assert Sighting.objects.get().counts_for is None
