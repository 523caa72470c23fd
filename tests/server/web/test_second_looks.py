from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from server.core.permissions import Role
from server.people.models import Group, Membership, Person
from server.sightings.models import SecondLook, Sighting
from server.sightings.second_look_services import second_look_make
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_site
from tests.factories_people import NOBODY, make_account
from tests.server.sightings.second_looks import enrolled, face, passed
from tests.server.web.signed_in import signed_in

pytestmark = pytest.mark.django_db


def a_look(number: int = 1, person: Person | None = None) -> SecondLook:
    node = FakeNode.hung(a_door(a_site(time_zone="Asia/Tokyo"), name="Front door"))
    return second_look_make(sighting=passed(node, face(number), person=person), now=timezone.now())[0]


def test_the_list_shows_what_waits_and_leads_to_the_evidence() -> None:
    enrolled(1, "Grace")
    look = a_look()
    page = signed_in().get("/second-looks/").content.decode()
    assert "Grace" in page
    assert "Unknown" in page
    assert f'href="/second-looks/{look.uuid}/"' in page
    assert "20 Nov 2024 21:00" in page


def test_the_evidence_shows_both_answers_their_bars_and_the_reason() -> None:
    ada = enrolled(2, "Ada")
    enrolled(1, "Grace", added_at=NOON + timedelta(days=1))
    look = a_look(1, ada)
    page = signed_in().get(f"/second-looks/{look.uuid}/").content.decode()
    for told in ("Ada", "Grace", "0.9500", "1.0000", "0.9000", f"{look.min_similarity:.4f}", "enrolled after this pass", "4 of 5 frames"):
        assert told in page


def test_accepting_dismissing_and_undoing_work_by_their_buttons() -> None:
    grace = enrolled(1, "Grace")
    look, client = a_look(), signed_in()
    for verdict, told, counts_for in (("accept", "is accepted", grace), ("undo", "Accept: it counts for Grace", None),
                                      ("dismiss", "is dismissed", None)):  # fmt: skip
        answer = client.post(f"/second-looks/{look.uuid}/{verdict}/", follow=True)
        assert answer.redirect_chain == [(f"/second-looks/{look.uuid}/", 302)]
        assert told in answer.content.decode()
        assert Sighting.objects.get().counts_for == counts_for
    assert "Nothing waits for a decision" in client.get("/second-looks/?state=open").content.decode()
    assert "Grace" in client.get("/second-looks/?state=dismissed").content.decode()


def test_what_cannot_be_decided_is_said_on_the_page() -> None:
    look = a_look()
    answer = signed_in().post(f"/second-looks/{look.uuid}/accept/", follow=True)
    assert "nothing to accept or dismiss" in answer.content.decode()
    assert "Accept:" not in answer.content.decode()


def test_today_counts_what_waits_and_marks_the_pass() -> None:
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        enrolled(1, "Grace")
        look = a_look()
        page = signed_in().get("/").content.decode()
        assert "1 second look waits for a decision" in page
        assert f'href="/second-looks/{look.uuid}/">second look differs' in page
        client = signed_in(Role.OPERATOR)
        client.post(f"/second-looks/{look.uuid}/accept/")
        page = client.get("/").content.decode()
    assert "waits for a decision" not in page
    assert "Grace" in page.split("Latest sightings")[1].split("Not recognised")[0]


def test_a_pass_can_be_looked_at_again_from_today() -> None:
    client = signed_in()
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        sighting = passed(FakeNode.hung(), face(1))
        enrolled(1, "Grace")
        assert f'action="/sightings/{sighting.uuid}/look-again/"' in client.get("/").content.decode()
        answer = client.post(f"/sightings/{sighting.uuid}/look-again/", follow=True)
    assert "Grace" in answer.content.decode()
    assert answer.redirect_chain == [(f"/second-looks/{SecondLook.objects.get().uuid}/", 302)]


def test_a_pass_that_cannot_be_compared_says_why() -> None:
    sighting = passed(FakeNode.hung(), face(1))
    Sighting.objects.update(model_id="an older model")
    answer = signed_in().post(f"/sightings/{sighting.uuid}/look-again/", follow=True)
    assert "another model" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "see", "decide", "ask"),
    [(Role.ADMIN, 200, 302, 302), (Role.OPERATOR, 200, 302, 302), (Role.AUDITOR, 200, 403, 403), (Role.MANAGER, 404, 403, 403),
     (Role.SELF, 404, 403, 403)],
)  # fmt: skip
def test_each_role_sees_and_decides_what_the_matrix_allows(role: Role, see: int, decide: int, ask: int) -> None:
    enrolled(1, "Grace")
    look = a_look()
    client = signed_in(role)
    assert client.get("/second-looks/").status_code == 200
    assert ("Grace" in client.get("/second-looks/").content.decode()) == (see == 200)
    answer = client.get(f"/second-looks/{look.uuid}/")
    assert answer.status_code == see
    assert ("Accept:" in answer.content.decode()) == (decide == 302)
    assert client.post(f"/second-looks/{look.uuid}/dismiss/").status_code == decide
    assert client.post(f"/sightings/{look.sighting.uuid}/look-again/").status_code == ask


def test_without_signing_in_no_second_look_is_shown() -> None:
    look = a_look()
    for url in ("/second-looks/", f"/second-looks/{look.uuid}/"):
        assert Client().get(url).status_code == 302
    assert Client().post(f"/second-looks/{look.uuid}/accept/").status_code == 302
    assert not look.verdicts.exists()


def test_a_manager_sees_those_of_the_own_group_without_buttons() -> None:
    ada, account = enrolled(2, "Ada"), make_account("manager", "chief")
    group = Group.objects.create(name="mine")
    group.managers.add(account)
    Membership.objects.create(person=ada, group=group, valid_from=LONG_AGO.date())
    look = a_look(5, ada)
    client = Client()
    client.force_login(account)
    page = client.get(f"/second-looks/{look.uuid}/").content.decode()
    assert "Ada" in page
    assert "Accept:" not in page


@pytest.mark.parametrize("url", [f"/second-looks/{NOBODY}/", "/second-looks/nonsense/"])
def test_a_second_look_that_is_none_is_not_found(url: str) -> None:
    assert signed_in().get(url).status_code == 404


def test_a_state_that_is_none_shows_the_open_ones() -> None:
    enrolled(1, "Grace")
    a_look()
    assert "Grace" in signed_in().get("/second-looks/?state=maybe&page=x").content.decode()
