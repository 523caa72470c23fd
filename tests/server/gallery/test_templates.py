import json
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.gallery.models import Template
from server.gallery.selectors import gallery_revision
from server.gallery.templates import template_rebuild
from server.people.models import Person, Sample, SetAside
from shared_schema.face.hygiene import MAX_ACTIVE, Reason
from tests.factories import as_role
from tests.server.gallery.made_up_samples import between, enrolled, looks, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> APIClient:
    return as_role(Role.ADMIN)


def url(person: Person, sample: Sample | None = None) -> str:
    return f"/api/v1/people/{person.uuid}/samples/{sample.uuid if sample else uuid4()}"


def rule(client: APIClient, person: Person, sample: Sample, ruling: object) -> Any:
    return client.patch(url(person, sample), {"ruling": ruling}, format="json")


def states(person: Person) -> list[tuple[str, str]]:
    return [(sample.state, sample.reason) for sample in person.samples.order_by("id")]


ACTIVE = ("active", "")


def test_every_reason_of_the_face_pipeline_can_be_written_down() -> None:
    assert {reason.value for reason in Reason} == set(SetAside.values)


def test_a_foreign_sample_is_set_aside_and_taken_back_when_staff_say_so(admin: APIClient) -> None:
    person = enrolled("Ada", [*looks(0, 3), *looks(1, 1)])
    odd = person.samples.latest("id")
    assert states(person) == [ACTIVE] * 3 + [("set_aside", "unlike")]
    answer = rule(admin, person, odd, "keep")
    assert (answer.status_code, answer.json()["state"], answer.json()["ruling"]) == (200, "active", "keep")
    assert states(person) == [ACTIVE] * 4
    assert Template.objects.get().samples == 4
    template_rebuild(person=person)
    assert states(person) == [ACTIVE] * 4
    assert rule(admin, person, odd, "automatic").json()["reason"] == "unlike"


def test_staff_set_a_sample_aside_by_hand_and_the_last_one_takes_the_person_out_of_the_gallery(admin: APIClient) -> None:
    person = enrolled("Ada", looks(0, 2))
    first, second = person.samples.order_by("id")
    answer = rule(admin, person, first, "set_aside").json()
    assert (answer["state"], answer["reason"], answer["explanation"]) == ("set_aside", "by_hand", "set aside by staff")
    rule(admin, person, second, "set_aside")
    assert not Template.objects.exists()
    rule(admin, person, second, "automatic")
    assert Template.objects.get().samples == 1


def test_the_same_ruling_again_changes_nothing(admin: APIClient) -> None:
    person = enrolled("Ada", looks(0, 3))
    sample = person.samples.earliest("id")
    first, revision = rule(admin, person, sample, "keep").json(), gallery_revision()
    again = rule(admin, person, sample, "keep")
    assert (again.status_code, again.json()) == (200, first)
    assert gallery_revision() == revision


@pytest.mark.parametrize(
    "body", [{}, {"ruling": ""}, {"ruling": "burn"}, {"ruling": None}, {"ruling": ["keep"]}, {"ruling": {"a": 1}}, [1], "x"]
)
def test_what_is_no_ruling_is_a_problem(admin: APIClient, body: object) -> None:
    person = enrolled("Ada", looks(0, 1))
    answer = admin.patch(url(person, person.samples.get()), json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert states(person) == [ACTIVE]


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OPERATOR, 200), (Role.MANAGER, 403), (Role.SELF, 403), (Role.AUDITOR, 403), (None, 401)]
)
def test_only_those_who_enrol_rule_on_samples_or_read_advice(role: Role | None, status: int) -> None:
    person = enrolled("Ada", looks(0, 1))
    sample, client = person.samples.get(), as_role(role)
    assert rule(client, person, sample, "keep").status_code == status
    assert client.get(url(person, sample)).status_code == status
    assert client.get(f"/api/v1/people/{person.uuid}/samples/advice").status_code == status
    assert (Sample.objects.get().ruling == "keep") == (status == 200)


def test_a_sample_of_somebody_else_is_not_ruled_on(admin: APIClient) -> None:
    ada, bea = enrolled("Ada", looks(0, 1)), enrolled("Bea", looks(1, 1))
    assert rule(admin, bea, ada.samples.get(), "keep").status_code == 404
    assert admin.patch(url(ada), {"ruling": "keep"}, format="json").status_code == 404


def test_beyond_the_cap_the_most_redundant_is_set_aside_and_comes_back_when_there_is_room() -> None:
    rows = looks(0, MAX_ACTIVE)
    person = enrolled("Ada", [*rows, rows[0]])
    assert states(person).count(("set_aside", "redundant")) == 1
    assert Template.objects.get().samples == MAX_ACTIVE
    assert person.samples.count() == MAX_ACTIVE + 1
    person.samples.filter(state="active").latest("id").delete()
    template_rebuild(person=person)
    assert states(person) == [ACTIVE] * MAX_ACTIVE


@pytest.mark.parametrize("damaged", [np.full(128, np.nan), np.full(128, np.inf), np.ones(128), np.ones(64) / 8, np.empty(0)])
def test_an_embedding_that_is_none_is_set_aside_and_the_others_go_on(damaged: np.ndarray[Any, Any]) -> None:
    person = enrolled("Ada", looks(0, 2))
    store(person, np.asarray(damaged, np.float32))
    template_rebuild(person=person)
    assert states(person) == [ACTIVE, ACTIVE, ("set_aside", "damaged")]
    assert Template.objects.get().samples == 2


def test_a_person_of_whom_nothing_can_be_read_is_in_no_gallery() -> None:
    person = enrolled("Ada", [np.full(128, np.nan, np.float32)])
    assert states(person) == [("set_aside", "damaged")]
    assert not Template.objects.exists()


def test_samples_of_another_model_take_no_part() -> None:
    person = enrolled("Ada", looks(0, 2))
    store(person, looks(1, 1)[0], model_id="another-model")
    template_rebuild(person=person)
    assert Template.objects.get().samples == 2


def advice(client: APIClient, person: Person) -> Any:
    return client.get(f"/api/v1/people/{person.uuid}/samples/advice").json()


def test_advice_says_which_view_is_missing_and_what_nobody_measured(admin: APIClient) -> None:
    person = enrolled("Ada", [])
    for row, yaw, brightness in zip(looks(0, 3), (0.0, 0.3, 0.0), (120, 120, 170), strict=True):
        store(person, row, yaw=yaw, brightness=brightness)
    template_rebuild(person=person)
    found = advice(admin, person)
    assert found["missing"] == ["right"]
    assert "slightly to the right" in found["advice"][0]
    assert "glasses" in found["not_told"]
    assert found["cross_risks"] == []


def test_two_samples_that_disagree_ask_for_a_third(admin: APIClient) -> None:
    person = enrolled("Ada", [looks(0, 1)[0], looks(1, 1)[0]])
    assert states(person) == [ACTIVE, ACTIVE]
    found = advice(admin, person)
    assert found["disagree"] is True
    assert found["advice"][0].startswith("add a third")
    assert advice(admin, enrolled("Bea", looks(2, 2)))["disagree"] is False


def test_samples_from_before_views_were_measured_are_not_judged_by_guess(admin: APIClient) -> None:
    person = enrolled("Ada", [])
    for row in looks(0, 3):
        store(person, row, yaw=None, brightness=None, sharpness=None)
    found = advice(admin, person)
    assert (found["missing"], found["covered"]) == ([], ["enough"])
    assert "before views were measured" in found["advice"][0]


def test_nobody_without_samples_has_advice_of_being_covered(admin: APIClient) -> None:
    found = advice(admin, enrolled("Ada", []))
    assert (found["samples"], found["covered"]) == (0, [])


def test_two_people_whose_templates_are_close_are_told_of_each_other(admin: APIClient) -> None:
    ada = enrolled("Ada", [between(0, 1, 0.05)])
    bea = enrolled("Bea", [between(0, 1, 0.1)])
    enrolled("Cyd", looks(5, 2))
    assert [risk["person"]["name"] for risk in advice(admin, ada)["cross_risks"]] == ["Bea"]
    assert [risk["person"]["id"] for risk in advice(admin, bea)["cross_risks"]] == [str(ada.uuid)]
