"""People and a person's page in a real browser, for staff and for the person."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from server.accounts.models import User
from server.attendance.correction_models import Correction
from server.attendance.models import AttendanceRecord
from server.audit.models import AuditEntry
from server.people.models import Person
from server.schedules.models import Leave
from server.sightings.models import Sighting
from server.sites.models import Site
from tests.e2e.pages import IN_A_BROWSER, look_at, shoot
from tests.factories import FakeNode, a_door, a_group, a_member, a_session, a_site
from tests.factories_people import PASSWORD, hopper, jpeg, make_account, make_person
from tests.server.sightings.second_looks import enrolled, face, passed
from tests.server.sightings.unknown import counts

pytestmark = IN_A_BROWSER
STATES = ("present", "absent", "present", "excused", "present", "not_covered", "present", "present")


def attended(site: Site, person: Person) -> None:
    """A week of lectures, most of them attended, some late."""
    group, now = a_group("Physics"), timezone.now()
    a_member(group, person)
    for days, state in enumerate(STATES, start=1):
        session = a_session(
            site, group, begins_at=now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=days), name="Optics"
        )
        times = {"first_in": session.begins_at + timedelta(minutes=days), "last_out": session.ends_at} if state == "present" else {}
        AttendanceRecord.objects.create(
            session=session, person=person, state=state, decided=True, local_date=session.local_date, changed_at=now,
            worked_s=5400 if state == "present" else None, late_by_s=60 * days if state == "present" and days > 4 else None, **times,
        )  # fmt: skip


def signed_in(browser: Browser, live_server: LiveServer, account: User) -> Page:
    page = browser.new_page(base_url=live_server.url, viewport={"width": 1200, "height": 820})
    page.goto("/sign-in/")
    page.get_by_label("Name").fill(account.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_staff_look_into_a_person_and_give_a_pass_to_somebody_else(page: Page, browser: Browser, live_server: LiveServer) -> None:
    site = a_site(name="Main building", time_zone="Europe/Paris")
    ada = enrolled(1, "Grace Hopper", account=make_account("self", "grace"))
    make_person("Ada Lovelace", number="17")
    attended(site, ada)
    today = timezone.now().date()
    Leave.objects.create(person=ada, reason="training", first_day=today, last_day=today + timedelta(days=2))
    node, image = FakeNode.hung(a_door(site, name="Front door")), jpeg(hopper()[20:320, 110:410])
    passes = [passed(node, face(1), person=ada, at=timezone.now() - timedelta(minutes=minutes), crop=image) for minutes in (40, 20, 5)]
    node.put_crop(image)
    page.get_by_role("link", name="People").click()
    look_at(page, "people-list", "/people/")
    page.get_by_label("Group").select_option("Physics")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="People 1")).to_be_visible()
    page.get_by_role("link", name="Grace Hopper", exact=True).click()
    expect(page.get_by_text("83 %")).to_be_visible()
    expect(page.get_by_text("5 present, 1 absent, 3 late")).to_be_visible()
    assert AuditEntry.objects.filter(action="person.viewed", person=ada.uuid).count() == 1
    look_at(page, "person")
    page.get_by_text("It was somebody else").first.click()
    page.get_by_label("Who was it?").first.press_sequentially("love")
    page.get_by_role("radio", name="Ada Lovelace").check()
    page.get_by_role("button", name="Assign").first.click()
    expect(page.get_by_text("assigned it to Ada Lovelace")).to_be_visible()
    assert counts(passes[2]) == [Person.objects.get(name="Ada Lovelace")]
    shoot(page, "person-assigned")
    page.get_by_role("button", name="Undo the decision").click()
    expect(page.get_by_text("undone by ada")).to_be_visible()
    page.get_by_role("button", name="Not Grace Hopper").first.click()
    expect(page.get_by_text("It counts for nobody.")).to_be_visible()
    assert Sighting.objects.filter(counts_for=ada).count() == 2
    own = signed_in(browser, live_server, User.objects.get(username="grace"))
    own.get_by_role("link", name="My attendance").click()
    own.get_by_role("row", name="absent").get_by_text("Dispute this").click()
    look_at(own, "person-own")
    own.get_by_role("row", name="absent").get_by_label("Why?").fill("I sat in the first row.")
    own.get_by_role("row", name="absent").get_by_role("button", name="Ask for a correction").click()
    expect(own.get_by_text("Your request waits for a decision")).to_be_visible()
    assert Correction.objects.get().reason == "I sat in the first row."
    shoot(own, "person-disputed")
    own.close()
