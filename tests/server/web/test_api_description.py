import io
import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
OPEN = {("post", "/api/v1/auth/token"), ("get", "/api/v1/health"), ("post", "/api/v1/node/claim")}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def operations(schema: dict[str, Any]) -> list[Operation]:
    return [(method, path, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()]


def is_open(operation: dict[str, Any]) -> bool:
    return all(not requirement for requirement in operation["security"])


def test_the_description_is_valid_and_made_without_a_warning() -> None:
    out = io.StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    assert out.getvalue().startswith("openapi: 3.1")


def test_the_description_is_served_to_everybody() -> None:
    answer = Client().get("/api/schema/")
    assert answer.status_code == 200
    assert b"openapi: 3.1" in answer.content


def test_three_ways_to_prove_oneself_are_declared(schema: dict[str, Any]) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert set(schemes) == {"token", "nodeToken", "cookieAuth"}
    assert schemes["nodeToken"]["scheme"] == "bearer"
    assert schemes["token"]["name"] == "Authorization"


def test_nodes_prove_themselves_by_their_token_and_staff_by_theirs(schema: dict[str, Any]) -> None:
    for method, path, operation in operations(schema):
        names = {name for requirement in operation["security"] for name in requirement}
        expected = {"nodeToken"} if path.startswith("/api/v1/node/") else {"token", "cookieAuth"}
        assert names == (set() if (method, path) in OPEN else expected), f"{method} {path}"


def test_every_operation_tells_its_refusals(schema: dict[str, Any]) -> None:
    for method, path, operation in operations(schema):
        told = {int(status) for status in operation["responses"]}
        wanted = {503} if is_open(operation) else {401, 403, 503}
        wanted |= {404} if "{" in path else set()
        wanted |= {400, 413, 415} if "requestBody" in operation else set()
        assert wanted <= told, f"{method} {path}"
        assert 405 not in told


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("post", "/api/v1/auth/token", {401, 429}),
        ("post", "/api/v1/people/{person}/samples", {200, 201, 409, 422}),
        ("patch", "/api/v1/people/{person}/samples/{sample}", {200, 400, 404}),
        ("get", "/api/v1/people/{person}/samples/advice", {200, 404}),
        ("get", "/api/v1/gallery/check", {200, 400, 409, 503}),
        ("post", "/api/v1/node/claim", {200, 403, 409, 422}),
        ("post", "/api/v1/node/heartbeat", {200, 422}),
        ("post", "/api/v1/node/token", {200, 409}),
        ("post", "/api/v1/node/epoch", {200, 422}),
        ("post", "/api/v1/node-claims", {201, 409}),
        ("post", "/api/v1/nodes/{id}/identify", {200, 409}),
        ("post", "/api/v1/nodes/{id}/unfreeze", {200, 409}),
        ("post", "/api/v1/node-alarms/{id}/resolve", {200, 400, 404}),
        ("get", "/api/v1/gallery/confirmation", {200, 400}),
        ("post", "/api/v1/node/records", {200, 422}),
        ("put", "/api/v1/node/crops/{sha256}", {204, 404, 422}),
        ("get", "/api/v1/node/gallery", {200, 304}),
        ("get", "/api/v1/node/settings", {200, 304}),
        ("patch", "/api/v1/nodes/{id}/settings", {200, 422}),
        ("delete", "/api/v1/sites/{id}", {204, 409}),
        ("delete", "/api/v1/people/{person}", {204, 409}),
        ("delete", "/api/v1/groups/{group}", {204, 409}),
        ("post", "/api/v1/memberships", {201, 404, 409}),
    ],
)
def test_refusals_of_its_own_are_told_too(schema: dict[str, Any], method: str, path: str, statuses: set[int]) -> None:
    assert statuses <= {int(status) for status in schema["paths"][path][method]["responses"]}


def test_refusals_are_problem_details(schema: dict[str, Any]) -> None:
    for method, path, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert set(answer["content"]) == {"application/problem+json"}, f"{method} {path} {status}"


def test_node_messages_are_described_as_they_are_defined(schema: dict[str, Any]) -> None:
    paths, parts = schema["paths"], schema["components"]["schemas"]
    batch = paths["/api/v1/node/records"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    assert set(parts[batch]["properties"]) == {"protocol", "items"}
    gallery = paths["/api/v1/node/gallery"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    whole, delta = (parts[one["$ref"].split("/")[-1]]["properties"] for one in parts[gallery]["anyOf"])
    assert {"revision", "model_id", "people"} <= set(whole)
    assert {"base_revision", "gone", "digest"} <= set(delta)


@pytest.mark.parametrize(
    "name",
    ["people", "groups", "memberships", "sites", "doors", "nodes", "node-alarms", "mounts", "sightings", "second-looks", "attendance",
     "open-days", "visits", "exports"],
)  # fmt: skip
def test_lists_are_described_in_pages(schema: dict[str, Any], name: str) -> None:
    listing = schema["paths"][f"/api/v1/{name}"]["get"]
    reference = listing["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    assert {"next", "previous", "results"} <= set(schema["components"]["schemas"][reference]["properties"])
    assert "cursor" in {parameter["name"] for parameter in listing["parameters"]}


def test_whoever_is_not_signed_in_is_refused_everywhere_but_where_it_says_so(schema: dict[str, Any]) -> None:
    client = APIClient()
    for method, path, _operation in operations(schema):
        concrete = path.replace("{sha256}", "a" * 64)
        concrete = re.sub(r"\{[^}]*\}", lambda _: str(uuid4()), concrete)
        answer = getattr(client, method)(concrete)
        assert (answer.status_code == 401) == ((method, path) not in OPEN), f"{method} {path}: {answer.status_code}"
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json"


def test_the_docs_page_has_no_inline_script_or_style() -> None:
    answer = Client().get("/api/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<style" not in page
    assert "<script>" not in page
    assert Client().get("/api/docs/?script=").headers["Content-Type"].startswith("application/javascript")
