"""The audit: read by few, changed by nobody."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from server.audit.models import AuditEntry
from server.audit.services import Target, audit_note
from server.core.permissions import Role
from tests.factories import NOON, an_account, as_role
from tests.factories_people import make_account

pytestmark = pytest.mark.django_db
URL = "/api/v1/audit"


def test_entries_are_read_filtered_and_answered_as_csv() -> None:
    ada, thing, person = an_account(), uuid4(), uuid4()
    audit_note(by=ada, action="correction.approved", target=Target("correction", thing, person), reason="=seen", now=NOON)
    audit_note(by=None, action="export.made", target=Target("export"), after={"rows": 3}, now=NOON + timedelta(hours=1))
    auditor = as_role(Role.AUDITOR)
    told = auditor.get(URL).json()["results"]
    assert [(row["action"], row["actor"], row["actor_name"]) for row in told] == [
        ("export.made", None, ""),
        ("correction.approved", str(ada.uuid), ada.username),
    ]
    assert auditor.get(f"{URL}/{told[0]['id']}").json()["after"] == {"rows": 3}
    for query, found in (
        (f"actor={ada.uuid}", 1), (f"actor_name={ada.username}", 1), ("action=correction.", 1), ("action=correction", 0),
        ("action=export.made", 1), (f"target={thing}", 1), ("target_kind=export", 1), (f"person={person}", 1), (f"person={uuid4()}", 0),
        ("since=2024-11-20T13:00:00Z", 1), ("until=2024-11-20T13:00:00Z", 1), ("until=2024-11-20T12:00:00Z", 0),
    ):  # fmt: skip
        assert len(auditor.get(f"{URL}?{query}").json()["results"]) == found, query
    for query in ("actor=x", "since=yesterday", "target=1"):
        assert auditor.get(f"{URL}?{query}").status_code == 400, query
    lines = auditor.get(f"{URL}?format=csv").content.decode().splitlines()
    assert (len(lines), "'=seen" in lines[2], '{""rows"": 3}' in lines[1]) == (3, True, True)
    ada.delete()
    assert auditor.get(f"{URL}?action=correction.approved").json()["results"][0]["actor"] is None
    assert auditor.get(f"{URL}?action=correction.approved").json()["results"][0]["actor_name"] == ada.username


@pytest.mark.parametrize("role", [None, *Role])
def test_administrators_and_auditors_read_it_and_nobody_changes_it(role: Role | None) -> None:
    entry = audit_note(by=None, action="x", target=Target("x"), now=NOON)
    client = as_role(role)
    expected = 401 if role is None else 200 if role in {Role.ADMIN, Role.AUDITOR} else 403
    assert (client.get(URL).status_code, client.get(f"{URL}/{entry.uuid}").status_code) == (expected, expected)
    for call in (client.post, client.patch, client.delete, client.put):
        assert call(f"{URL}/{entry.uuid}", {"action": "y"}, format="json").status_code in {401, 403, 405}
    for change in (lambda: AuditEntry.objects.update(action="y"), lambda: AuditEntry.objects.all().delete()):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            change()


def test_the_admin_pages_show_it_and_offer_no_change() -> None:
    entry = audit_note(by=None, action="seal.made", target=Target("seal"), now=NOON)
    admin = make_account()
    admin.is_staff = admin.is_superuser = True
    admin.save()
    client = Client()
    client.force_login(admin)
    assert b"seal.made" in client.get("/admin/audit/auditentry/").content
    assert client.get("/admin/audit/auditentry/add/").status_code == 403
    assert client.post(f"/admin/audit/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
