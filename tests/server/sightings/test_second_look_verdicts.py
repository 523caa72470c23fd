from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from server.attendance.models import OpenDayRecord
from server.core.permissions import Role
from server.people.models import Group, Membership, Person
from server.recompute.services import work_off
from server.sightings.models import SecondLook, SecondLookVerdict, Sighting
from server.sightings.second_look_services import second_look_make
from tests.factories import LONG_AGO, NOON, FakeNode, a_person, an_account, as_role
from tests.server.sightings.second_looks import enrolled, face, passed

pytestmark = pytest.mark.django_db
URL = "/api/v1/second-looks"
NOBODY = "00000000-0000-0000-0000-000000000000"


def a_look(number: int = 1, *, person: Person | None = None) -> SecondLook:
    return second_look_make(sighting=passed(FakeNode.hung(), face(number), person=person), now=timezone.now())[0]


def give(look: SecondLook, verdict: str, client: APIClient | None = None) -> Any:
    return (client or as_role(Role.OPERATOR)).post(f"{URL}/{look.uuid}/{verdict}")


def attended() -> set[Person]:
    work_off()
    return {record.person for record in OpenDayRecord.objects.filter(gone_at__isnull=True)}


def test_a_second_look_changes_attendance_only_once_it_is_accepted() -> None:
    ada, grace = enrolled(2), enrolled(1)
    look = a_look(1, person=ada)
    assert (look.difference, attended()) == ("renamed", {ada})
    answer = give(look, "accept")
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    assert answer.json()["sighting"]["counts_for"]["id"] == str(grace.uuid)
    assert answer.json()["sighting"]["person"]["id"] == str(ada.uuid)
    assert attended() == {grace}


def test_undoing_gives_the_sighting_back() -> None:
    ada = enrolled(2)
    enrolled(1)
    look = a_look(1, person=ada)
    give(look, "accept")
    attended()
    assert give(look, "undo").json()["state"] == "open"
    assert attended() == {ada}


def test_an_accepted_nobody_takes_the_sighting_out_of_attendance() -> None:
    ada = enrolled(2)
    look = a_look(1, person=ada)
    assert (look.difference, attended()) == ("unnamed", {ada})
    give(look, "accept")
    assert attended() == set()
    assert Sighting.objects.get().person == ada


def test_a_dismissed_one_stays_visible_as_dismissed_and_changes_nothing() -> None:
    enrolled(1)
    look = a_look()
    assert give(look, "dismiss").json()["state"] == "dismissed"
    assert attended() == set()
    listed = as_role(Role.ADMIN).get(f"{URL}?state=dismissed").json()["results"]
    assert [found["id"] for found in listed] == [str(look.uuid)]
    assert as_role(Role.ADMIN).get(f"{URL}?state=open").json()["results"] == []


def test_every_step_is_a_row_with_who_and_when_and_a_repeat_is_none() -> None:
    enrolled(1)
    look, account = a_look(), an_account(Role.OPERATOR)
    client = APIClient()
    client.force_authenticate(account)
    for verdict in ("accept", "accept", "undo", "dismiss", "dismiss"):
        assert give(look, verdict, client).status_code == 200
    rows = SecondLookVerdict.objects.order_by("id").values_list("verdict", "by")
    assert list(rows) == [("accepted", account.pk), ("undone", account.pk), ("dismissed", account.pk)]
    told = client.get(f"{URL}/{look.uuid}").json()["verdicts"]
    assert [step["verdict"] for step in told] == ["dismissed", "undone", "accepted"]
    assert {step["by"] for step in told} == {account.username}


def test_a_second_look_that_agrees_cannot_be_decided() -> None:
    look = a_look()
    for verdict, code in (("accept", "nothing_to_decide"), ("dismiss", "nothing_to_decide"), ("undo", "nothing_to_undo")):
        answer = give(look, verdict)
        assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_only_the_newest_second_look_of_a_sighting_is_decided() -> None:
    grace = enrolled(1)
    old = a_look()
    Person.objects.filter(pk=grace.pk).update(active_until=NOON.date() - timedelta(days=1))
    second_look_make(sighting=old.sighting, now=timezone.now())
    answer = give(old, "accept")
    assert (answer.status_code, answer.json()["code"]) == (409, "superseded")
    assert as_role(Role.ADMIN).get(f"{URL}/{old.uuid}").json()["state"] == "superseded"


@pytest.mark.parametrize("change", [{"erased_at": timezone.now()}, {"consent_at": None}])
def test_nobody_is_attributed_who_may_not_be_named_any_more(change: dict[str, object]) -> None:
    grace = enrolled(1)
    look = a_look()
    Person.objects.filter(pk=grace.pk).update(**change)
    answer = give(look, "accept")
    assert (answer.status_code, answer.json()["code"]) == (409, "person_gone")
    assert Sighting.objects.get().counts_for is None


def test_what_was_accepted_is_open_no_more_when_it_is_looked_at_again() -> None:
    enrolled(1)
    look = a_look()
    give(look, "accept")
    enrolled(7)
    again, made = second_look_make(sighting=look.sighting, now=timezone.now())
    assert made
    assert as_role(Role.ADMIN).get(f"{URL}/{again.uuid}").json()["state"] == "agrees"
    assert as_role(Role.ADMIN).get(f"{URL}?state=open").json()["results"] == []


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.OPERATOR, 200), (Role.MANAGER, 403), (Role.SELF, 403),
                                              (Role.AUDITOR, 403), (None, 401)])  # fmt: skip
@pytest.mark.parametrize("verdict", ["accept", "dismiss", "undo"])
def test_only_those_who_may_correct_attendance_decide(role: Role | None, status: int, verdict: str) -> None:
    enrolled(1)
    look = a_look()
    if verdict == "undo":
        give(look, "dismiss")
    before = SecondLookVerdict.objects.count()
    assert give(look, verdict, as_role(role)).status_code == status
    assert SecondLookVerdict.objects.count() == before + (status == 200)


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 201), (Role.OPERATOR, 201), (Role.MANAGER, 403), (Role.SELF, 403),
                                              (Role.AUDITOR, 403), (None, 401)])  # fmt: skip
def test_only_those_who_run_lintel_ask_for_one(role: Role | None, status: int) -> None:
    sighting = passed(FakeNode.hung(), face(1))
    client, url = as_role(role), f"/api/v1/sightings/{sighting.uuid}/second-look"
    assert client.post(url).status_code == status
    assert SecondLook.objects.count() == (status == 201)
    if status == 201:
        assert client.post(url).status_code == 200
        assert SecondLook.objects.count() == 1


def test_asking_about_what_cannot_be_compared_is_refused_with_a_reason() -> None:
    node = FakeNode.hung()
    node.send(node.sighting())
    answer = as_role(Role.ADMIN).post(f"/api/v1/sightings/{Sighting.objects.get().uuid}/second-look")
    assert (answer.status_code, answer.json()["code"]) == (409, "other_model")
    assert "another model" in answer.json()["detail"]


@pytest.mark.parametrize("url", [f"/api/v1/sightings/{NOBODY}/second-look", f"{URL}/{NOBODY}/accept", f"{URL}/{NOBODY}/undo"])
def test_what_is_not_there_is_not_found(url: str) -> None:
    assert as_role(Role.ADMIN).post(url).status_code == 404
    assert as_role(Role.ADMIN).get(f"{URL}/{NOBODY}").status_code == 404


@pytest.mark.parametrize("query", ["state=maybe", "difference=x", "person=1", "door=x", "since=yesterday"])
def test_garbage_in_the_query_is_a_problem(query: str) -> None:
    answer = as_role(Role.ADMIN).get(f"{URL}?{query}")
    assert answer.status_code in {400, 404}
    assert answer["Content-Type"] == "application/problem+json"


def test_the_evidence_shows_both_answers_with_their_bars() -> None:
    enrolled(1, "Grace")
    look = a_look()
    told = as_role(Role.AUDITOR).get(f"{URL}/{look.uuid}").json()
    assert (told["sighting"]["outcome"], told["outcome"], told["person"]["name"]) == ("unknown", "match", "Grace")
    assert told["node_min_similarity"] == 0.9
    assert told["similarity"] > told["min_similarity"] > told["unsure_similarity"]
    assert (told["gallery_size"], told["settings_revision"]) == (1, 0)


def test_managers_and_viewers_see_nothing_that_is_about_somebody_else() -> None:
    ada, grace, account = enrolled(2), enrolled(1), an_account(Role.MANAGER)
    group = Group.objects.create(name="mine")
    group.managers.add(account)
    Membership.objects.create(person=ada, group=group, valid_from=LONG_AGO.date())
    renamed, unnamed = a_look(1, person=ada), a_look(4, person=ada)
    stranger = a_look(1)
    client = APIClient()
    client.force_authenticate(account)
    assert [found["id"] for found in client.get(URL).json()["results"]] == [str(unnamed.uuid)]
    assert {client.get(f"{URL}/{look.uuid}").status_code for look in (renamed, stranger)} == {404}
    Membership.objects.create(person=grace, group=group, valid_from=LONG_AGO.date())
    assert len(client.get(URL).json()["results"]) == 2
    assert as_role(Role.SELF).get(URL).json()["results"] == []


def test_a_sighting_given_to_somebody_else_is_theirs_to_see() -> None:
    account = an_account(Role.SELF)
    ada = enrolled(2, account=account)
    enrolled(1)
    look = a_look(1, person=ada)
    client = APIClient()
    client.force_authenticate(account)
    assert len(client.get("/api/v1/sightings").json()["results"]) == 1
    give(look, "accept")
    assert client.get("/api/v1/sightings").json()["results"] == []


def test_pages_of_second_looks_lose_nothing() -> None:
    enrolled(1)
    looks = [str(a_look().uuid) for _ in range(5)]
    client, url, seen = as_role(Role.ADMIN), f"{URL}?page_size=2&state=open", []
    while url:
        page = client.get(url).json()
        seen += [found["id"] for found in page["results"]]
        url = page["next"]
    assert seen == looks[::-1]


def test_people_with_second_looks_have_history() -> None:
    grace = enrolled(1)
    a_look()
    assert as_role(Role.ADMIN).delete(f"/api/v1/people/{grace.uuid}").status_code == 409
    assert as_role(Role.ADMIN).delete(f"/api/v1/people/{a_person().uuid}").status_code == 204
