"""What is expected of whom, in a real browser: a timetable and its sessions, a holiday, and leave."""

from datetime import date, timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from server.schedules.models import Holiday, Leave, Schedule, Session
from tests.e2e.pages import IN_A_BROWSER, look_at, shoot
from tests.factories import a_door, a_group, a_member, a_site
from tests.factories_people import make_person

pytestmark = IN_A_BROWSER
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def test_a_timetable_its_sessions_a_holiday_and_leave(page: Page) -> None:
    a_timetable_is_made(page)
    algebra, third = Schedule.objects.get(), Session.objects.order_by("begins_at")[2]
    a_session_gives_way_to_a_lecture(page, third)
    a_holiday_is_entered(page, third.local_date + timedelta(days=2))
    a_leave_is_entered(page)
    page.goto(f"/schedules/{algebra.uuid}/")
    expect(page.get_by_text("holiday: Founders' day")).to_be_visible()


def a_timetable_is_made(page: Page) -> None:
    page.get_by_role("link", name="Schedules", exact=True).click()
    expect(page.get_by_text("There is no site yet")).to_be_visible()
    site, annex = a_site(name="Main building", time_zone="Europe/Paris"), a_site(name="Annex", time_zone="Asia/Tokyo")
    a_door(site, name="Front door"), a_door(site, name="Back door"), a_door(annex, name="Gate")
    group = a_group("Course A")
    a_member(group, make_person("Grace Hopper", number="17"))
    page.reload()
    page.get_by_role("link", name="New timetable").click()
    page.get_by_label("Name").fill("Algebra")
    page.get_by_label("Site").select_option("Main building")
    expect(page.get_by_text("Times are those of Europe/Paris.")).to_be_visible()
    page.get_by_role("checkbox", name="Front door").check()
    for day in DAYS:
        page.get_by_role("checkbox", name=day).uncheck()
    page.get_by_label("from, break 1").fill("10:00")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Tick at least one day of the week.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Front door")).to_be_checked()
    expect(page.get_by_label("from, break 1")).to_have_value("10:00")
    page.get_by_label("until, break 1").fill("10:15")
    for day in DAYS:
        page.get_by_role("checkbox", name=day).check()
    page.get_by_role("checkbox", name="Half a day: was there for less than").check()
    page.get_by_text("Further rules").click()
    look_at(page, "schedule-form")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Algebra is saved.")).to_be_visible()
    algebra = Schedule.objects.get()
    assert (algebra.site, algebra.terms["half_day_below_s"], algebra.breaks) == (site, 14_400, [["10:00:00", "10:15:00"]])


def a_session_gives_way_to_a_lecture(page: Page, third: Session) -> None:
    page.get_by_role("button", name=f"Cancel Algebra on {third.local_date:%a %-d %b}").click()
    expect(page.get_by_text("is cancelled. It can be restored.")).to_be_visible()
    page.get_by_text("How presence is judged").click()
    look_at(page, "schedule")
    page.get_by_role("link", name="All schedules").click()
    page.get_by_role("link", name="New single lecture").click()
    page.get_by_label("Name").fill("Guest lecture")
    page.get_by_label("Site").select_option("Main building")
    page.get_by_label("Day", exact=True).fill(f"{third.local_date + timedelta(days=1)}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("Course A is already expected on")
    expect(page.get_by_label("Name")).to_have_value("Guest lecture")
    shoot(page, "schedule-conflict")
    page.get_by_label("Day", exact=True).fill(f"{third.local_date}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Guest lecture Course A")).to_be_visible()
    look_at(page, "schedules")


def a_holiday_is_entered(page: Page, day: date) -> None:
    page.get_by_role("link", name="Holidays").click()
    page.get_by_label("Name").fill("Founders' day")
    page.get_by_label("First day").fill(f"{day}")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("row", name="Founders' day")).to_contain_text("every site")
    look_at(page, "holidays")


def a_leave_is_entered(page: Page) -> None:
    page.get_by_role("link", name="Leave", exact=True).click()
    expect(page.get_by_text("Nobody is on leave now or later.")).to_be_visible()
    page.get_by_label("Who is away?").press_sequentially("Grace")
    page.get_by_role("radio", name="Grace Hopper").check()
    page.get_by_label("First day").fill(f"{timezone.localdate()}")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("Say why")).to_be_visible()
    expect(page.get_by_role("radio", name="Grace Hopper")).to_be_checked()
    page.get_by_label("Reason").fill("training")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("row", name="Grace Hopper")).to_contain_text("whole days")
    look_at(page, "leave")
    assert (Holiday.objects.get().name, Leave.objects.get().person.name) == ("Founders' day", "Grace Hopper")
