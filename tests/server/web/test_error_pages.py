from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from server.core import problems
from tests.server.web.signed_in import signed_in

pytestmark = pytest.mark.django_db


def test_an_address_that_is_none_leads_back_to_today() -> None:
    for client in (Client(), signed_in("self")):
        answer = client.get("/nothing/here/")
        assert answer.status_code == 404
        assert "There is no such page" in answer.content.decode()
        assert 'href="/"' in answer.content.decode()


def test_a_page_for_others_names_the_role_one_has() -> None:
    answer = signed_in("self").get("/nodes/")
    assert answer.status_code == 403
    assert "with the role <b>Self</b>" in answer.content.decode()


def test_a_failure_is_told_in_the_look_of_the_site_without_details() -> None:
    answer = problems.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Something failed on the server" in page
    assert "web/lintel" in page


def test_a_form_that_was_open_for_too_long_says_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "ada", "password": "x"})
    assert answer.status_code == 403
    assert "load the page anew" in answer.content.decode()


def test_a_request_that_cannot_be_read_is_told_in_words() -> None:
    answer = problems.bad_request(RequestFactory().get("/"), ValueError())
    assert answer.status_code == 400
    assert "could not be understood" in answer.content.decode()


@pytest.mark.parametrize("view", [problems.server_error, lambda request: problems.not_found(request, ValueError())])
def test_programs_get_problem_details_instead_of_pages(view: Callable[[HttpRequest], HttpResponse]) -> None:
    request: HttpRequest = RequestFactory().get("/api/v1/nothing")
    assert view(request)["Content-Type"] == "application/problem+json"


def test_signing_in_without_name_or_password_says_what_is_missing() -> None:
    page = Client().post("/sign-in/", {}).content.decode()
    assert "Type the name of your account." in page
    assert "Type your password." in page
