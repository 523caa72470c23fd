from datetime import timedelta

import pytest

from server.accounts.models import User
from server.attendance.correction_models import ManualPass
from server.core.permissions import Role
from server.recompute.models import Mark
from tests.factories import NOON, a_door, a_group, a_member, a_person, a_session, a_site
from tests.factories_attendance import a_record, a_visit, an_area
from tests.server.web.signed_in import signed_in

pytestmark = pytest.mark.django_db
LATE = "/reports/?kind=late&from=2024-11-20"


def text(answer: object) -> str:
    return " ".join(getattr(answer, "content", b"").decode().split())


def test_a_report_is_shown_with_a_download_in_every_format() -> None:
    a_record(a_person("Ann <b>"), a_session(name="Warp"), late_by_s=720)
    browser = signed_in()
    page = text(browser.get(LATE))
    assert "Ann &lt;b&gt;" in page
    assert "12 min" in page
    for form in ("csv", "xlsx", "pdf", "docx"):
        assert f"/api/v1/reports/late?format={form}&amp;from=2024-11-20" in page
    assert browser.get("/api/v1/reports/late?format=pdf&from=2024-11-20").content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("query", "words", "status"),
    [
        ("kind=day&from=2024-11-20", "This report needs site.", 422),
        ("kind=late&from=soon", "`from` is a day like 2026-01-31.", 422),
        ("kind=weather&from=2024-11-20", "Choose one of these reports.", 404),
        ("kind=person&from=2024-11-20&who=Nobody", "Nobody here is called “Nobody”", 422),
        ("kind=person&from=2024-11-20&who=An", "More than one person is called “An”", 422),
        ("kind=group&from=2024-11-20&group=7", "is the id (a UUID) of a group", 422),
        ("kind=late&from=2024-11-20", "There is nothing in this period.", 200),
        ("", "Choose a report and its days", 200),
    ],
)
def test_a_page_of_reports_says_what_to_do(query: str, words: str, status: int) -> None:
    a_person("Ann"), a_person("Anton")
    answer = signed_in().get(f"/reports/?{query}")
    assert answer.status_code == status
    assert words in answer.content.decode().replace("&#x27;", "'")


def test_managers_choose_among_their_own_groups_and_people() -> None:
    browser = signed_in(Role.MANAGER)
    own, other = a_group("Weavers"), a_group("Dyers")
    own.managers.add(User.objects.get(role=Role.MANAGER))
    a_record(a_member(own, a_person("Ann")), late_by_s=60)
    a_record(a_member(other, a_person("Bob")), late_by_s=60)
    page = text(browser.get(LATE))
    assert "Weavers" in page
    assert "Dyers" not in page
    assert "Bob" not in page
    assert browser.get(f"{LATE}&who=Bob").status_code == 422
    visits = text(browser.get("/visits/"))
    assert "Nobody has passed" in visits or "There is no area yet" in visits


def test_visits_are_filtered_and_open_ones_are_called_errors() -> None:
    area = an_area(a_site(name="Mill", time_zone="Asia/Kolkata"), name="Server room")
    a_visit(a_person("Ann"), area, minutes=150)
    a_visit(a_person("Bob", number="7"), area, at=NOON + timedelta(days=1), minutes=None)
    browser = signed_in()
    page = text(browser.get("/visits/"))
    assert "20 Nov 2024 17:30" in page
    assert "2:30" in page
    assert "1 open: not seen leaving" in page
    for query, there, missing in (("open=1", "Bob", "Ann"), ("who=7", "Bob", "Ann"), ("to=2024-11-20", "Ann", "Bob"),
                                  (f"area={area.uuid}&who=ann", "Ann", "Bob")):  # fmt: skip
        page = text(browser.get(f"/visits/?{query}"))
        assert f'<th scope="row">{there}</th>' in page, query
        assert f'<th scope="row">{missing}</th>' not in page, query
    assert "No visit is like that" in text(browser.get("/visits/?area=7"))
    assert browser.get("/visits/?from=x").status_code == 422
    assert browser.get("/visits/?who=Zoe").status_code == 422
    assert browser.get("/visits/?page=x").status_code == 200


def test_the_exit_that_nobody_saw_is_entered_on_the_clock_of_the_site() -> None:
    site = a_site(time_zone="Asia/Kolkata")
    door = a_door(site, direction="both")
    visit = a_visit(a_person("Ann"), an_area(site, door), minutes=None)
    browser, url = signed_in(), f"/visits/{visit.uuid}/pass/"
    said = {"door": str(door.uuid), "way": "out", "at": "2024-11-20T18:45", "note": "by the badge", "back_open": "1"}
    elsewhere = {**said, "door": str(a_door().uuid)}
    for garbage in ({}, {**said, "at": "soon"}, elsewhere, {**said, "at": "2199-01-01T00:00"}, {**said, "way": "up"}):
        assert 'role="alert"' in text(browser.post(url, garbage, follow=True))
    assert not ManualPass.objects.exists()
    answer = browser.post(url, said, follow=True)
    assert answer.redirect_chain == [("/visits/?open=1", 302)]
    assert "The exit of Ann is entered." in text(answer)
    assert ManualPass.objects.get().at == NOON + timedelta(hours=1, minutes=15)
    assert Mark.objects.filter(kind="person_day").exists()
    assert "entered already" in text(browser.post(url, said, follow=True))


def test_who_may_look_may_not_always_enter() -> None:
    visit = a_visit(a_person("Ann"), minutes=None)
    for role in (Role.VIEWER, Role.AUDITOR):
        browser = signed_in(role)
        assert "Enter the exit" not in text(browser.get("/visits/"))
        assert browser.post(f"/visits/{visit.uuid}/pass/", {}).status_code == 403
    manager = signed_in(Role.MANAGER)
    assert "Ann" not in text(manager.get("/visits/"))
    assert manager.post(f"/visits/{visit.uuid}/pass/", {}).status_code == 404
