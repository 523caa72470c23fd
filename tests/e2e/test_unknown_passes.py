"""Unknown passes in a real browser: found, assigned, confirmed, undone, ignored, taken out."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from server.sightings.models import Crop, CropState, Sighting
from server.sightings.unknown_groups import groups_update
from tests.e2e.pages import IN_A_BROWSER, look_at, shoot
from tests.factories import FakeNode, a_door, a_site
from tests.factories_people import collins, hopper, jpeg, make_person
from tests.server.sightings.second_looks import face, passed
from tests.server.sightings.unknown import counts, group_of

pytestmark = IN_A_BROWSER


def a_pass(node: FakeNode, number: int, minutes: int, image: bytes) -> Sighting:
    """With its image in storage."""
    sighting = passed(node, face(number), at=timezone.now() - timedelta(minutes=minutes), crop=image)
    node.put_crop(image)
    assert Crop.objects.get(sighting=sighting).state == CropState.STORED
    return sighting


def test_a_stranger_is_assigned_confirmed_undone_and_ignored(page: Page) -> None:
    node = FakeNode.hung(a_door(a_site(name="Main building", time_zone="Europe/Paris"), name="Front door"))
    images = [jpeg(collins()[at : at + 260, 100:360]) for at in (20, 24, 28)]
    one, two, wrong = (a_pass(node, 1, 90 - at, image) for at, image in enumerate(images))
    other = a_pass(node, 2, 30, jpeg(hopper()[20:320, 110:410]))
    groups_update(now=timezone.now())
    eve = make_person("Eileen Collins", number="17")
    make_person("Eileen Other")
    page.get_by_role("link", name="Unknown").click()
    expect(page.get_by_role("heading", name="Unknown passes 2")).to_be_visible()
    look_at(page, "unknown", "/unknown/")
    page.get_by_role("link", name="3 passes").click()
    page.get_by_role("listitem").filter(has=page.get_by_alt_text("Face at")).first.get_by_role("button", name="Take out").click()
    expect(page.get_by_role("heading", name="2 passes")).to_be_visible()
    page.get_by_role("button", name="It was this person").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a person first")
    page.get_by_label("Assign all of it to").press_sequentially("eileen c")
    page.get_by_role("radio", name="Eileen Collins 17").check()
    look_at(page, "unknown-group")
    page.get_by_role("button", name="It was this person").click()
    expect(page.get_by_text("These passes count for Eileen Collins.")).to_be_visible()
    assert counts(one, two, wrong) == [eve, eve, None]
    later = a_pass(node, 1, 3, images[0])
    groups_update(now=timezone.now())
    assert group_of(later) == group_of(one) != group_of(wrong)
    page.reload()
    expect(page.get_by_text("1 pass joined since: probably Eileen Collins.")).to_be_visible()
    shoot(page, "unknown-confirm")
    page.get_by_role("button", name="Confirm: it was Eileen Collins").click()
    expect(page.get_by_text("to confirm")).to_have_count(0)
    assert counts(later) == [eve]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="It was this person")).to_be_visible()
    assert counts(one, two, later, other) == [None] * 4
    page.get_by_role("button", name="Nobody of ours: ignore").click()
    expect(page.get_by_text("These passes are ignored")).to_be_visible()
    page.get_by_role("link", name="All unknown passes").click()
    page.get_by_role("link", name="Ignored").click()
    expect(page.get_by_role("heading", name="Unknown passes 1")).to_be_visible()
    page.get_by_role("link", name="Assigned").click()
    expect(page.get_by_text("No group is assigned.")).to_be_visible()
