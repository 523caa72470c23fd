"""Corrections over the API: what they answer, and who may do what."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.correction_models import Correction, CorrectionAttachment
from server.audit.models import AuditEntry
from server.core import objects
from server.core.permissions import Role
from tests.factories import NOON, a_group, a_member, a_person, a_session, as_role
from tests.server.attendance.said import Class, client_of

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"
URL = "/api/v1/corrections"


def wish(school: Class, **values: object) -> dict[str, object]:
    defaults = {"person": str(school.kim.uuid), "session": str(school.session.uuid), "state": "present", "reason": "I was there"}
    return {**defaults, **values}


def asked(school: Class, role: Role = Role.SELF, **values: object) -> dict[str, Any]:
    answer = school.client(role).post(URL, wish(school, **values), format="json")
    assert answer.status_code == 201, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_a_person_asks_and_the_teacher_approves_the_version_that_was_read() -> None:
    school = Class()
    school.record(school.kim)
    told = asked(school, first_in=NOON.isoformat())
    assert next((field["name"], field["now"], field["after"]) for field in told["diff"]["differences"]) == ("state", "absent", "present")
    one, teacher = f"{URL}/{told['id']}", school.client(Role.MANAGER)
    tag = teacher.get(one)["ETag"]
    assert teacher.post(f"{one}/approve", {}, format="json", headers={"If-Match": '"7"'}).status_code == 412
    answer = teacher.post(f"{one}/approve", {"reason": "true"}, format="json", headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["state"], answer.json()["approval"], answer["ETag"]) == (200, "approved", 1, '"2"')
    again = teacher.post(f"{one}/approve", {}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "decided_already")
    undone = teacher.post(f"{one}/undo", {"reason": "the other Kim"}, format="json")
    assert (undone.json()["state"], undone.json()["comments"][0]["text"]) == ("undone", "Undone: the other Kim")


def test_a_person_withdraws_and_comments_on_their_own_request_alone() -> None:
    school = Class()
    told = asked(school)
    kim, zoe = school.client(Role.SELF), client_of(school.zoe.account)  # type: ignore[arg-type]
    one = f"{URL}/{told['id']}"
    for path, body in (("", None), ("/withdraw", {}), ("/comments", {"text": "hello"})):
        call = zoe.get if body is None else zoe.post
        assert call(one + path, body, format="json").status_code == 404
    assert kim.post(f"{one}/comments", {"text": " "}, format="json").status_code == 400
    assert kim.post(f"{one}/comments", {"text": "please"}, format="json").status_code == 201
    assert kim.post(f"{one}/withdraw").json()["state"] == "withdrawn"
    assert kim.post(f"{one}/withdraw").status_code == 409
    assert kim.post(URL, wish(school, person=str(school.lee.uuid)), format="json").status_code == 404
    assert zoe.post(URL, wish(school, person=str(school.zoe.uuid)), format="json").status_code == 404  # not a session of hers


def test_a_teacher_decides_only_where_both_the_person_and_the_session_are_led() -> None:
    school = Class()
    other = a_group()
    a_member(other, school.kim)
    school.session = a_session(school.site, other)  # Kim's, but of a class that the teacher does not lead
    told = asked(school)
    one, teacher = f"{URL}/{told['id']}", school.client(Role.MANAGER)
    assert teacher.get(one).status_code == 200
    assert teacher.post(f"{one}/approve", {}, format="json").status_code == 404
    assert teacher.post(f"{URL}/approve", {"corrections": [told["id"]]}, format="json").status_code == 404
    assert Correction.objects.get().state == "requested"
    ada = a_member(other, a_person(account=school.teacher))  # even where the teacher belongs to that class
    body = wish(school, person=str(a_member(other, school.lee).uuid), at_once=True)
    assert teacher.post(URL, body, format="json").status_code == 403
    assert teacher.post("/api/v1/marks", body, format="json").status_code == 404
    assert asked(school, Role.MANAGER, person=str(ada.uuid))["state"] == "requested"


def test_staff_correct_at_once_and_others_cannot() -> None:
    school = Class()
    answer = school.client(Role.SELF).post(URL, wish(school, at_once=True), format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "cannot_decide")
    assert asked(school, Role.MANAGER, at_once=True)["state"] == "approved"


def test_many_are_approved_or_none() -> None:
    school = Class()
    ids = [asked(school)["id"], asked(school, Role.MANAGER, person=str(school.lee.uuid))["id"]]
    answer = school.client(Role.MANAGER).post(f"{URL}/approve", {"corrections": ids}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_all")
    assert answer.json()["errors"] == {ids[1]: ["You made this request yourself, so somebody else decides; you can withdraw it."]}
    operator = as_role(Role.OPERATOR)
    assert operator.post(f"{URL}/reject", {"corrections": ids}, format="json").status_code == 400  # without a reason
    lost = operator.post(f"{URL}/approve", {"corrections": [*ids, str(uuid4())]}, format="json")
    assert (lost.status_code, len(lost.json()["errors"])) == (404, 1)
    told = operator.post(f"{URL}/approve", {"corrections": ids, "reason": "checked"}, format="json").json()
    assert [(row["state"], row["approval"]) for row in told] == [("approved", 1), ("approved", 2)]


@pytest.mark.parametrize(
    ("role", "see", "ask", "decide"),
    [
        (Role.ADMIN, 200, 201, 200), (Role.OPERATOR, 200, 201, 200), (Role.MANAGER, 200, 201, 200), (Role.VIEWER, 200, 403, 403),
        (Role.AUDITOR, 200, 403, 403), (Role.SELF, 200, 201, 403), (None, 401, 401, 401),
    ],
)  # fmt: skip
def test_who_sees_asks_and_decides(role: Role | None, see: int, ask: int, decide: int) -> None:
    school = Class()
    waiting = asked(school)
    client = as_role(None) if role is None else school.client(role)
    one = f"{URL}/{waiting['id']}"
    assert (client.get(URL).status_code, client.get(one).status_code) == (see, see)
    about = school.kim if role is Role.SELF else school.lee
    if role is Role.SELF:
        Correction.objects.all().delete()
        waiting = asked(school, Role.OPERATOR)
        one = f"{URL}/{waiting['id']}"
        Correction.objects.update(state="rejected")
    assert client.post(URL, wish(school, person=str(about.uuid)), format="json").status_code == ask
    Correction.objects.filter(uuid=waiting["id"]).update(state="requested")
    for path in ("undo", "reject", "approve"):
        expected = 409 if path == "undo" and decide == 200 else 400 if path == "reject" and decide == 200 else decide
        assert client.post(f"{one}/{path}", {"reason": "" if path == "reject" else "x"}, format="json").status_code == expected


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"reason": "x"}, {"state": "sideways"}, {"state": "present", "reason": ""}, {"first_in": "noon"},
        {"first_in": "0001-01-01T00:00:00Z"}, {"person": "x"}, {"session": "7"}, {"note": "\x00"},
        {"state": "absent", "last_out": NOON.isoformat()}, {"state": None},
    ],
)  # fmt: skip
def test_garbage_is_refused_in_words(body: Any) -> None:
    school = Class()
    sent = {**wish(school), **body} if isinstance(body, dict) and body and "reason" not in body else body
    answer = as_role(Role.ADMIN).post(URL, sent, format="json")
    assert answer.status_code in {400, 422}, answer.content
    assert answer.json()["detail"]
    assert not Correction.objects.exists()
    for path in ("", "/approve", "/reject", "/undo", "/withdraw", "/comments"):
        call = as_role(Role.ADMIN).get if path == "" else as_role(Role.ADMIN).post
        assert call(f"{URL}/{uuid4()}{path}", {"reason": "x", "text": "x"}, format="json").status_code == 404


def test_the_list_is_filtered_answered_as_csv_and_read_in_a_fixed_number_of_queries() -> None:
    school = Class()
    admin = as_role(Role.ADMIN)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(URL).status_code == 200
        return len(captured)

    asked(school)
    few = queries()
    for _ in range(3):
        asked(school, Role.OPERATOR, person=str(a_member(school.group).uuid))
    assert queries() == few
    for query, found in ((f"person={school.kim.uuid}", 1), ("state=approved", 0), (f"session={school.session.uuid}", 4), ("state=x", None)):
        answer = admin.get(f"{URL}?{query}")
        assert (len(answer.json()["results"]) if found is not None else answer.status_code) == (400 if found is None else found)
    lines = admin.get(f"{URL}?format=csv").content.decode().splitlines()
    assert (len(lines), lines[0].split(",")[:3]) == (5, ["date", "session", "person"])


def paper(content: bytes = PDF, name: str = "note.pdf") -> dict[str, object]:
    return {"file": SimpleUploadedFile(name, content)}


def test_a_paper_is_kept_encrypted_and_handed_out_as_a_download() -> None:
    school = Class()
    one = f"{URL}/{asked(school)['id']}"
    told = school.client(Role.SELF).post(f"{one}/attachments", paper(name="Ärztin*.pdf"), format="multipart")
    assert (told.status_code, told.json()["media_type"], told.json()["size_bytes"]) == (201, "application/pdf", len(PDF))
    row = CorrectionAttachment.objects.get()
    stored = objects.current().get(row.object_key)
    assert stored is not None
    assert PDF not in stored
    for accept in ("*/*", "application/pdf", "application/json"):
        answer = school.client(Role.MANAGER).get(f"{one}/attachments/{row.uuid}", headers={"Accept": accept})
        assert (answer.content, answer["Content-Type"], answer["X-Content-Type-Options"]) == (PDF, "application/pdf", "nosniff")
        assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''%C3%84rztin_")
    assert AuditEntry.objects.filter(action="correction.attached", person=school.kim.uuid).count() == 1
    assert AuditEntry.objects.filter(action="correction.paper_opened", actor=school.teacher).count() == 3
    for role, status in ((Role.AUDITOR, 200), (Role.VIEWER, 403), (Role.SELF, 200)):
        assert school.client(role).get(f"{one}/attachments/{row.uuid}").status_code == status
    assert not AuditEntry.objects.filter(action="correction.paper_opened", actor=school.kims_account).exists()
    assert client_of(school.zoe.account).get(f"{one}/attachments/{row.uuid}").status_code == 404  # type: ignore[arg-type]
    assert school.client(Role.AUDITOR).post(f"{one}/attachments", paper(), format="multipart").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), (paper(b""), 400), (paper(b"<html>", "x.pdf"), 422), (paper(b"GIF89a", "x.png"), 422),
        (paper(b"PK\x03\x04", "x.jpg"), 422),
        (paper(PDF + b"x" * 5_000_000), 413),
    ],
)  # fmt: skip
def test_what_is_no_paper_is_not_kept(body: dict[str, object], status: int) -> None:
    school = Class()
    answer = school.client(Role.SELF).post(f"{URL}/{asked(school)['id']}/attachments", body, format="multipart")
    assert answer.status_code == status, answer.content
    assert not CorrectionAttachment.objects.exists()


def test_a_decided_request_takes_no_more_papers_and_leaves_nothing_in_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    school = Class()
    told = asked(school)
    Correction.objects.update(state="rejected")
    kept: dict[str, bytes] = {}

    class Noted:
        def put(self, key: str, data: bytes) -> None:
            kept[key] = data

        def get(self, key: str) -> bytes | None:
            return kept.get(key)

        def delete(self, key: str) -> None:
            del kept[key]

    monkeypatch.setattr(objects, "current", Noted)
    assert school.client(Role.SELF).post(f"{URL}/{told['id']}/attachments", paper(), format="multipart").status_code == 409
    assert kept == {}
