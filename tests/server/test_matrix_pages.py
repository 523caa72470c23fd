"""Every page against the permission matrix: role × resource × verb × whose page it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from server.core.permissions import MATRIX, Resource, Role, Scope, Verb
from server.web.access import Page
from tests.server.matrix_world import DAY, REACHED, STRANGE, World

pytestmark = pytest.mark.django_db
CALLERS: tuple[Role | None, ...] = (*Role, None)
WITHOUT_A_RESOURCE = {"favicon.ico", "sign-in/", "sign-out/"}
NAMED = {
    "person": "people", "session": "sessions", "correction": "corrections", "look": "second-looks", "sighting": "sightings",
    "node": "nodes", "alarm": "node-alarms", "sample": "samples", "site": "sites", "discrepancy": "discrepancies", "seal": "seals",
    "group": "unknown-groups", "area": "areas", "visit": "visits", "schedule": "schedules", "holiday": "holidays",
}  # fmt: skip
CLOSED = "is closed"
NARROWER = {("post", "attendance/seals/<uuid:seal>/lift/", Role.OPERATOR)}
"""Where somebody whom the matrix lets in is refused by what the thing itself says: whoever may take a seal away may lift it."""
PLAIN = {"day": DAY.isoformat(), "kind": "day"}


@dataclass(frozen=True)
class PageAt:
    """A page's address, its view and what it is about."""

    route: str
    view: type[Page] | None
    names: tuple[str, ...]
    resource: Resource | None

    def address(self, world: World, kind: str) -> str:
        address = self.route
        for name in self.names:
            value = PLAIN.get(name) or str(world.id_of(NAMED.get(name, name), kind))
            for converter in ("uuid", "str", "slug"):
                address = address.replace(f"<{converter}:{name}>", value)
        return f"/{address}"

    def is_personal(self, world: World) -> bool:
        return any(NAMED.get(name, name) in world.bundles[STRANGE].ids for name in self.names)

    def methods(self) -> Iterator[tuple[str, Verb]]:
        for method in ("get", "post"):
            if self.view is not None and hasattr(self.view, method):
                yield method, Verb.CHANGE if method == "post" else self.view.get_verb


def pages() -> list[PageAt]:
    return [page for page in _pages(get_resolver().url_patterns, "") if not page.route.startswith(("admin/", "api/"))]


def _pages(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[PageAt]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _pages(pattern.url_patterns, route)
        else:
            view: Any = getattr(pattern.callback, "view_class", None)
            names = tuple(part.split(">")[0] for part in route.replace("<", ":").split(":")[1:] if ">" in part)
            yield PageAt(route, view, names, getattr(view, "resource", None))


def test_every_page_names_its_resource_or_is_known_to_need_none() -> None:
    assert {page.route for page in pages() if page.resource is None} == WITHOUT_A_RESOURCE
    assert all(issubclass(page.view, Page) for page in pages() if page.resource is not None and page.view is not None)


@pytest.mark.parametrize("role", CALLERS)
def test_every_page_opens_to_whom_the_matrix_says_and_to_nobody_else(role: Role | None) -> None:
    world = World()
    client, wrong = Client(raise_request_exception=False), []
    if role is not None:
        client.force_login(world.accounts[role])
    for page in (page for page in pages() if page.resource is not None):
        for method, verb in page.methods():
            scope = Scope.NONE if role is None or page.resource is None else MATRIX[page.resource][verb].get(role, Scope.NONE)
            for kind in {STRANGE, REACHED.get(scope, STRANGE) if page.is_personal(world) else STRANGE}:
                reaches = scope is Scope.ALL or kind == REACHED.get(scope) or not page.is_personal(world)
                address = page.address(world, kind)
                answer = ask(client, method, address)
                fault = fault_in(answer, role, scope, reaches=reaches)
                fault = "" if fault == CLOSED and (method, page.route, role) in NARROWER else fault
                leaked = sorted(mark for mark in world.forbidden(scope, address) if mark in content_of(answer))
                if fault or leaked:
                    wrong.append(f"{method} {page.route} of {kind} as {role}: {answer.status_code} {fault} {leaked}")
    assert not wrong, "\n".join(wrong)


def ask(client: Client, method: str, address: str) -> Any:
    """The answer; whatever it changed is taken back."""
    with transaction.atomic():
        answer = getattr(client, method)(address)
        transaction.set_rollback(True)
    return answer


def content_of(answer: Any) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(raw.decode("utf-8", "replace"))


def fault_in(answer: Any, role: Role | None, scope: Scope, *, reaches: bool) -> str:
    """What is wrong with this answer; empty: nothing."""
    status = answer.status_code
    if status >= 500:
        return "fails"
    if role is None:
        return "" if status == 302 and answer["Location"].startswith("/sign-in/") else "is open to everybody"
    if scope is Scope.NONE or not reaches:
        return "" if status in {403, 404} else "reaches too far"
    return CLOSED if status == 403 or (status == 302 and answer["Location"].startswith("/sign-in/")) else ""
