"""The pages in a real browser."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from server.accounts.models import User
from server.attendance.services import open_day_derive
from server.gallery.services import Upload, sample_add
from server.people.models import Person
from server.sites.days import local_day
from tests.factories import FakeNode, a_door, a_site, heartbeat
from tests.factories_people import PASSWORD, collins, hopper, jpeg, make_account, make_person, no_face, two_faces

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
expect.set_options(timeout=30_000)  # a busy machine is no fault of the pages
SHOTS = os.environ.get("LINTEL_SHOTS")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here; install Debian's chromium to run the pages in a browser"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright's loop runs in this thread, where Django would refuse the ORM of the tests themselves.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def admin() -> User:
    return make_account("admin", "ada")


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, admin: User) -> Iterator[Page]:
    """Signed in, and failing when the page breaks its own content security policy or a script fails."""
    opened = browser.new_page(base_url=live_server.url, viewport={"width": 1200, "height": 820})
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(message.text) if "Security Policy" in message.text else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto("/")
    opened.get_by_label("Name").fill(admin.username)
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    opened.wait_for_url("**/")
    yield opened
    opened.close()
    assert problems == []


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_an_empty_today_says_what_to_do_next(page: Page) -> None:
    expect(page.get_by_text("Nobody is enrolled yet")).to_be_visible()
    shoot(page, "today-empty")
    page.get_by_role("link", name="Enrol the first person").click()
    expect(page.get_by_role("heading", name="Enrol a person")).to_be_visible()


def test_a_person_is_enrolled_with_two_images_and_the_bad_one_is_explained(page: Page, tmp_path: Path) -> None:
    (tmp_path / "collins.jpg").write_bytes(jpeg(collins()))
    (tmp_path / "two.jpg").write_bytes(two_faces())
    page.goto("/enrol/")
    page.get_by_label("agreed to be recognised").check()
    page.get_by_label("Name", exact=True).fill("Eileen Collins")
    page.get_by_label("Images").set_input_files([tmp_path / "collins.jpg", tmp_path / "two.jpg"])
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("listitem").filter(has_text="collins.jpg").get_by_text("Enrolled")).to_be_visible()
    expect(page.get_by_text("2 faces were found")).to_be_visible()
    thumbnail = page.get_by_alt_text("The enrolled face")
    expect(thumbnail).to_have_js_property("complete", True)  # noqa: FBT003 (the value of a JavaScript property)
    assert thumbnail.evaluate("image => image.naturalWidth") > 0
    shoot(page, "enrol-success")


def test_no_usable_image_enrols_nobody_and_says_why(page: Page, tmp_path: Path) -> None:
    (tmp_path / "wall.jpg").write_bytes(no_face())
    page.goto("/enrol/")
    page.get_by_label("agreed to be recognised").check()
    page.get_by_label("Name", exact=True).fill("Grace Hopper")
    page.get_by_label("Images").set_input_files(tmp_path / "wall.jpg")
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_text("No face was found")).to_be_visible()
    expect(page.get_by_text("nobody was enrolled")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Grace Hopper")
    shoot(page, "enrol-error")


def test_a_new_arrival_appears_without_reloading(page: Page, admin: User) -> None:
    person = make_person("Grace Hopper")
    sample_add(person=person, upload=Upload(jpeg(hopper()), admin))
    page.goto("/")
    expect(page.get_by_text("No door has a node yet")).to_be_visible()
    _walk_through_the_door(person)
    page.get_by_role("img", name="Grace Hopper at the door").first.wait_for()
    expect(page.get_by_text("Unknown", exact=True).first).to_be_visible()
    looks: list[tuple[str, Literal["light", "dark"], int]] = [("light", "light", 1200), ("dark", "dark", 1200), ("phone", "light", 390)]
    for name, scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 820})
        shoot(page, f"today-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for name in ("people", "nodes", "enrol"):
        page.goto(f"/{name}/")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shoot(page, f"{name}-phone")


def _walk_through_the_door(person: Person) -> None:
    """Twice, and a stranger twice, once without a crop."""
    door = a_door(a_site(name="Main building", time_zone="Europe/Paris"), name="Front door")
    node = FakeNode.hung(door)
    now = timezone.now()
    face, stranger = jpeg(hopper()[20:320, 110:410]), jpeg(collins()[20:280, 100:360])
    node.client.post("/api/v1/node/heartbeat", heartbeat(node))
    node.send(
        node.sighting(at=now - timedelta(minutes=31), person=person, crop=face),
        node.sighting(at=now - timedelta(minutes=2), person=person, crop=face),
        node.sighting(at=now - timedelta(minutes=1), crop=stranger),
        node.sighting(at=now - timedelta(minutes=14)),
    )
    node.put_crop(face)
    node.put_crop(stranger)
    day = local_day(now - timedelta(minutes=2), door.site.zone, door.site.day_cut)
    open_day_derive(site=door.site, local_date=day, person=person.pk)


def test_the_pages_can_be_used_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
