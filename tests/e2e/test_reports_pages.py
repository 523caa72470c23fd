"""Reports and visits in a real browser: looked at, downloaded, and a forgotten exit entered."""

import io
from datetime import timedelta
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from server.attendance.models import VisitRow
from server.recompute.services import work_off
from tests.e2e.pages import IN_A_BROWSER, look_at, shoot
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_person, a_session, a_site
from tests.factories_attendance import a_record, an_area

pytestmark = IN_A_BROWSER


def downloaded(page: Page, label: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=label).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_a_report_is_looked_at_and_downloaded_in_every_format(page: Page) -> None:
    site, group = a_site(name="Main building", time_zone="Europe/Paris"), a_group("Course A")
    door = a_door(site, name="Front door", direction="in")
    lecture = a_session(site, group, name="Algebra", doors=[door])
    grace, long_name = a_member(group, a_person("Grace Hopper", number="17")), a_member(group, a_person("Łucja " + "Ωμέγα" * 12))
    a_record(grace, lecture, late_by_s=720, late_uncertain=True, first_in=NOON + timedelta(minutes=12))
    a_record(long_name, lecture, late_by_s=60)
    page.get_by_role("link", name="Reports").click()
    expect(page.get_by_text("Choose a report and its days")).to_be_visible()
    page.get_by_label("Report", exact=True).select_option(label="Monthly sheet of a group, to sign")
    page.get_by_label("From").fill("2024-11-01")
    page.get_by_label("To, included").fill("2024-11-30")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_have_text("This report needs group.")
    page.get_by_label("Group").select_option(label="Course A")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Attendance sheet of Course A")).to_be_visible()
    look_at(page, "report-monthly")
    name, letter = downloaded(page, "Word (DOCX)")
    assert (name, letter[:2]) == ("lintel-monthly-2024-11-01-2024-11-30.docx", b"PK")
    page.get_by_label("Report", exact=True).select_option(label="Late and early")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("cell", name="12 min, not certain: Front door was not looked at 12:30–13:12")).to_be_visible()
    shoot(page, "report-late")
    name, sheet = downloaded(page, "Excel (XLSX)")
    assert name == "lintel-late-2024-11-01-2024-11-30.xlsx"
    book = load_workbook(io.BytesIO(sheet)).active
    assert book is not None
    assert "Grace Hopper" in {cell.value for row in book.iter_rows() for cell in row}
    assert "Łucja" in PdfReader(io.BytesIO(downloaded(page, "PDF")[1])).pages[0].extract_text()
    assert "Grace Hopper" in downloaded(page, "CSV")[1].decode()


def test_an_open_visit_is_found_and_its_exit_entered(page: Page) -> None:
    site = a_site(name="Main building", time_zone="Europe/Paris")
    door = a_door(site, name="Server room door", direction="both")
    an_area(site, door, name="Server room")
    node, grace = FakeNode.hung(door), a_person("Grace Hopper")
    node.send(node.sighting(person=grace, at=NOON))
    work_off()
    assert VisitRow.objects.get().state == "open"
    page.get_by_role("link", name="Visits").click()
    page.get_by_role("link", name="1 open: not seen leaving").click()
    row = page.get_by_role("row", name="Grace Hopper")
    expect(row.get_by_text("open: not seen leaving")).to_be_visible()
    row.get_by_text("Enter the exit").click()
    look_at(page, "visits-open")
    row.get_by_label("When (Europe/Paris)").fill("2024-11-20T14:30")
    row.get_by_label("Note").fill("badge of the cabinet")
    row.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("status")).to_contain_text("The exit of Grace Hopper is entered.")
    work_off()
    page.get_by_role("link", name="Show all").first.click()
    expect(page.get_by_role("row", name="Grace Hopper").get_by_role("cell", name="1:30")).to_be_visible()
    look_at(page, "visits")
