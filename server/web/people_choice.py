"""Choosing a person: a search field whose answers are radio buttons, so that nobody has to scroll through everybody."""

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from server.core.errors import Rejected
from server.core.permissions import Resource, Verb, scope_for
from server.people.models import Person
from server.people.selectors import people_visible
from server.web.access import Page, no_store

SHOWN = 8


class PeopleChoicePart(Page):
    """The people whose name or number has what was typed, as radio buttons."""

    resource = Resource.PEOPLE

    def get(self, request: HttpRequest) -> HttpResponse:
        search = request.GET.get("search", "").strip()[:200]
        people = people_visible(user=request.user, scope=self.scope(request))
        found = people.filter(Q(name__icontains=search) | Q(number__icontains=search)).order_by("name", "id") if search else people.none()
        told = {"people": found[:SHOWN], "more": found.count() > SHOWN if search else False, "search": search}
        return no_store(render(request, "web/parts/people_choice.html", told))


def person_chosen(request: HttpRequest) -> Person:
    """Whom a form names. Raises Rejected: person_missing."""
    uuids = uuids_of([request.POST.get("person", "")])
    people = people_visible(user=request.user, scope=scope_for(request.user, Resource.PEOPLE, Verb.VIEW))
    person = people.filter(uuid__in=uuids).select_related("merged_into").first()
    if person is None:
        raise Rejected("person_missing", "Choose a person first: type a part of the name, then pick one of the people found.")
    return person


def uuids_of(texts: list[str]) -> list[UUID]:
    """Those that are ids; anything else names nothing."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
