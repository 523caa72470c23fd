"""Reports as files: what is in them is read back by other programs than those that wrote them."""

import io
from datetime import datetime, timedelta

import pytest
from docx import Document
from openpyxl import load_workbook
from pypdf import PdfReader

from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.core.permissions import Role
from server.people.models import Person
from server.reports import paper, rows
from server.reports.tables import Kind
from tests.factories import NOON, a_group, a_member, a_person, a_session, a_site, as_role
from tests.factories_attendance import a_record

DAY = "2024-11-20"
UNICODE = "Łucja Ωμέγα Đặng Жук"


def file(kind: Kind, form: str, **query: object) -> bytes:
    given = {"from": DAY, "format": form, **{name: str(value) for name, value in query.items()}}
    answer = as_role(Role.VIEWER).get(f"/api/v1/reports/{kind}", given)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Disposition"].endswith(f'.{form}"')
    return bytes(answer.content)


@pytest.mark.django_db
def test_a_spreadsheet_has_real_dates_times_and_durations_and_no_formula() -> None:
    evil = '=HYPERLINK("http://example.org","x")'
    a_record(a_person(evil, number="+1"), a_session(a_site(time_zone="Asia/Kolkata"), name="@Warp"), late_by_s=600)
    book = load_workbook(io.BytesIO(file(Kind.LATE, "xlsx")))
    sheet = book.active
    assert sheet is not None
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    heading = next(number for number, line in enumerate(lines) if line[0] == "Date")
    told = dict(zip(lines[heading], lines[heading + 1], strict=True))
    assert told["Date"] == datetime(2024, 11, 20)  # noqa: DTZ001 (a spreadsheet knows no zones)
    assert told["First in"] == datetime(2024, 11, 20, 17, 30)  # noqa: DTZ001
    assert (told["Person"], told["Number"], told["Session"]) == (f"'{evil}", "'+1", "'@Warp")
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sheet.freeze_panes == f"B{heading + 2}"
    hours = load_workbook(io.BytesIO(file(Kind.HOURS, "xlsx"))).active
    assert hours is not None
    assert timedelta(hours=1, minutes=30) in {cell.value for row in hours.iter_rows() for cell in row}
    text = file(Kind.LATE, "csv").decode()
    assert f'"\'{evil.replace(chr(34), chr(34) * 2)}"' in text
    assert "2024-11-20T17:30:00+05:30" in text


@pytest.mark.django_db
def test_a_pdf_writes_every_name_repeats_the_headings_and_numbers_the_pages() -> None:
    site = a_site()
    session, long_name = a_session(site, name="Warp <b>& weft"), "Wolfeschlegelsteinhausenbergerdorff " * 5
    a_record(a_person(UNICODE), session)
    a_record(a_person(long_name), session, note="first\nsecond\x0b\x01")
    for number in range(80):
        a_record(a_person(f"Person {number:03}"), session)
    pages = PdfReader(io.BytesIO(file(Kind.DAY, "pdf", site=site.uuid))).pages
    texts = [page.extract_text() for page in pages]
    assert len(texts) > 1
    for number, text in enumerate(texts, start=1):
        assert {"Session", "Attendance", "Remarks"} <= set(text.split())
        assert f"page {number} of {len(texts)}" in text
    whole = "".join(texts)
    assert UNICODE.replace(" ", "") in whole.replace(" ", "").replace("\n", "")
    assert "".join(long_name.split()) in "".join(whole.split())
    assert "Warp <b>& weft" in whole
    assert "Person 079" in whole


@pytest.mark.django_db
def test_the_monthly_sheet_is_a_letter_to_sign() -> None:
    group = a_group(f"Weavers {UNICODE}")
    a_record(a_member(group, a_person(UNICODE)), a_session(group=group))
    letter = Document(io.BytesIO(file(Kind.MONTHLY, "docx", group=group.uuid, to="2024-11-30")))
    table = letter.tables[0]
    assert [cell.text for cell in table.rows[1].cells][:3] == [UNICODE, "", "P"]
    assert "tblHeader" in table.rows[0]._tr.xml
    paragraphs = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    assert f"Weavers {UNICODE}" in paragraphs
    assert "Responsible ____" in paragraphs
    signed = PdfReader(io.BytesIO(file(Kind.MONTHLY, "pdf", group=group.uuid))).pages[0].extract_text()
    assert "Responsible" in signed


@pytest.mark.django_db
def test_too_many_rows_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        a_record(late_by_s=600)
    monkeypatch.setattr(paper, "MAX_ROWS", 2)
    client = as_role(Role.ADMIN)
    refused = client.get("/api/v1/reports/late", {"from": DAY, "format": "pdf"})
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_rows")
    assert "take XLSX or CSV" in refused.json()["detail"]
    assert client.get("/api/v1/reports/late", {"from": DAY, "format": "xlsx"}).status_code == 200
    monkeypatch.setattr(rows, "MAX_ROWS", 2)
    assert client.get("/api/v1/reports/late", {"from": DAY, "format": "xlsx"}).status_code == 422


@pytest.mark.slow
@pytest.mark.django_db
def test_5000_rows_are_a_report_in_every_format_that_holds_them() -> None:
    session = a_session()
    people = Person.objects.bulk_create(Person(name=f"{UNICODE} {number:04}") for number in range(5_000))
    late = {"session": session, "local_date": session.local_date, "state": State.PRESENT, "decided": True, "changed_at": NOON}
    AttendanceRecord.objects.bulk_create(AttendanceRecord(person=person, late_by_s=600, first_in=NOON, **late) for person in people)
    assert len(file(Kind.LATE, "csv").splitlines()) == 5_001
    sheet = load_workbook(io.BytesIO(file(Kind.LATE, "xlsx")), read_only=True).active
    assert sheet is not None
    assert sum(1 for _ in sheet.iter_rows()) > 5_000
    pages = PdfReader(io.BytesIO(file(Kind.LATE, "pdf"))).pages
    assert f"{UNICODE} 4999" in " ".join(pages[-1].extract_text().split())
    answer = as_role(Role.ADMIN).get("/api/v1/reports/late", {"from": DAY, "format": "docx"})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
