"""People: everybody whom the account may see, with when they were here."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from server.core.permissions import Resource, Verb, scope_for
from server.people.selectors import groups_visible
from server.web.access import Page, no_store
from server.web.people_choice import uuids_of
from server.web.people_rows import people_found, rows_of
from server.web.selectors import first_zone

PEOPLE_PER_PAGE = 50


class PeoplePage(Page):
    """Everybody by name, with photo, groups, the days they were here, and the way to their own page."""

    resource = Resource.PEOPLE

    def get(self, request: HttpRequest) -> HttpResponse:
        now, search, group = timezone.now(), request.GET.get("search", "").strip()[:200], _group(request)
        pages = Paginator(people_found(user=request.user, search=search, group=group, today=now.date()), PEOPLE_PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        told = {
            "people": page,
            "rows": rows_of(page, user=request.user, now=now),
            "groups": groups_visible(user=request.user, scope=scope_for(request.user, Resource.GROUPS, Verb.VIEW)).order_by("name"),
            "group": group,
            "search": search,
            "zone": first_zone(),
            "page": "people",
        }
        return no_store(render(request, "web/people.html", told))


def _group(request: HttpRequest) -> UUID | None:
    """The group asked for; garbage asks for none."""
    return next(iter(uuids_of([request.GET.get("group", "")])), None)
