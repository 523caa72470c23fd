"""The pages in a real browser."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from server.accounts.models import User
from server.gallery.services import Upload, sample_add
from server.people.models import Person
from server.recompute.services import work_off
from tests.e2e.pages import IN_A_BROWSER, look_at, shoot
from tests.factories import FakeNode, a_door, a_site, heartbeat
from tests.factories_people import PASSWORD, collins, hopper, jpeg, make_account, make_person, no_face, two_faces

pytestmark = IN_A_BROWSER


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
    expect(page.get_by_role("heading", name="In now 1")).to_be_visible()
    look_at(page, "today", "/")
    for name in ("people", "nodes", "enrol", f"enrol/{person.uuid}"):
        look_at(page, name.split("/")[0] if name != f"enrol/{person.uuid}" else "samples", f"/{name}/")


def test_today_says_so_when_it_can_no_longer_be_brought_up_to_date_and_loads_no_face_twice(page: Page, admin: User) -> None:
    person = make_person("Grace Hopper")
    sample_add(person=person, upload=Upload(jpeg(hopper()), admin))
    _walk_through_the_door(person)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    expect(page.get_by_role("alert")).to_be_hidden()
    with page.expect_response("**/today/now"):
        pass
    with page.expect_response("**/today/now"):
        pass
    crops = [url for url in asked if url.endswith("/crop")]
    assert len(crops) == len(set(crops)) == 3
    page.route("**/today/now", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_have_text(re.compile("what follows is old"))
    shoot(page, "today-stale")
    page.unroute("**/today/now")
    expect(page.get_by_role("alert")).to_be_hidden()


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
    work_off()


def test_a_look_alike_is_enrolled_only_after_somebody_confirmed_it(page: Page, admin: User, tmp_path: Path) -> None:
    known = make_person("Eileen Collins", number="7")
    sample_add(person=known, upload=Upload(jpeg(collins()), admin))
    (tmp_path / "twin.jpg").write_bytes(jpeg(collins()[:, ::-1]))
    page.goto("/enrol/")
    page.get_by_label("agreed to be recognised").check()
    page.get_by_label("Name", exact=True).fill("Her Twin")
    page.get_by_label("Images").set_input_files(tmp_path / "twin.jpg")
    page.get_by_role("button", name="Enrol").click()
    question = page.get_by_role("group", name="Is this really somebody else?")
    expect(question.get_by_role("link", name="add the images there")).to_have_attribute("href", f"/enrol/{known.uuid}/")
    expect(question.get_by_alt_text("Eileen Collins as enrolled")).to_be_visible()
    look_at(page, "enrol-look-alike")
    question.get_by_label("a different person who looks alike").check()
    page.get_by_label("Images").set_input_files(tmp_path / "twin.jpg")
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("listitem").filter(has_text="twin.jpg").get_by_text("Enrolled.")).to_be_visible()
    assert Person.objects.get(name="Her Twin").samples.count() == 1


def test_a_claim_shows_its_command_and_token_once(page: Page, live_server: LiveServer) -> None:
    a_door(a_site(name="Main building", time_zone="Europe/Paris"), name="Front door")
    page.goto("/nodes/")
    page.get_by_label("Name of the node").fill("front")
    page.get_by_label("Door").select_option(label="Main building – Front door")
    page.get_by_role("button", name="Make a one-time token").click()
    token = page.get_by_label("One-time token").inner_text()
    command = page.get_by_label("Command").inner_text()
    assert command == f"lintel-edge claim --server {live_server.url} --token {token} --config /etc/lintel/edge.toml"
    expect(page.get_by_text("(Europe/Paris)")).to_be_visible()
    look_at(page, "nodes-claim")
    page.goto("/nodes/")
    expect(page.get_by_text(token)).to_have_count(0)


def test_a_node_tells_in_words_how_it_is(page: Page) -> None:
    node = FakeNode.hung(a_door(a_site(name="Main building", time_zone="Europe/Paris"), name="Front door"))
    funnel = {"frames": 1200, "motion": 300, "faces": 40, "gated": {"too_small": 9}, "passes": 7, "matched": 4, "unknown": 1}
    state = {"camera": "camera_gives_no_frames", "queue_depth": 1500, "oldest_boot_age_ms": 7_200_000, "parked": 1, "funnel": funnel}
    node.client.post("/api/v1/node/heartbeat", heartbeat(node, **state))
    page.goto("/nodes/")
    for words in (
        "gives no frames",
        "1,500 records to be sent, the oldest for 2 hours",
        "1 record refused",
        "300 had motion",
        "9 too small",
    ):
        expect(page.get_by_text(words)).to_be_visible()
    look_at(page, "nodes-trouble")
    page.get_by_text("Revoke this node").click()
    page.get_by_role("button", name="for good").click()
    expect(page.get_by_text("revoked", exact=True)).to_be_visible()
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node)).status_code == 403


def test_errors_are_told_in_the_look_of_the_site(page: Page, browser: Browser, live_server: LiveServer) -> None:
    page.goto("/nothing/")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    look_at(page, "error-404")
    make_account("viewer", "vera")
    other = browser.new_page(base_url=live_server.url)
    sign_in(other, "vera", "wrong")
    expect(other.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    look_at(other, "sign-in-error")
    sign_in(other, "vera", PASSWORD)
    expect(other.get_by_role("heading", name="Today")).to_be_visible()
    other.goto("/nodes/")
    expect(other.get_by_role("heading", name="Your account may not open this page")).to_be_visible()
    look_at(other, "error-403")
    other.close()


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def test_the_api_is_described_on_a_page_that_keeps_to_the_policy(page: Page) -> None:
    page.goto("/api/docs/")
    page.get_by_role("link", name="node", exact=True).click()
    page.get_by_role("button", name="POST /api/v1/node/heartbeat", exact=True).click()
    expect(page.get_by_text("The content is not acceptable and will stay so")).to_be_visible()
    shoot(page, "docs")


def test_the_administration_works_under_the_policy(page: Page, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    for url in ("/admin/", "/admin/people/person/add/", "/admin/nodes/mount/add/"):
        answer = page.goto(url)
        assert answer is not None
        assert answer.status == 200
    shoot(page, "admin")


@pytest.mark.parametrize("url", ["/", "/people/", "/enrol/", "/nodes/", "/nothing/"])
def test_every_control_is_reached_by_the_keyboard_and_shows_the_focus(page: Page, url: str) -> None:
    page.goto(url)
    controls = page.locator(CONTROLS).count()
    reached = set()
    for _ in range(controls):
        page.keyboard.press("Tab")
        shown = page.evaluate(FOCUS, CONTROLS)
        assert shown["outline"] >= 2, shown
        reached.add(shown["control"])
    assert reached == set(range(controls))


CONTROLS = "a[href], button, input:not([type=hidden]), select"
FOCUS = """controls => { const at = document.activeElement, style = getComputedStyle(at);
  return {control: Array.from(document.querySelectorAll(controls)).indexOf(at), html: at.outerHTML,
          outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth)} }"""


def test_every_page_has_a_title_a_language_one_heading_and_named_controls(page: Page) -> None:
    titles = set()
    for url in ("/", "/people/", "/enrol/", "/nodes/", "/nothing/"):
        page.goto(url)
        titles.add(page.title())
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.locator("h1").count() == 1
        assert page.locator("img:not([alt])").count() == 0
        for field in page.locator("input:not([type=hidden]), select").all():
            assert field.evaluate("field => field.labels.length") == 1
    assert len(titles) == 5


def test_the_pages_can_be_used_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
