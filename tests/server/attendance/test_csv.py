import csv
import io
from datetime import timedelta

import pytest

from server.attendance.apis import OpenDaysApi
from server.attendance.columns import OPEN_DAY_COLUMNS
from server.core.permissions import Role
from server.recompute.services import work_off
from tests.factories import NOON, FakeNode, a_door, a_person, a_site, as_role

URL = "/api/v1/open-days"
COLUMNS = tuple(heading for heading, _ in OPEN_DAY_COLUMNS)


def rows(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))


def seen(name: str, *, days: int = 1) -> FakeNode:
    node, person = FakeNode.hung(a_door(a_site(name="Mill", time_zone="Asia/Kolkata"))), a_person(name, number="-7")
    node.send(*(node.sighting(person=person, at=NOON + timedelta(days=day)) for day in range(days)))
    work_off()
    return node


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv")])
def test_open_days_come_as_csv_when_asked(query: str, accept: str) -> None:
    seen("Ann, the first", days=2)
    answer = as_role(Role.OPERATOR).get(URL + query, HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == 'attachment; filename="open-days.csv"'
    first, second = rows(answer.content)
    assert tuple(first) == COLUMNS
    assert (first["person"], first["number"], first["site"], first["sightings"]) == ("Ann, the first", "'-7", "Mill", "1")
    assert (first["date"], second["date"]) == ("2024-11-20", "2024-11-21")
    assert first["first_seen"] == "2024-11-20T17:30:00+05:30"


@pytest.mark.django_db
def test_the_filters_hold_for_csv_and_nothing_found_is_the_heading_alone() -> None:
    seen("Ann", days=3)
    client = as_role(Role.ADMIN)
    assert len(rows(client.get(f"{URL}?format=csv&from=2024-11-21").content)) == 2
    assert client.get(f"{URL}?format=csv&date=1999-01-01").content.decode().splitlines() == [",".join(COLUMNS)]


@pytest.mark.django_db
def test_a_refusal_is_a_problem_for_who_asks_for_csv_too() -> None:
    for client, query, status in ((as_role(None), "", 401), (as_role(Role.ADMIN), "&date=today", 400)):
        answer = client.get(f"{URL}?format=csv{query}")
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status


@pytest.mark.django_db
def test_too_many_rows_are_refused_instead_of_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenDaysApi, "csv_max_rows", 1)
    seen("Ann", days=2)
    answer = as_role(Role.ADMIN).get(f"{URL}?format=csv")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
    assert as_role(Role.ADMIN).get(f"{URL}?format=csv&date=2024-11-20").status_code == 200


@pytest.mark.django_db
def test_a_viewer_gets_nobody_elses_rows() -> None:
    seen("Ann")
    assert rows(as_role(Role.SELF).get(f"{URL}?format=csv").content) == []


@pytest.mark.django_db
def test_a_person_named_like_a_formula_is_text_in_the_sheet() -> None:
    seen('=HYPERLINK("http://example.org")')
    assert rows(as_role(Role.ADMIN).get(f"{URL}?format=csv").content)[0]["person"] == '\'=HYPERLINK("http://example.org")'
