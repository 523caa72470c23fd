import re
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client

from server.core.permissions import Role
from server.gallery import check
from server.people.models import Person
from server.web.curves import HIGH, WIDE, pictures
from tests.server.gallery.made_up_samples import between, enrolled, looks, store
from tests.server.web.signed_in import signed_in

pytestmark = pytest.mark.django_db


def page(query: str = "") -> str:
    answer = signed_in().get(f"/gallery/{query}")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    return answer.content.decode()


def test_the_check_says_in_words_how_many_are_named_and_draws_both_curves() -> None:
    for number in range(4):
        enrolled(f"Person {number}", looks(number, 3))
    text = page()
    assert "The setting fits these people" in text
    assert "4 people, 12 samples; 12 could be tried" in text
    assert text.count("<polyline") == 2
    assert "style=" not in text
    assert "<script>" not in text


def test_people_who_would_be_confused_are_told_by_name() -> None:
    ada, bea = looks(0, 2), looks(1, 2)
    first = enrolled("Ada", [*ada, bea[0]])
    enrolled("Bea", [bea[1], *looks(1, 4)])
    enrolled("Cyd", [between(5, 6, 0.02)])
    enrolled("Cyd’s <twin>", [between(5, 6, 0.05)])
    first.samples.update(ruling="keep", state="active", reason="")
    text = page()
    assert "the wrong name" in text
    assert "Look into the people below" in text or "Raise the setting" in text
    assert "People who resemble each other" in text
    assert "Cyd’s &lt;twin&gt;" in text
    assert f'href="/enrol/{first.uuid}/"' in text


def test_an_empty_gallery_leads_to_enrolling() -> None:
    text = page()
    assert "Nobody is enrolled yet" in text
    assert 'href="/enrol/"' in text


def test_one_person_has_no_strangers() -> None:
    enrolled("Ada", looks(0, 1))
    text = page()
    assert "nobody to be confused with" in text
    assert "Only one sample" in text
    assert "<polyline" not in text


def test_what_could_not_be_tried_is_told() -> None:
    store(enrolled("Ada", looks(0, 3)), np.full(128, np.nan, np.float32))
    store(enrolled("Bea", []), looks(1, 1)[0], model_id="another-model")
    text = page()
    assert "A sample of Ada cannot be read" in text
    assert "1 sample has not been embedded" in text


@pytest.mark.parametrize("value", ["9", "x", "1000001", "-1", "<script>"])
def test_a_setting_that_is_none_is_explained(value: str) -> None:
    answer = signed_in().get("/gallery/", {"strangers_named_one_in": value})
    assert answer.status_code == 400
    assert "whole number from 10 to 1,000,000" in answer.content.decode()
    assert "<script>" not in answer.content.decode()


def test_another_setting_is_tried_and_stays_in_the_form() -> None:
    enrolled("Ada", looks(0, 3))
    assert 'value="5000"' in page("?strangers_named_one_in=5000")


def test_a_check_that_runs_already_is_no_broken_page() -> None:
    with check._one_at_a_time:
        answer = signed_in().get("/gallery/")
    assert answer.status_code == 503
    assert "being checked already" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ADMIN, 200), (Role.OPERATOR, 200), (Role.MANAGER, 403), (Role.SELF, 403), (Role.AUDITOR, 403)]
)
def test_only_those_who_run_lintel_open_the_check_and_find_it_in_the_menu(role: Role, status: int) -> None:
    client = signed_in(role)
    assert client.get("/gallery/").status_code == status
    assert ('href="/gallery/"' in client.get("/").content.decode()) == (status == 200)
    assert client.post("/gallery/").status_code in {403, 405}


def test_without_signing_in_neither_page_opens() -> None:
    for url in ("/gallery/", f"/enrol/{uuid4()}/samples/{uuid4()}/"):
        assert Client().get(url).headers["Location"].startswith("/sign-in/")
        assert Client().post(url).headers["Location"].startswith("/sign-in/")


def test_curves_stay_inside_their_picture_and_need_both_kinds() -> None:
    random = np.random.default_rng(1)
    own, strangers = random.uniform(0.9, 1, 300), random.uniform(0.6, 0.95, 2000)
    for picture in pictures(own, strangers):
        points = np.array([[float(part) for part in point.split(",")] for point in picture.points.split()])
        assert len(points) <= 200
        assert (points >= 0).all()
        assert (points <= [WIDE, HIGH]).all()
        assert points[:, 0].min() >= picture.left
    assert pictures(own[:0], strangers) == pictures(own, strangers[:0]) == ()


@pytest.mark.parametrize("same", [1, 5])
def test_curves_of_one_value_are_drawn_too(same: int) -> None:
    roc, _det = pictures(np.full(same, 0.9), np.full(same, 0.9))
    assert re.fullmatch(r"[\d. ,]+", roc.points)


def rule_url(person: Person) -> str:
    return f"/enrol/{person.uuid}/samples/{person.samples.latest('id').uuid}/"


def test_a_sample_that_was_set_aside_says_why_and_is_kept_by_a_button() -> None:
    person, client = enrolled("Ada", [*looks(0, 3), *looks(1, 1)]), signed_in()
    text = client.get(f"/enrol/{person.uuid}/").content.decode()
    assert "<b>set aside</b>: unlike the other samples of this person" in text
    assert text.count('value="keep"') == 1
    for _ in range(2):
        answer = client.post(rule_url(person), {"ruling": "keep"})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/enrol/{person.uuid}/")
    text = client.get(f"/enrol/{person.uuid}/").content.decode()
    assert "kept by staff" in text
    assert 'value="automatic"' in text


def test_no_sample_in_use_is_told_as_what_it_is() -> None:
    person, client = enrolled("Ada", looks(0, 1)), signed_in()
    client.post(rule_url(person), {"ruling": "set_aside"})
    assert "No sample is in use, so no door can recognise Ada" in client.get(f"/enrol/{person.uuid}/").content.decode()


def test_the_enrol_page_says_what_would_help_and_whom_the_doors_may_confuse() -> None:
    person = enrolled("Ada", [between(0, 1, 0.05)])
    enrolled("Bea", [between(0, 1, 0.1)])
    text = signed_in().get(f"/enrol/{person.uuid}/").content.decode()
    assert "Add one looking slightly to the left" in text
    assert "The doors may take Ada for" in text
    assert "glasses" in text


@pytest.mark.parametrize("ruling", ["", "burn", "KEEP", "<b>"])
def test_a_ruling_that_is_none_changes_nothing(ruling: str) -> None:
    person = enrolled("Ada", looks(0, 1))
    assert signed_in().post(rule_url(person), {"ruling": ruling}).status_code == 400
    assert person.samples.get().ruling == "automatic"


def test_samples_of_others_and_of_nobody_are_not_found() -> None:
    ada, bea, client = enrolled("Ada", looks(0, 1)), enrolled("Bea", looks(1, 1)), signed_in()
    for url in (f"/enrol/{bea.uuid}/samples/{ada.samples.get().uuid}/", f"/enrol/{uuid4()}/samples/{uuid4()}/"):
        assert client.post(url, {"ruling": "set_aside"}).status_code == 404
    assert ada.samples.get().state == "active"


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 302), (Role.MANAGER, 403), (Role.SELF, 403), (Role.AUDITOR, 403)])
def test_only_those_who_enrol_rule_on_samples(role: Role, status: int) -> None:
    person = enrolled("Ada", looks(0, 1))
    assert signed_in(role).post(rule_url(person), {"ruling": "set_aside"}).status_code == status
    assert (person.samples.get().state == "set_aside") == (status == 302)
