"""Attendance in a real browser: from the week to the evidence, corrected in place; the queue, the seals and the audit."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from server.accounts.models import User
from server.attendance.correction_models import Correction, ManualMark
from server.attendance.publishing import person_days_publish
from server.people.models import Person
from server.schedules.models import Session
from tests.e2e.pages import IN_A_BROWSER, look_at, shoot
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_session, a_site
from tests.factories_people import PASSWORD, collins, jpeg, make_account, make_person

pytestmark = IN_A_BROWSER
DAY = "2024-11-20"


def a_lecture() -> tuple[Session, Person, Person]:
    """Grace came twelve minutes late and was seen doing so; Eileen was not seen; the door was watched all the time."""
    site = a_site(name="Main building", time_zone="Europe/Paris")
    door = a_door(site, name="Front door")
    group = a_group("Course A")
    grace, eileen = (a_member(group, make_person(name)) for name in ("Grace Hopper", "Eileen Collins"))
    eileen.number = "17"
    eileen.account = make_account("self", "eileen")
    eileen.save()
    lecture = a_session(site, group, begins_at=NOON, name="Algebra", doors=[door])
    node, image = FakeNode.hung(door), jpeg(collins()[20:280, 100:360])
    node.send(
        node.sighting(at=NOON + timedelta(minutes=12), person=grace, crop=image),
        node.observation(looked=(NOON - timedelta(hours=2), NOON + timedelta(hours=4))),
    )
    node.put_crop(image)
    publish(lecture)
    return lecture, grace, eileen


def publish(lecture: Session) -> None:
    days = [lecture.local_date]
    person_days_publish(site=lecture.site, days=days, people=None, why=frozenset({"sighting"}), now=NOON + timedelta(days=2))


def change_to(page: Page, account: User) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.goto("/sign-in/")
    page.get_by_label("Name").fill(account.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_session_is_found_looked_at_and_corrected_in_place(page: Page) -> None:
    lecture, _, eileen = a_lecture()
    page.get_by_role("link", name="Attendance", exact=True).click()
    look_at(page, "attendance-dates", f"/attendance/?week={DAY}")
    page.get_by_role("link", name="Wed 20 Nov").click()
    expect(page.get_by_text("12 minutes late")).to_be_visible()
    look_at(page, "attendance-day")
    page.get_by_role("link", name="Algebra").first.click()
    expect(page.get_by_text("settled: every door was watched")).to_be_visible()
    page.get_by_role("link", name="Details of Grace Hopper").click()
    expect(page.get_by_alt_text("Grace Hopper at the door")).to_be_visible()
    expect(page.get_by_text("somebody passed a door")).to_be_visible()
    look_at(page, "attendance-session")
    page.get_by_role("link", name="Close Grace Hopper").press("Enter")
    expect(page.get_by_alt_text("Grace Hopper at the door")).to_have_count(0)
    page.get_by_role("link", name="Details of Eileen Collins").press("Enter")
    expect(page.get_by_role("link", name="Close Eileen Collins")).to_be_focused()
    page.get_by_role("button", name="Correct").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_label("State").select_option("present")
    page.get_by_label("First in").fill("2024-11-20T13:02:00")
    page.get_by_label("Reason").fill("sat in the first row")
    page.get_by_role("button", name="Correct").click()
    row = page.locator(f"#p-{eileen.uuid} tr").first
    expect(row).to_contain_text("13:02")
    expect(page.get_by_role("button", name="Correct")).to_be_focused()
    expect(row).to_contain_text("by hand")
    expect(page.get_by_text("state: absent → present")).to_be_visible()
    shoot(page, "attendance-corrected")
    page.get_by_role("button", name="Mark excused").click()
    expect(page.get_by_text("by ada", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Approved").click()
    page.get_by_label("Why it is undone").fill("the wrong row")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: the wrong row")).to_be_visible()
    page.get_by_role("link", name="Show the record").click()
    expect(page.locator(f"#p-{eileen.uuid} tr").first).to_contain_text("excused by staff")
    page.get_by_role("link", name="Mark the whole session").click()
    page.get_by_role("link", name="Choose present for everybody").click()
    look_at(page, "attendance-roll-call")
    page.get_by_role("button", name="Mark them").click()
    expect(page.get_by_text("2 present")).to_be_visible()
    page.get_by_role("button", name="Undo 2 marks").click()
    expect(page.get_by_text("1 excused")).to_be_visible()
    assert ManualMark.objects.filter(undone_at__isnull=True).count() == 1
    assert Correction.objects.get().state == "undone"
    assert lecture.attendance.count() == 2


def test_a_person_asks_with_a_paper_and_staff_decide(page: Page, admin: User) -> None:
    lecture, grace, eileen = a_lecture()
    assert eileen.account is not None
    change_to(page, eileen.account)
    page.goto(f"/attendance/sessions/{lecture.uuid}/")
    expect(page.get_by_text(grace.name)).to_have_count(0)
    page.get_by_role("link", name="Details of Eileen Collins").click()
    expect(page.get_by_role("button", name="Mark present")).to_have_count(0)
    page.get_by_label("State").select_option("excused")
    page.get_by_label("Reason").fill("I was at the doctor's")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("link", name="Requested").click()
    page.get_by_label("Comment").fill("the note is attached")
    page.get_by_label("Paper").set_input_files({"name": "note.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"})
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="note.pdf")).to_be_visible()
    expect(page.get_by_role("button", name="Withdraw the request")).to_be_visible()
    look_at(page, "correction-own")
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    change_to(page, admin)
    page.goto("/corrections/")
    page.get_by_role("checkbox", name="Choose Eileen Collins, Algebra").check()
    look_at(page, "corrections")
    page.get_by_role("link", name="Eileen Collins").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="note.pdf").click()
    assert download.value.suggested_filename == "note.pdf"
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved")).to_be_visible()
    look_at(page, "correction")


def test_days_are_sealed_contradicted_and_opened_again(page: Page) -> None:
    lecture, _, eileen = a_lecture()
    page.goto(f"/attendance/?week={DAY}")
    page.get_by_role("link", name="Seal this week").click()
    look_at(page, "attendance-seal")
    page.get_by_role("button", name="Seal").click()
    expect(page.get_by_text("sealed by ada")).to_be_visible()
    eileen.memberships.all().delete()
    publish(lecture)
    page.reload()
    page.get_by_role("link", name="1 discrepancy contradicts sealed days").click()
    expect(page.get_by_text("there is no such record any more")).to_be_visible()
    look_at(page, "discrepancies")
    page.get_by_label("Note").fill("she left afterwards")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Nothing here")).to_be_visible()
    page.goto(f"/attendance/?week={DAY}")
    page.get_by_text("Lift this seal").click()
    page.get_by_label("Why the seal is lifted").fill("a late node")
    page.get_by_role("button", name="Lift").click()
    expect(page.get_by_text("No day of this week is sealed.")).to_be_visible()
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("cell", name="seal.lifted")).to_be_visible()
    page.locator("summary").first.click()
    look_at(page, "audit")
