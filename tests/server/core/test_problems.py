from io import StringIO
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from rest_framework.request import Request
from rest_framework.test import APIClient

from server.core import checks, problems
from server.core.apis import HealthApi
from server.core.permissions import Role
from tests.factories import as_role

MEMBERS = {"type", "title", "status", "detail", "code", "errors"}


def assert_problem(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response["Content-Type"], response.json()["code"]) == (status, "application/problem+json", code)
    assert set(response.json()) == MEMBERS


def test_an_address_that_is_not_there_is_a_problem(client: Client) -> None:
    assert_problem(client.get("/api/v1/nothing"), 404, "not_found")


@pytest.mark.django_db
def test_a_wrong_method_media_type_or_body_is_a_problem() -> None:
    admin = as_role(Role.ADMIN)
    assert_problem(admin.put("/api/v1/sites", {}), 405, "method_not_allowed")
    assert_problem(admin.post("/api/v1/sites", "<a/>", content_type="text/xml"), 415, "unsupported_media_type")
    assert_problem(admin.post("/api/v1/sites", "{", content_type="application/json"), 400, "parse_error")
    assert_problem(admin.post("/api/v1/sites", '{"name": NaN}', content_type="application/json"), 400, "parse_error")
    assert_problem(admin.post("/api/v1/sites", "[" * 100_000, content_type="application/json"), 400, "parse_error")
    assert_problem(admin.post("/api/v1/sites", "x" * 2_000_000, content_type="application/json"), 413, "body_too_large")


@pytest.mark.django_db
def test_field_errors_name_their_fields() -> None:
    response = as_role(Role.ADMIN).post("/api/v1/sites", {"name": "x\u0000", "time_zone": "Mars/Base"}, format="json")
    assert_problem(response, 400, "invalid")
    assert set(response.json()["errors"]) == {"name", "time_zone"}


def test_an_unforeseen_error_says_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(view: HealthApi, request: Request) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(HealthApi, "get", fail)
    response = APIClient(raise_request_exception=False).get("/api/v1/health")
    assert_problem(response, 500, "server_error")
    assert b"secret" not in response.content


def test_a_database_that_does_not_answer_asks_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(view: HealthApi, request: Request) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(HealthApi, "get", fail)
    response = APIClient().get("/api/v1/health")
    assert_problem(response, 503, "database_unavailable")
    assert response["Retry-After"] == "5"


def test_nested_errors_get_dotted_names() -> None:
    assert problems._flat({"a": {"b": ["x"]}, "c": [{"d": ["y"]}]}) == {"a.b": ["x"], "c.0.d": ["y"]}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"CONTENT_LENGTH": str(65 * 1024 * 1024)}, 413, "body_too_large"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, 415, "content_encoding"),
        ({"CONTENT_LENGTH": "many"}, 400, "bad_request"),
    ],
)
def test_a_body_beyond_measure_is_refused_unread(client: Client, headers: Any, status: int, code: str) -> None:
    assert_problem(client.post("/api/v1/node/records", **headers), status, code)


def test_every_page_forbids_inline_script(client: Client) -> None:
    policy = client.get("/api/v1/nothing")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy


def _found(name: str) -> object:
    return name


def test_psycopg_3_beside_psycopg2_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.one_driver(None) == []
    monkeypatch.setattr(checks, "find_spec", _found)
    assert [error.id for error in checks.one_driver(None)] == ["lintel.E001"]


@pytest.mark.django_db
def test_health_needs_no_account(client: Client) -> None:
    assert client.get("/api/v1/health").json() == {"status": "ok"}


@pytest.mark.django_db
def test_the_schema_is_openapi_3_1_and_declares_problems(client: Client) -> None:
    text = client.get("/api/schema/?format=json").json()
    assert text["openapi"].startswith("3.1")
    assert {"400", "401", "403", "404"} <= set(text["paths"]["/api/v1/sightings"]["get"]["responses"])
    assert "/api/v1/node/records" in text["paths"]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    from django.core.management import call_command  # noqa: PLC0415

    said = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()


@pytest.mark.parametrize("path", ["/api/v1/health", "/"])
def test_a_name_the_server_does_not_answer_to_is_said_so(client: Client, path: str) -> None:
    answer = client.get(path, HTTP_HOST="other.example.org")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")
    assert "allowed_hosts" in answer.json()["detail"]
