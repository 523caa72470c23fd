"""The pages about samples and the gallery in a real browser, under the content security policy."""

import cv2
import numpy as np
from playwright.sync_api import Page, expect

from server.accounts.models import User
from server.gallery.services import Upload, sample_add
from tests.e2e.pages import IN_A_BROWSER, look_at
from tests.factories_people import collins, hopper, jpeg, make_person
from tests.server.gallery.made_up_samples import enrolled, looks

pytestmark = IN_A_BROWSER


def test_a_sample_that_was_set_aside_is_taken_back(page: Page, admin: User) -> None:
    person = make_person("Eileen Collins")
    bright = np.asarray(cv2.convertScaleAbs(collins(), alpha=1.3), np.uint8)
    for image in (jpeg(collins()), jpeg(bright), jpeg(collins()[:, ::-1]), jpeg(hopper())):
        sample_add(person=person, upload=Upload(image, admin))
    sample_add(person=make_person("Her Twin"), upload=Upload(jpeg(collins()[:, ::-1]), admin, accept_likeness=True))
    look_at(page, "samples-set-aside", f"/enrol/{person.uuid}/")
    expect(page.get_by_role("alert")).to_contain_text("The doors may take Eileen Collins for Her Twin")
    expect(page.get_by_text("unlike the other samples of this person")).to_be_visible()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("kept by staff")).to_be_visible()
    page.get_by_role("button", name="Let Lintel decide").click()
    expect(page.get_by_text("unlike the other samples of this person")).to_be_visible()


def test_the_gallery_is_tried_at_another_setting(page: Page) -> None:
    for number in range(2, 12):
        enrolled(f"Person {number}", looks(number, 4, spread=0.5))
    mixed = enrolled("Mixed", [*looks(20, 2), looks(21, 1)[0]])
    enrolled("Other", looks(21, 3))
    mixed.samples.update(ruling="keep", state="active", reason="")
    page.goto("/")
    page.get_by_role("link", name="Gallery", exact=True).click()
    expect(page.get_by_role("heading", name="Gallery check")).to_be_visible()
    expect(page.get_by_text("the wrong name", exact=True)).to_be_visible()
    assert page.locator("svg.curve polyline").count() == 2
    page.get_by_label("At most one stranger in").fill("100")
    page.get_by_role("button", name="Try").click()
    expect(page.get_by_label("At most one stranger in")).to_have_value("100")
    look_at(page, "gallery-check")
