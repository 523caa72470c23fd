"""People, a person's page and unknown passes as pages: who may open what, what is shown, what is noted, and how many queries it takes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.audit.models import AuditEntry
from server.core.permissions import Role
from server.people.models import Person
from server.schedules.models import Leave
from server.sightings.decision_models import UnknownGroup
from server.sightings.models import Sighting
from server.sightings.unknown_groups import groups_update
from tests.factories import FakeNode, a_door, a_group, a_member, a_person, a_session, a_site, an_account
from tests.server.sightings.second_looks import enrolled, face, passed
from tests.server.sightings.unknown import counts, strangers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def client_of(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


def attended(person: Person, *states: str, late_by_s: int = 0) -> list[AttendanceRecord]:
    """A record of a session of each state, yesterday and before."""
    site, group, now = a_site(), a_group(), NOW
    a_member(group, person)
    found = []
    for days, state in enumerate(states, start=1):
        session = a_session(site, group, begins_at=now - timedelta(days=days))
        told = {"state": state, "decided": True, "local_date": session.local_date, "changed_at": now, "worked_s": 3600}
        found.append(AttendanceRecord.objects.create(session=session, person=person, late_by_s=late_by_s or None, **told))
    return found


@pytest.fixture
def ada() -> Person:
    """Seen an hour ago; present twice, late then, absent once, excused once."""
    person = enrolled(9, "Ada Lovelace", account=an_account(Role.SELF))
    site = a_site(time_zone="Europe/Paris")
    at = NOW - timedelta(hours=1)
    passed(FakeNode.hung(a_door(site, name="Front")), face(9), person=person, at=at)
    OpenDayRecord.objects.create(
        person=person, site=site, local_date=at.date(), first_seen=at, last_seen=at, sightings=1, worked_s=60, changed_at=at
    )
    attended(person, "present", "present", "absent", "excused", late_by_s=600)
    return person


def test_the_list_shows_days_groups_and_last_seen_and_is_narrowed_to_a_group(ada: Person) -> None:
    a_person("Grace Hopper")
    client, group = client_of(an_account(Role.OPERATOR)), ada.memberships.get().group
    page = client.get("/people/").content.decode()
    assert f'<a href="/people/{ada.uuid}/">Ada Lovelace</a>' in page
    assert "<td>3</td>" in page
    assert "AL</span>" in page
    narrowed = client.get(f"/people/?group={group.uuid}").content.decode()
    assert "Ada Lovelace" in narrowed
    assert "Grace Hopper" not in narrowed
    assert client.get("/people/?group=x&page=y").status_code == 200
    assert "Nobody belongs to this group" in client.get(f"/people/?group={a_group().uuid}").content.decode()


def test_a_persons_page_tells_the_rate_without_excused_ones_and_why_a_sighting_is_theirs(ada: Person) -> None:
    today = NOW.date()
    Leave.objects.create(person=ada, reason="training", first_day=today, last_day=today)
    page = client_of(an_account(Role.ADMIN)).get(f"/people/{ada.uuid}/").content.decode()
    assert "67 %" in page
    assert "2 present, 1 absent, 4 late" in page
    assert "1 excused or not covered, left out of the share" in page
    assert "similarity 0.9500, a match needed 0.9000" in page
    assert "training" in page
    assert "Dispute this" not in page


def test_a_view_by_staff_is_noted_once_an_hour_and_a_view_of_oneself_never(ada: Person) -> None:
    operator, own = an_account(Role.OPERATOR), ada.account
    assert own is not None
    for _ in range(2):
        client_of(operator).get(f"/people/{ada.uuid}/")
        client_of(own).get(f"/people/{ada.uuid}/")
    noted = AuditEntry.objects.filter(action="person.viewed")
    assert list(noted.values_list("actor", "person")) == [(operator.pk, ada.uuid)]
    client_of(an_account(Role.AUDITOR)).get(f"/people/{ada.uuid}/")
    assert noted.count() == 2


def test_people_see_their_own_page_and_dispute_a_record_of_their_own_only(ada: Person) -> None:
    own = ada.account
    assert own is not None
    client, record = client_of(own), AttendanceRecord.objects.get(person=ada, state="absent")
    assert client.get("/me/").headers["Location"] == f"/people/{ada.uuid}/"
    page = client.get(f"/people/{ada.uuid}/").content.decode()
    assert "Dispute this" in page
    assert "My attendance" in page
    assert "Assign" not in page
    url = f"/people/{ada.uuid}/sessions/{record.session.uuid}/dispute/"
    for body in ({"state": "nonsense", "reason": "x"}, {"state": "present", "reason": ""}):
        client.post(url, body)
    assert not Correction.objects.exists()
    client.post(url, {"state": "present", "reason": "I sat in the first row."})
    correction = Correction.objects.get()
    assert (correction.state, correction.to_state, correction.requested_by) == (CorrectionState.REQUESTED, "present", own)
    assert f'href="/corrections/{correction.uuid}/"' in client.get(f"/people/{ada.uuid}/").content.decode()
    other = a_person(account=an_account(Role.SELF))
    assert client.get(f"/people/{other.uuid}/").status_code == 404
    assert client.post(f"/people/{other.uuid}/sessions/{record.session.uuid}/dispute/", {"state": "present"}).status_code == 404
    assert client_of(an_account(Role.SELF)).get("/me/").status_code == 404


def test_a_sighting_is_rejected_given_to_somebody_else_and_given_back_in_place(ada: Person) -> None:
    eve, sighting, client = a_person("Eve"), Sighting.objects.get(), client_of(an_account(Role.OPERATOR))
    url = f"/people/{ada.uuid}/sightings/{sighting.uuid}"
    part = client.post(f"{url}/reject/", {}, headers={"HX-Request": "true"})
    assert (part.status_code, counts(sighting)) == (200, [None])
    assert "It counts for <b>nobody</b>" in part.content.decode()
    assert "said it was somebody else" in part.content.decode()
    refused = client.post(f"{url}/assign/", {"person": "x"}, headers={"HX-Request": "true"}).content.decode()
    assert "Choose a person first" in refused
    assert client.post(f"{url}/assign/", {"person": str(eve.uuid)}).status_code == 302
    assert counts(sighting) == [eve]
    for _ in range(3):
        client.post(f"{url}/undo/")
    assert counts(sighting) == [ada]


@pytest.mark.parametrize(
    ("role", "person", "unknown"),
    [(Role.ADMIN, 200, 200), (Role.OPERATOR, 200, 200), (Role.AUDITOR, 200, 200), (Role.VIEWER, 200, 403), (Role.MANAGER, 404, 403),
     (Role.SELF, 404, 403)],
)  # fmt: skip
def test_each_role_opens_what_it_may_and_only_staff_who_run_lintel_decide(ada: Person, role: Role, person: int, unknown: int) -> None:
    strangers(FakeNode.hung(), 1)
    groups_update(now=NOW)
    client, sighting, group = client_of(an_account(role)), Sighting.objects.earliest("pk"), UnknownGroup.objects.get()
    assert client.get(f"/people/{ada.uuid}/").status_code == person
    assert client.get(f"/people/{ada.uuid}/sightings/", headers={"HX-Request": "true"}).status_code == person
    assert client.get("/unknown/").status_code == client.get(f"/unknown/{group.uuid}/").status_code == unknown
    decides = role in {Role.ADMIN, Role.OPERATOR}
    deeds = [f"/people/{ada.uuid}/sightings/{sighting.uuid}/{deed}/" for deed in ("assign", "reject", "undo")]
    deeds += [f"/unknown/{group.uuid}/{deed}/" for deed in ("assign", "ignore", "undo", "take-out")] + ["/unknown/update/"]
    assert {client.post(url).status_code for url in deeds} == {302 if decides else 403}
    assert client.get("/people/choices/?search=ada").status_code == 200
    assert ("Ada" in client.get("/people/choices/?search=ada").content.decode()) is (person == 200)


def test_what_is_not_there_is_not_found_and_nobody_signed_out_sees_anything(ada: Person) -> None:
    client = client_of(an_account(Role.ADMIN))
    for url in (f"/people/{uuid4()}/", f"/unknown/{uuid4()}/", f"/people/{uuid4()}/sightings/"):
        assert client.get(url, headers={"HX-Request": "true"}).status_code == 404
    assert client.post(f"/people/{ada.uuid}/sightings/{uuid4()}/reject/").status_code == 404
    for url in (f"/people/{ada.uuid}/", "/unknown/", "/me/"):
        assert Client().get(url).status_code == 302


def test_more_rows_take_no_more_queries(ada: Person) -> None:
    client = client_of(an_account(Role.ADMIN))

    def queries(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    urls = ["/people/", f"/people/{ada.uuid}/", "/unknown/"]
    strangers(FakeNode.hung(), 1)
    groups_update(now=NOW)
    before = [queries(url) for url in urls]
    node = FakeNode.hung()
    for number in range(5):
        passed(node, face(9), person=ada, at=NOW - timedelta(minutes=number))
        attended(a_person(), "present")
    attended(ada, "present", "absent", "present")
    strangers(FakeNode.hung(), 2, 3, 3, 4)
    groups_update(now=NOW)
    assert [queries(url) for url in urls] == before
    assert max(before) <= 30
