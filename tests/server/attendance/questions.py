"""Everything that can be asked of the server with GET: every list, every single thing of a kind that is there, every page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from server.core.permissions import Role
from server.reports.tables import Kind
from tests.factories import an_account, as_role

NOT_FOR_STAFF = ("admin/", "api/schema/", "api/docs/", "api/v1/node", "sign-", "favicon", "static")
API = "api/v1/"
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Question:
    """An address that admins may look at."""

    address: str
    client: Client

    def ask(self) -> int:
        """The status of the answer, which was read to its end."""
        response = self.client.get(f"/{self.address}")
        response.getvalue()
        return int(response.status_code)


def questions(things: Mapping[str, UUID]) -> list[Question]:
    """`things`: by the beginning of an address (`people/`), which one to ask about. Addresses of other kinds of things are left out."""
    api, pages = as_role(Role.ADMIN), Client()
    pages.force_login(an_account(Role.ADMIN))
    found = (filled(route, things) for route in routes() if not route.startswith(NOT_FOR_STAFF))
    return [Question(address, api if address.startswith(API) else pages) for address in found if address is not None]


def reports(*, day: date, ids: Mapping[str, UUID]) -> list[str]:
    """Addresses of every report about this day and the two before. `ids`: of a site, group, person, door and area."""
    asked = "&".join(f"{name}={key}" for name, key in ids.items())
    addresses = []
    for kind in Kind:
        first = day if kind is Kind.DAY else day - timedelta(days=2)
        addresses.append(f"{API}reports/{kind}?from={first}&to={day}&{asked}")
    return addresses


def routes() -> Iterator[str]:
    """Every address the server knows, with places for values; those of regular expressions are left out."""
    waiting: list[tuple[str, URLPattern | URLResolver]] = [("", one) for one in get_resolver().url_patterns]
    while waiting:
        before, one = waiting.pop(0)
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            waiting.extend((route, inner) for inner in one.url_patterns)
        elif "^" not in route:
            yield route


def filled(route: str, things: Mapping[str, UUID]) -> str | None:
    """The route with one thing's id in its only place; None where none is known, or there are more places."""
    places = _PLACE.findall(route)
    if not places:
        return route
    beginning = route.removeprefix(API).split("<")[0]
    if len(places) > 1 or beginning not in things:
        return None
    return _PLACE.sub(str(things[beginning]), route)
