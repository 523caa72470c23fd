"""Every operation of the API and every page against the permission matrix: role × resource × verb × whose object it is."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from server.attendance.correction_models import Correction
from server.core.permissions import MATRIX, Resource, Role, Scope, Verb, verb_of
from tests.server.matrix_world import DAY, LED, NAMES, OWN, REACHED, STRANGE, World

pytestmark = pytest.mark.django_db
API = "/api/v1/"
WITHOUT_A_RESOURCE = {"auth/token", "health", "node/claim", "node/crops/{sha256}", "node/epoch", "node/gallery", "node/heartbeat",
                      "node/records", "node/settings", "node/token"}  # fmt: skip
OPEN = {"health", "node/claim", "auth/token"}
REACHED_BY = {Role.MANAGER: Scope.OWN_GROUPS, Role.SELF: Scope.OWN}
STRANGE_MARK = NAMES[STRANGE]
CALLERS: tuple[Role | None, ...] = (*Role, None)
NAMED = {"person": "people", "group": "groups", "membership": "memberships", "sample": "samples"}
SAID = {"text": "x", "reason": "x", "note": "x"}
CLOSED = "is closed"
PAPER, WITHDRAW, LIFT = "corrections/{id}/attachments/{attachment}", "corrections/{id}/withdraw", "seals/{id}/lift"
NARROWER = {
    ("get", PAPER, Role.VIEWER),  # for those who decide, who asked, and whom it is about
    *(("post", WITHDRAW, role) for role in (Role.ADMIN, Role.OPERATOR, Role.MANAGER)),  # for who asked
    ("post", LIFT, Role.OPERATOR),  # for whoever may take a seal away
}
"""Where somebody whom the matrix lets in is refused by what the thing itself says."""
SHEDS = {"sha256": "a" * 64, "kind": "day"}


@dataclass(frozen=True)
class Operation:
    """One method at one address."""

    method: str
    path: str
    resource: Resource | None

    @property
    def verb(self) -> Verb:
        return verb_of(self.method.upper())

    @property
    def names(self) -> list[str]:
        """What the address names, as the world calls it."""
        segment = self.path.split("/", maxsplit=1)[0]
        return [segment if name == "id" else NAMED.get(name, name) for name in re.findall(r"\{(\w+)\}", self.path) if name not in SHEDS]

    def address(self, world: World, kind: str) -> str:
        names = iter(self.names)
        return API + re.sub(r"\{(\w+)\}", lambda found: SHEDS.get(str(found[1])) or str(world.id_of(next(names), kind)), self.path)

    def is_personal(self, world: World) -> bool:
        return any(name in world.bundles[STRANGE].ids for name in self.names)


@pytest.fixture(scope="module")
def operations() -> list[Operation]:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = [(method, path.removeprefix(API)) for path, methods in sorted(schema["paths"].items()) for method in sorted(methods)]
    return [Operation(method, path, resource_at(path)) for method, path in found]


def resource_at(path: str) -> Resource | None:
    concrete = re.sub(r"\{(\w+)\}", lambda found: SHEDS.get(str(found[1]), "12345678-1234-5678-1234-567812345678"), path)
    view: Any = resolve(API + concrete).func
    resource = view.initkwargs.get("resource", getattr(view.cls, "resource", None))
    return resource if isinstance(resource, Resource) else None


def scope_of(role: Role | None, resource: Resource, verb: Verb) -> Scope:
    return Scope.NONE if role is None else MATRIX[resource][verb].get(role, Scope.NONE)


def kinds_for(operation: Operation, scope: Scope, world: World) -> Iterator[str]:
    """Whose objects are tried."""
    yield STRANGE
    if scope in REACHED and operation.is_personal(world):
        yield REACHED[scope]


def ask(client: APIClient, method: str, address: str, body: object = None, *, accept: str = "application/json") -> Any:
    """The answer; whatever it changed is taken back."""
    with transaction.atomic():
        sent = "" if method == "get" else json.dumps(body)
        answer = client.generic(method.upper(), address, sent, content_type="application/json", HTTP_ACCEPT=accept)
        transaction.set_rollback(True)
    return answer


def content_of(answer: Any) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(raw.decode("utf-8", "replace"))


def client_of(world: World, role: Role | None) -> APIClient:
    client = APIClient(raise_request_exception=False)
    if role is not None:
        client.force_authenticate(world.accounts[role])
    return client


def test_every_operation_names_its_resource_or_is_known_to_need_none(operations: list[Operation]) -> None:
    assert {operation.path for operation in operations if operation.resource is None} == WITHOUT_A_RESOURCE


@pytest.mark.parametrize("role", CALLERS)
def test_every_operation_is_open_to_whom_the_matrix_says_and_to_nobody_else(role: Role | None, operations: list[Operation]) -> None:
    world = World()
    client, wrong = client_of(world, role), []
    for operation in operations:
        if operation.resource is None:
            continue
        scope = scope_of(role, operation.resource, operation.verb)
        for kind in kinds_for(operation, scope, world):
            reaches = scope is Scope.ALL or kind == REACHED.get(scope) or not operation.is_personal(world)
            address = operation.address(world, kind)
            answer = ask(client, operation.method, address, SAID if operation.method == "post" else {})
            fault = fault_in(answer.status_code, role, scope, reaches=reaches)
            if fault == CLOSED and answer.status_code == 403 and (operation.method, operation.path, role) in NARROWER:
                continue
            if fault or (leaked := leaked_in(answer, world, scope, address)):
                wrong.append(f"{operation.method} {operation.path} of {kind} as {role}: {answer.status_code} {fault or leaked}")
    assert not wrong, "\n".join(wrong)


def leaked_in(answer: Any, world: World, scope: Scope, request: str) -> list[str]:
    """What an answer tells of people its caller does not reach, and did not name."""
    text = content_of(answer)
    return sorted(mark for mark in world.forbidden(scope, request) if mark in text)


def fault_in(status: int, role: Role | None, scope: Scope, *, reaches: bool) -> str:
    """What is wrong with this answer; empty: nothing."""
    if status >= 500:
        return "fails"
    if role is None:
        return "" if status == 401 else "is open to everybody"
    if scope is Scope.NONE:
        return "" if status in {403, 404} else "is open"
    if not reaches:
        return "" if status in {403, 404} else "reaches too far"
    return CLOSED if status in {401, 403} else ""


@pytest.mark.parametrize("role", CALLERS)
def test_what_is_for_nodes_is_closed_to_people(role: Role | None, operations: list[Operation]) -> None:
    world = World()
    client = client_of(world, role)
    for operation in operations:
        if operation.path in WITHOUT_A_RESOURCE - OPEN:
            assert ask(client, operation.method, operation.address(world, STRANGE), {}).status_code in {401, 403}, operation.path


LIMITED = ((Role.MANAGER, LED), (Role.SELF, OWN))
LISTS = ("people", "groups", "memberships", "sessions", "schedules", "attendance", "open-days", "visits", "leave", "marks", "passes",
         "corrections", "sightings", "presence")  # fmt: skip


@pytest.mark.parametrize(("role", "reached"), LIMITED)
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_lists_tell_of_those_the_caller_reaches_and_of_nobody_else(role: Role, reached: str, accept: str) -> None:
    world = World()
    admin, limited = client_of(world, Role.ADMIN), client_of(world, role)
    for name in LISTS:
        everything, told = (content_of(ask(client, "get", API + name, accept=accept)) for client in (admin, limited))
        if name != "presence":
            assert all(any(mark in everything for mark in bundle.marks) for bundle in world.bundles.values()), name
            assert any(mark in told for mark in world.bundles[reached].marks), name
        assert [mark for mark in world.forbidden(REACHED_BY[role], "") if mark in told] == [], name


@pytest.mark.parametrize(("role", "reached"), LIMITED)
def test_no_filter_reaches_further_than_the_list(role: Role, reached: str) -> None:
    world = World()
    admin, limited, tried = client_of(world, Role.ADMIN), client_of(world, role), 0
    for name in LISTS:
        for field, key in (("person", "people"), ("group", "groups"), ("session", "sessions"), ("search", "")):
            wanted = world.bundles[STRANGE].ids[key] if key else "Quixotia"
            address = f"{API}{name}?{field}={wanted}"
            tried += STRANGE_MARK in content_of(ask(admin, "get", address))
            answer = ask(limited, "get", address)
            assert STRANGE_MARK not in content_of(answer), address
            assert answer.status_code in {200, 400, 403, 404, 422}
    assert tried > 10
    assert reached != STRANGE


@pytest.mark.parametrize(("role", "reached"), LIMITED)
@pytest.mark.parametrize("kind", ["day", "door", "group", "hours", "late", "monthly", "person", "visits"])
def test_reports_tell_of_those_the_caller_reaches_and_of_nobody_else(role: Role, reached: str, kind: str) -> None:
    world = World()
    limited = client_of(world, role)
    for whose in (STRANGE, reached):
        ids = world.bundles[whose].ids | world.shared
        needed = {"day": ("site", "sites"), "person": ("person", "people"), "group": ("group", "groups"), "monthly": ("group", "groups"),
                  "door": ("door", "doors")}  # fmt: skip
        about = "".join(f"&{field}={ids[key]}" for field, key in [needed[kind]]) if kind in needed else ""
        address = f"{API}reports/{kind}?from={DAY}&to={DAY}{about}"
        for accept in ("application/json", "text/csv"):
            answer = ask(limited, "get", address, accept=accept)
            assert answer.status_code in ({200} if whose == reached else {200, 403, 404, 422}), (address, content_of(answer)[:300])
            assert leaked_in(answer, world, REACHED_BY[role], address) == [], address


def bodies(world: World, kind: str) -> dict[str, dict[str, Any]]:
    """What a limited account may ask for about whom it reaches, naming them in the body."""
    ids = {name: str(uuid) for name, uuid in (world.bundles[kind].ids | world.shared).items()}
    both = {"person": ids["people"], "session": ids["sessions"]}
    times = {"begins_at": f"{DAY}T18:00:00Z", "ends_at": f"{DAY}T19:00:00Z"}
    weekly = {"weekdays": [0], "begins": "20:00", "ends": "21:00", "valid_from": "2024-12-01"}
    place = {"site": ids["sites"], "group": ids["groups"], "name": "another"}
    return {
        "corrections": {**both, "reason": "I was there", "note": "y"},
        "marks": {**both, "state": "present"},
        "passes": {"person": ids["people"], "door": ids["doors"], "at": f"{DAY}T12:10:00Z", "way": "in"},
        "leave": {"person": ids["people"], "reason": "sick", "first_day": "2024-12-01", "last_day": "2024-12-02"},
        "sessions": {**place, **times},
        "schedules": {**place, **weekly, "kind": "lecture"},
        "corrections/approve": {"corrections": [ids["corrections"]]},
        "corrections/reject": {"corrections": [ids["corrections"]], "reason": "no"},
        f"sessions/{ids['sessions']}/marks": {"marks": [{"person": ids["people"], "state": "absent"}]},
        f"marks/batches/{ids['batch']}/undo": {},
    }


MANAGED = {"leave", "marks", "passes", "schedules", "sessions", "sessions/marks", "marks/batches/undo"}
MANAGED |= {"corrections/approve", "corrections/reject"}


@pytest.mark.parametrize(("role", "reached", "expected"), [(Role.MANAGER, LED, MANAGED), (Role.SELF, OWN, set())])
def test_what_a_body_names_must_be_within_reach_too(role: Role, reached: str, expected: set[str]) -> None:
    world = World()
    client = client_of(world, role)
    assert done_with(client, world, role, STRANGE) == set()
    assert done_with(client, world, role, reached) == expected
    Correction.objects.update(state="withdrawn")
    assert done_with(client, world, role, STRANGE) == set()
    assert "corrections" in done_with(client, world, role, reached)


def done_with(client: APIClient, world: World, role: Role, whose: str) -> set[str]:
    """What was done of it; nothing else answers with more than the request said."""
    done = set()
    for address, body in bodies(world, whose).items():
        answer = ask(client, "post", API + address, body)
        assert answer.status_code in {200, 201, 400, 403, 404, 409, 422}, (address, content_of(answer))
        assert leaked_in(answer, world, REACHED_BY[role], json.dumps(body) + address) == [], address
        if answer.status_code < 300:
            done.add(re.sub(r"/[0-9a-f-]{36}", "", address))
    return done
