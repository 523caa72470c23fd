"""The pages of attendance, corrections and the audit, without a browser: who opens them, and what they say."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from server.accounts.models import User
from server.attendance.correction_models import Correction, ManualMark, ManualPass
from server.attendance.corrections import correction_request
from server.attendance.corrections_values import Changes
from server.attendance.publishing import person_days_publish
from server.attendance.rules.facts import State
from server.attendance.seal_models import Discrepancy, Seal
from server.audit.models import AuditEntry
from server.core.permissions import Role
from tests.factories import NOON, a_door, a_site, an_account
from tests.server.attendance.said import LATER, Class

pytestmark = pytest.mark.django_db
DAY = "2024-11-20"


def signed(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


def a_class() -> Class:
    """With its people, its session, a door, and what is published of them."""
    school = Class(a_site(name="Main", time_zone="Europe/Paris"))
    assert school.kim.memberships.exists()
    assert school.lee.memberships.exists()
    school.session.doors.add(a_door(school.site, name="Front"))
    person_days_publish(site=school.site, days=[school.session.local_date], people=None, why=frozenset(), now=LATER)
    return school


def pages(school: Class) -> dict[str, str]:
    session = f"/attendance/sessions/{school.session.uuid}/"
    return {
        "dates": f"/attendance/?site={school.site.uuid}&week={DAY}",
        "day": f"/attendance/{school.site.uuid}/{DAY}/",
        "session": session,
        "person": f"{session}?open={school.kim.uuid}",
        "roll": f"{session}roll-call/",
        "seal": f"/attendance/{school.site.uuid}/seal/?week={DAY}",
        "discrepancies": "/attendance/discrepancies/",
        "corrections": "/corrections/",
        "audit": "/audit/",
    }


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (Role.ADMIN, {}), (Role.OPERATOR, {"audit": 403}), (Role.MANAGER, {"audit": 403, "seal": 404}),
        (Role.VIEWER, {"audit": 403, "seal": 404, "roll": 404, "discrepancies": 403}), (Role.AUDITOR, {"seal": 404, "roll": 404}),
        (Role.SELF, {"audit": 403, "seal": 404, "roll": 404, "discrepancies": 403}),
    ],
)  # fmt: skip
def test_who_opens_which_page_and_sees_whom(role: Role, refused: dict[str, int]) -> None:
    school = a_class()
    account = {Role.MANAGER: school.teacher, Role.SELF: school.kims_account}.get(role) or an_account(role)
    client = signed(account)
    answers = {name: client.get(url) for name, url in pages(school).items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {name: refused.get(name, 200) for name in answers}
    said = answers["session"].content.decode()
    assert ("Kim" in said, "Lee" in said) == (True, role is not Role.SELF)
    person = answers["person"].content.decode()
    viewed = AuditEntry.objects.filter(action="person.viewed", person=school.kim.uuid, actor=account)
    assert viewed.exists() == (role is not Role.SELF)
    assert ("Mark present" in person) == (role in {Role.ADMIN, Role.OPERATOR, Role.MANAGER})
    assert ("Ask for a correction" in person) == (role is Role.SELF)
    assert all("private, no-store" in answer["Cache-Control"] for answer in answers.values() if answer.status_code == 200)


def test_strangers_and_other_people_find_nothing() -> None:
    school = a_class()
    for url in pages(school).values():
        assert Client().get(url)["Location"].startswith("/sign-in/")
    account = school.zoe.account
    assert account is not None
    zoe = signed(account)
    session = f"/attendance/sessions/{school.session.uuid}/"
    person = f"{session}people/{school.kim.uuid}/"
    assert zoe.get(session).status_code == 404
    for path in ("", "correct/", "mark/", "pass/", "mark/undo/", "pass/undo/"):
        call = zoe.get if not path else zoe.post
        assert call(person + path, {"state": "present", "reason": "x"}).status_code in {403, 404}, path
    admin = signed(an_account())
    for path in (f"/attendance/{school.site.uuid}/x/", f"/attendance/{school.site.uuid}/0001-01-01/", f"/attendance/{uuid4()}/{DAY}/"):
        assert admin.get(path).status_code == 404, path
    for query in ("?week=x", "?week=9999-12-31", "?week=0001-01-01", f"?site={uuid4()}", "?site=x"):
        assert admin.get(f"/attendance/{query}").status_code == 200, query
    assert admin.post(f"{person}mark/undo/", {"row": "x"}).status_code == 404
    assert admin.post(f"{person}mark/undo/", {"row": str(uuid4())}).status_code == 404


def test_the_week_and_the_day_count_and_lead_to_the_session() -> None:
    school = a_class()
    client = signed(school.teacher)
    client.post(f"/attendance/sessions/{school.session.uuid}/people/{school.kim.uuid}/mark/", {"state": "absent"})
    week, day = (client.get(pages(school)[name]).content.decode() for name in ("dates", "day"))
    assert "Wed 20 Nov" in week
    assert f'href="/attendance/{school.site.uuid}/{DAY}/"' in week
    assert "13:00–14:30" in day  # Paris
    assert f"?open={school.kim.uuid}#p-{school.kim.uuid}" in day
    assert "Nothing was planned" in client.get(f"/attendance/{school.site.uuid}/2024-11-21/").content.decode()
    Seal.objects.all().delete()


def test_the_week_is_read_in_a_fixed_number_of_queries(django_assert_max_num_queries: object) -> None:
    school = a_class()
    client = signed(school.teacher)
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        client.get(pages(school)["dates"])
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        client.get(pages(school)["day"])


def test_whoever_decides_corrects_at_once_and_others_ask() -> None:
    school = a_class()
    url = f"/attendance/sessions/{school.session.uuid}/people/{school.kim.uuid}/correct/"
    form = {"state": "present", "first_in": "2024-11-20T13:12:00", "last_out": "", "note": "", "reason": "she told me"}
    part = signed(school.teacher).post(url, form, headers={"HX-Request": "true"}).content.decode()
    assert "12 minutes late" in part
    assert "by hand" in part
    assert part.lstrip().startswith(f'<tbody id="p-{school.kim.uuid}">')
    row = Correction.objects.get()
    assert (row.state, row.to_first_in) == ("approved", NOON + timedelta(minutes=12))
    again = signed(school.teacher).post(url, {**form, "reason": ""}, headers={"HX-Request": "true"}).content.decode()
    assert "Say why; the reason is kept" in again
    own = signed(school.kims_account)
    answer = own.post(url, {**form, "state": "", "first_in": "2024-11-20T13:00:00", "reason": "I was in time"}, follow=True)
    assert "requested" in answer.content.decode().lower()
    assert Correction.objects.get(state="requested").to_first_in == NOON
    nonsense = own.post(url, {**form, "first_in": "noon"}, follow=True).content.decode()
    assert "Type a date and a time" in nonsense


def test_marks_passes_and_a_roll_call_are_made_and_undone() -> None:
    school = a_class()
    client, session = signed(school.teacher), f"/attendance/sessions/{school.session.uuid}/"
    person = f"{session}people/{school.kim.uuid}/"
    assert "excused by staff" in client.post(f"{person}mark/", {"state": "excused"}, follow=True).content.decode()
    row = ManualMark.objects.get()
    assert "<s>" in client.post(f"{person}mark/undo/", {"row": str(row.uuid)}, follow=True).content.decode()
    assert "Choose how the person was" in client.post(f"{person}mark/", {"state": "x"}, follow=True).content.decode()
    door = school.session.doors.get()
    passed = {"door": str(door.uuid), "way": "in", "at": "2024-11-20T13:01:00", "note": ""}
    assert "13:01:00 in at Front" in client.post(f"{person}pass/", passed, follow=True).content.decode()
    assert "Say when the person passed" in client.post(f"{person}pass/", {**passed, "at": ""}, follow=True).content.decode()
    client.post(f"{person}pass/undo/", {"row": str(ManualPass.objects.get().uuid)})
    assert ManualPass.objects.get().undone_at is not None
    assert 'value="present" checked' in client.get(f"{session}roll-call/?all").content.decode()
    said = {f"p-{school.kim.uuid}": "present", f"p-{school.lee.uuid}": "absent", f"p-{uuid4()}": "present"}
    assert "Undo 2 marks" in client.post(f"{session}roll-call/", said, follow=True).content.decode()
    batch = ManualMark.objects.filter(undone_at__isnull=True).values_list("batch", flat=True).distinct().get()
    assert "Undo 2 marks" not in client.post(f"{session}marks/{batch}/undo/", follow=True).content.decode()
    assert "Nobody is named" in client.post(f"{session}roll-call/", {}).content.decode()


def test_a_guest_is_marked_listed_and_taken_back() -> None:
    school = a_class()
    assert school.zoe.name == "Zoe"
    client, url = signed(an_account(Role.OPERATOR)), f"/attendance/sessions/{school.session.uuid}/guests/"
    assert "Zoe: present" in client.post(url, {"person": str(school.zoe.uuid), "note": "trial"}, follow=True).content.decode()
    undo = f"/attendance/sessions/{school.session.uuid}/people/{school.zoe.uuid}/mark/undo/"
    assert "Zoe: present" not in client.post(undo, {"row": str(ManualMark.objects.get().uuid)}, follow=True).content.decode()
    assert "Choose a person first" in client.post(url, {"person": "x"}, follow=True).content.decode()
    teacher = signed(school.teacher)
    assert "Choose a person first" in teacher.post(url, {"person": str(school.zoe.uuid)}, follow=True).content.decode()
    assert signed(school.kims_account).post(url, {"person": str(school.kim.uuid)}).status_code == 403


def test_the_queue_shows_the_diff_and_decides_about_one_or_many() -> None:
    school = a_class()
    for person, by in ((school.kim, school.kims_account), (school.lee, an_account())):
        correction_request(
            person=person,
            session=school.session,
            changes=Changes(state=State.PRESENT, first_in=NOON),
            reason="I was there",
            by=by,
            now=LATER,
        )
    client = signed(school.teacher)
    page = client.get("/corrections/").content.decode()
    assert page.count('name="correction"') == 2
    assert "state: not decided yet → present" in page or "state: not covered → present" in page
    first, second = Correction.objects.order_by("id")
    one = client.get(f"/corrections/{first.uuid}/").content.decode()
    assert "20 Nov 13:00:00" in one
    paper = SimpleUploadedFile("note.pdf", b"%PDF-1.4")
    kim = signed(school.kims_account)
    added = kim.post(f"/corrections/{first.uuid}/comment/", {"text": "see the note", "file": paper}, follow=True).content.decode()
    assert "note.pdf" in added
    assert "see the note" in added
    assert "This is about you" in added
    wrong = kim.post(f"/corrections/{first.uuid}/comment/", {"file": SimpleUploadedFile("x.pdf", b"<html>")}, follow=True)
    assert "Only PDF, PNG and JPEG" in wrong.content.decode()
    refused = client.post(f"/corrections/{first.uuid}/decide/", {"verdict": "reject"}, follow=True).content.decode()
    assert "Say why" in refused
    both = {"correction": [str(first.uuid), str(second.uuid)], "verdict": "approve", "reason": "checked"}
    client.post("/corrections/decide/", both)
    assert set(Correction.objects.values_list("state", flat=True)) == {"approved"}
    assert "by hand" in client.get(pages(school)["person"]).content.decode()
    again = client.post("/corrections/decide/", both, follow=True).content.decode()
    assert "Kim, " in again
    client.post(f"/corrections/{first.uuid}/decide/", {"verdict": "undo", "reason": "the wrong Kim"})
    assert Correction.objects.get(pk=first.pk).state == "undone"
    assert "Tick the requests" in client.post("/corrections/decide/", {"correction": "x"}, follow=True).content.decode()
    assert kim.post("/corrections/decide/", both).status_code == 403
    assert signed(an_account(Role.AUDITOR)).post(f"/corrections/{second.uuid}/decide/", {"verdict": "approve"}).status_code == 403


def test_a_request_is_withdrawn_by_whoever_made_it() -> None:
    school = a_class()
    row = correction_request(
        person=school.kim, session=school.session, changes=Changes(note="ill"), reason="x", by=school.kims_account, now=LATER
    )
    assert "Only who requested" in signed(school.teacher).post(f"/corrections/{row.uuid}/withdraw/", follow=True).content.decode()
    assert "Withdrawn" in signed(school.kims_account).post(f"/corrections/{row.uuid}/withdraw/", follow=True).content.decode()


def test_a_week_is_sealed_and_lifted_and_discrepancies_are_acknowledged() -> None:
    school = a_class()
    operator, admin = signed(an_account(Role.OPERATOR)), signed(an_account())
    url = pages(school)["seal"]
    days = {"first_day": "2024-11-18", "last_day": "2024-11-24", "note": "paid"}
    assert "not decided" in operator.get(url).content.decode()
    assert operator.post(url, {**days, "last_day": "x"}).status_code == 400
    assert "settle them first" in operator.post(url, days).content.decode()
    page = operator.post(url, {**days, "unsettled_too": "on"}, follow=True).content.decode()
    assert "18 Nov 2024 – 24 Nov 2024" in page
    assert "Lift this seal" not in page
    assert "This day is sealed" in operator.get(pages(school)["session"]).content.decode()
    seal = Seal.objects.get()
    assert operator.post(f"/attendance/seals/{seal.uuid}/lift/", {"reason": "x"}).status_code == 403
    row = Discrepancy.objects.create(
        subject="session", key="1:1", person=school.kim, site=school.site, local_date=DAY, published={"state": "absent"},
        derived={"state": "present", "first_in": NOON.isoformat()}, found_at=LATER,
    )  # fmt: skip
    assert "1 discrepancy contradicts" in admin.get(pages(school)["dates"]).content.decode()
    told = operator.get("/attendance/discrepancies/").content.decode()
    assert "state: absent → present" in told
    assert "first in: – → 20 Nov 13:00:00" in told
    operator.post(f"/attendance/discrepancies/{row.uuid}/", {"note": "known"})
    assert "known" in admin.get("/attendance/discrepancies/?state=acknowledged").content.decode()
    assert "acknowledged it already" in operator.post(f"/attendance/discrepancies/{row.uuid}/", follow=True).content.decode()
    assert "Lift this seal" in admin.get(pages(school)["dates"]).content.decode()
    assert "Say why" in admin.post(f"/attendance/seals/{seal.uuid}/lift/", follow=True).content.decode()
    assert (
        "No day of this week is sealed" in admin.post(f"/attendance/seals/{seal.uuid}/lift/", {"reason": "x"}, follow=True).content.decode()
    )


def test_the_audit_is_filtered_and_says_what_is_wrong_with_a_filter() -> None:
    school = a_class()
    signed(school.teacher).post(f"/attendance/sessions/{school.session.uuid}/people/{school.kim.uuid}/mark/", {"state": "absent"})
    auditor = signed(an_account(Role.AUDITOR))
    page = auditor.get("/audit/").content.decode()
    assert "mark.made" in page
    assert "Kim" in page
    assert "No entry fits" in auditor.get("/audit/?action=seal.").content.decode()
    assert "mark.made" in auditor.get(f"/audit/?person={school.kim.uuid}&actor_name={school.teacher.username}").content.decode()
    assert 'role="alert"' in auditor.get("/audit/?since=yesterday").content.decode()


def test_today_tells_how_the_sessions_that_have_begun_go_and_says_nothing_of_others() -> None:
    school = a_class()
    with time_machine.travel(school.session.begins_at - timedelta(days=1), tick=False):
        assert "Expected today" not in signed(an_account(Role.OPERATOR)).get("/").content.decode()
    with time_machine.travel(school.session.ends_at, tick=False):
        page = signed(an_account(Role.OPERATOR)).get("/").content.decode()
        assert f"/attendance/sessions/{school.session.uuid}/" in page.split("Expected today")[1]
        assert "Expected today" not in signed(an_account(Role.MANAGER)).get("/").content.decode()
