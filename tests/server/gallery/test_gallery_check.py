import json
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.gallery import check
from server.nodes.services import settings_change
from tests.factories import FakeNode, as_role
from tests.server.gallery.made_up_samples import between, enrolled, looks, store

pytestmark = pytest.mark.django_db
URL = "/api/v1/gallery/check"


@pytest.fixture
def admin() -> APIClient:
    return as_role(Role.ADMIN)


def checked(client: APIClient, query: str = "") -> Any:
    answer = client.get(URL + query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_people_who_differ_are_named_right_and_the_report_says_so(admin: APIClient) -> None:
    for number in range(4):
        enrolled(f"Person {number}", looks(number, 3))
    report = checked(admin)["report"]
    assert (report["people"], report["samples"], report["tested"]) == (4, 12, 12)
    assert report["ended"] == {"right": 12, "unsure": 0, "unknown": 0, "wrong": 0, "strangers_named": 0}
    assert report["suggestion"]["advice"] == "keep"
    assert report["stranger_headroom"] > 0.2


def test_people_who_would_be_confused_are_named_and_no_lower_bar_is_suggested(admin: APIClient) -> None:
    ada, bea = looks(0, 2), looks(1, 2)
    first = enrolled("Ada", [*ada, bea[0]])
    second = enrolled("Bea", [bea[1], *looks(1, 4)])
    first.samples.update(ruling="keep", state="active", reason="")
    report = checked(admin)["report"]
    assert report["ended"]["wrong"] == 1
    (confusion,) = [one for one in report["confusions"] if one["wrong_name"]]
    assert (confusion["person"]["name"], confusion["other"]["name"]) == ("Ada", "Bea")
    assert confusion["other"]["id"] == str(second.uuid)
    assert report["suggestion"]["advice"] in {"raise", "look"}


def test_the_report_holds_no_embedding(admin: APIClient) -> None:
    enrolled("Ada", looks(0, 3))
    answer = admin.get(URL)
    assert answer["Cache-Control"] == "private, no-store"

    def longest(value: object) -> int:
        if isinstance(value, dict):
            return max(map(longest, value.values()), default=0)
        return max(len(value), *map(longest, value), 0) if isinstance(value, list) and value else 0

    assert longest(answer.json()) < 50


def test_the_setting_is_the_most_lenient_of_any_node_unless_another_is_asked_for(admin: APIClient) -> None:
    enrolled("Ada", looks(0, 2))
    assert checked(admin)["report"]["strangers_named_one_in"] == 1000
    node = FakeNode.hung().node
    settings_change(node, {"strangers_named_one_in": 200}, by=None)
    FakeNode.hung()
    assert checked(admin)["report"]["strangers_named_one_in"] == 200
    asked = checked(admin, "?strangers_named_one_in=5000")["report"]
    assert asked["strangers_named_one_in"] == 5000
    assert asked["bar"] > checked(admin)["report"]["bar"]


@pytest.mark.parametrize("value", ["0", "9", "-5", "1000001", "many", "1e3", "NaN", "%00"])
def test_a_setting_that_is_none_is_a_problem(admin: APIClient, value: str) -> None:
    answer = admin.get(f"{URL}?strangers_named_one_in={value}")
    assert answer.status_code == 400
    assert "strangers_named_one_in" in answer.json()["errors"]


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ADMIN, 200), (Role.OPERATOR, 200), (Role.MANAGER, 403), (Role.SELF, 403), (Role.AUDITOR, 403), (None, 401)]
)
def test_only_those_who_run_lintel_check_the_gallery(role: Role | None, status: int) -> None:
    assert as_role(role).get(URL).status_code == status
    assert as_role(role).post(URL).status_code in {401, 403, 405}


def test_an_empty_gallery_and_one_of_one_person_are_answers_too(admin: APIClient) -> None:
    assert "Nobody is enrolled" in checked(admin)["report"]["suggestion"]["because"]
    enrolled("Ada", looks(0, 1))
    report = checked(admin)["report"]
    assert (report["people"], report["tested"], report["own"], report["highest_stranger"]) == (1, 0, None, None)
    assert [one["name"] for one in report["one_sample_only"]] == ["Ada"]


def test_whoever_did_not_agree_and_what_was_set_aside_is_not_looked_at(admin: APIClient) -> None:
    enrolled("Ada", [*looks(0, 3), *looks(1, 1)])
    enrolled("Bea", looks(2, 3), consent=False)
    report = checked(admin)["report"]
    assert (report["people"], report["samples"]) == (1, 3)


@pytest.mark.parametrize("damaged", [np.full(128, np.nan), np.ones(128), np.ones(64) / 8])
def test_an_embedding_that_cannot_be_read_is_told_by_name_and_the_rest_is_tried(admin: APIClient, damaged: np.ndarray[Any, Any]) -> None:
    store(enrolled("Ada", looks(0, 3)), np.asarray(damaged, np.float32))
    enrolled("Bea", looks(1, 3))
    found = checked(admin)
    assert found["unreadable"] == ["Ada"]
    assert found["report"]["ended"]["right"] == found["report"]["tested"] == 6


def test_samples_of_another_model_are_counted_and_never_compared(admin: APIClient) -> None:
    enrolled("Ada", looks(0, 2))
    store(enrolled("Bea", []), looks(0, 1)[0], model_id="another-model")
    found = checked(admin)
    assert (found["other_model"], found["report"]["people"]) == (1, 1)


def test_somebody_between_two_people_is_the_nearest_stranger(admin: APIClient) -> None:
    for number in range(3):
        enrolled(f"Person {number}", looks(number, 3))
    enrolled("Between", [between(0, 1, 0.45)])
    report = checked(admin)["report"]
    assert {report["highest_stranger"]["person"]["name"], report["highest_stranger"]["other"]["name"]} == {"Between", "Person 0"}
    assert report["highest_pair"]["similarity"] == pytest.approx(report["highest_stranger"]["similarity"], abs=0.05)


def test_more_samples_than_can_be_waited_for_are_refused(admin: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled("Ada", looks(0, 3))
    monkeypatch.setattr(check, "MAX_SAMPLES", 2)
    answer = admin.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (409, "gallery_too_large")
    assert "lintel-face evaluate gallery" in answer.json()["detail"]


def test_two_checks_do_not_run_at_once_and_a_failed_one_does_not_block_the_next(admin: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with check._one_at_a_time:
        answer = admin.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "check_running")
    assert answer["Retry-After"] == "5"
    monkeypatch.setattr(check, "MAX_SAMPLES", -1)
    assert admin.get(URL).status_code == 409
    monkeypatch.undo()
    assert admin.get(URL).status_code == 200


def test_the_report_is_plain_json_also_where_similarities_are_missing(admin: APIClient) -> None:
    enrolled("Ada", looks(0, 1))
    assert "NaN" not in json.dumps(checked(admin))
