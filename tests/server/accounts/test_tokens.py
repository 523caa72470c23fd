from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from server.accounts.models import ApiToken, SignInFailures, User
from server.accounts.services import MAX_FAILURES, SignInLocked, SignInRefused, sign_in, token_create
from tests.factories_people import PASSWORD, make_account, token_header

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/token"


@pytest.fixture
def ada() -> User:
    return make_account("self", "ada")


def fail(times: int, *, username: str = "ada") -> None:
    for _ in range(times):
        APIClient().post(URL, {"username": username, "password": "wrong"})


def test_name_and_password_give_a_token_that_opens_the_api(ada: User) -> None:
    answer = APIClient().post(URL, {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 201
    opened = APIClient(headers={"Authorization": f"Token {answer.json()['token']}"}).get("/api/v1/people")
    assert opened.status_code == 200


def test_only_the_hash_of_a_token_is_kept(ada: User) -> None:
    token = token_create(user=ada, name="payroll", now=timezone.now())
    row = ApiToken.objects.get()
    assert token not in {str(value) for value in row.__dict__.values()}
    assert (row.name, row.last_used_at, row.scopes) == ("payroll", None, [])


def test_using_a_token_is_noted(ada: User) -> None:
    APIClient(headers=token_header(ada)).get("/api/v1/people")
    assert ApiToken.objects.get().last_used_at is not None


def test_a_wrong_password_says_neither_whether_the_name_exists(ada: User) -> None:
    answers = [APIClient().post(URL, {"username": name, "password": "wrong"}) for name in ("ada", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "invalid_credentials"


def test_five_wrong_passwords_lock_the_name_and_say_when_to_come_back(ada: User) -> None:
    fail(MAX_FAILURES - 1)
    locking = APIClient().post(URL, {"username": "ada", "password": "wrong"})
    assert (locking.status_code, locking.json()["code"]) == (429, "too_many_tries")
    right = APIClient().post(URL, {"username": "ADA ", "password": PASSWORD})
    assert right.status_code == 429
    assert 1 <= int(right.headers["Retry-After"]) <= 31


def test_a_name_that_does_not_exist_is_locked_too() -> None:
    fail(MAX_FAILURES, username="nobody")
    assert APIClient().post(URL, {"username": "nobody", "password": "x"}).status_code == 429


def test_others_may_sign_in_while_one_name_is_locked(ada: User) -> None:
    fail(MAX_FAILURES, username="somebody")
    assert APIClient().post(URL, {"username": "ada", "password": PASSWORD}).status_code == 201


def test_the_lock_ends_by_itself(ada: User) -> None:
    now = timezone.now()
    for _ in range(MAX_FAILURES):
        with pytest.raises((SignInRefused, SignInLocked)):
            sign_in(username="ada", password="wrong", now=now)
    with pytest.raises(SignInLocked):
        sign_in(username="ada", password=PASSWORD, now=now + timedelta(seconds=29))
    assert sign_in(username="ada", password=PASSWORD, now=now + timedelta(seconds=31)) == ada


def test_signing_in_forgets_earlier_failures(ada: User) -> None:
    fail(MAX_FAILURES - 1)
    assert APIClient().post(URL, {"username": "ada", "password": PASSWORD}).status_code == 201
    assert not SignInFailures.objects.exists()


@pytest.mark.parametrize("body", [{}, {"username": "ada"}, {"username": "", "password": ""}, [], {"username": {}, "password": []}, "text"])
def test_garbage_is_a_problem_not_a_failure(body: object) -> None:
    answer = APIClient().post(URL, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_revoked_token_is_refused_and_revoking_needs_one(ada: User) -> None:
    client = APIClient(headers=token_header(ada))
    assert client.delete(URL).status_code == 204
    assert client.get("/api/v1/people").status_code == 401
    assert client.delete(URL).status_code == 401
    assert APIClient().delete(URL).status_code == 401


@pytest.mark.parametrize("header", ["Token nonsense", "Token", "Token \u00ff", "Bearer nonsense", "Basic YTpi"])
def test_nonsense_in_the_header_opens_nothing(header: str) -> None:
    answer = APIClient(headers={"Authorization": header}).get("/api/v1/people")
    assert answer.status_code == 401


def test_an_account_that_is_switched_off_cannot_sign_in_nor_use_its_token(ada: User) -> None:
    client = APIClient(headers=token_header(ada))
    User.objects.update(is_active=False)
    assert client.get("/api/v1/people").status_code == 401
    assert APIClient().post(URL, {"username": "ada", "password": PASSWORD}).status_code == 401


def test_a_session_has_no_token_to_revoke(ada: User) -> None:
    client = APIClient()
    client.force_authenticate(ada)
    assert client.delete(URL).json()["code"] == "no_token"
