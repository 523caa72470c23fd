"""The sightings of a person with their evidence: why it was them, what staff decided, and deciding otherwise in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page as Pages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.accounts.models import User
from server.core.errors import LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Person
from server.people.selectors import people_visible
from server.sightings.decision_models import Decision, SightingDecision
from server.sightings.decisions import decision_undo, sighting_decide
from server.sightings.models import CropState, SecondLook, Sighting
from server.sightings.second_look import Difference
from server.sightings.second_look_selectors import second_looks_visible
from server.sightings.selectors import sightings_visible
from server.web.access import Page, is_part, no_store
from server.web.people_choice import person_chosen
from server.web.person_viewed import note_view
from server.web.second_looks import DOUBTS
from server.web.selectors import UTC_ZONE

PER_PAGE = 24


@dataclass(frozen=True, slots=True)
class Shown:
    """A sighting with why it counts for whom; `at` is in the zone of its site."""

    sighting: Sighting
    at: datetime
    may_see_crop: bool
    decisions: Sequence[SightingDecision]
    looks: Sequence[SecondLook]

    @property
    def standing(self) -> SightingDecision | None:
        return next((decision for decision in self.decisions if decision.undone_at is None), None)

    @property
    def bar(self) -> float:
        """The similarity that a match had to reach."""
        return self.sighting.evidence.min_similarity

    @property
    def doubts(self) -> list[str]:
        return [DOUBTS.get(doubt, doubt) for doubt in self.sighting.evidence.doubts]


def sightings_shown(request: HttpRequest, person: Person, number: str | None) -> dict[str, object]:
    """One page of whom the person was taken for, newest first: what counts for them, and what the node or staff said was them."""
    user = request.user
    visible = sightings_visible(user=user, scope=scope_for(user, Resource.SIGHTINGS, Verb.VIEW))
    pages = Paginator(_about(user, person), PER_PAGE)
    page: Pages[tuple[datetime, int]] = pages.get_page(number)
    listed = visible.filter(pk__in=[key for _, key in page]).select_related("record").order_by("-captured_at", "-record_id")
    return {
        "person": person,
        "sightings": _shown(user, list(listed)),
        "pages": page,
        "may_decide": scope_for(user, Resource.SIGHTING_DECISIONS, Verb.CHANGE) is not Scope.NONE,
    }


def _about(user: object, person: Person) -> QuerySet[Sighting, tuple[datetime, int]]:
    """Times and keys. Who may see every pass also sees those that were taken from the person: they can be given back here.

    A union, because each side has an index; with an OR everybody's newest sightings would be read until enough of theirs are found.
    """
    about = Sighting.objects.filter(counts_for=person).order_by().values_list("captured_at", "record_id")
    if scope_for(user, Resource.SIGHTINGS, Verb.VIEW) is Scope.ALL:
        about = about.union(Sighting.objects.filter(person=person).order_by().values_list("captured_at", "record_id"))
    return about.order_by("-captured_at", "-record_id")


def _shown(user: object, sightings: list[Sighting]) -> list[Shown]:
    keys = [sighting.pk for sighting in sightings]
    crops = sightings_visible(user=user, scope=scope_for(user, Resource.CROPS, Verb.VIEW))
    allowed = set(crops.filter(pk__in=keys, crop__state=CropState.STORED).values_list("pk", flat=True))
    decisions: dict[int, list[SightingDecision]] = {}
    if scope_for(user, Resource.SIGHTING_DECISIONS, Verb.VIEW) is not Scope.NONE:
        for decision in SightingDecision.objects.filter(sighting__in=keys).select_related("person", "by", "undone_by").order_by("-id"):
            decisions.setdefault(decision.sighting_id, []).append(decision)
    looks: dict[int, list[SecondLook]] = {}
    seen = second_looks_visible(user=user, scope=scope_for(user, Resource.SIGHTINGS, Verb.VIEW)).exclude(difference=Difference.SAME)
    for look in seen.filter(sighting__in=keys).order_by("-id"):
        looks.setdefault(look.sighting_id, []).append(look)
    return [
        Shown(sighting, _local(sighting), sighting.pk in allowed, decisions.get(sighting.pk, ()), looks.get(sighting.pk, ()))
        for sighting in sightings
    ]


def _local(sighting: Sighting) -> datetime:
    return sighting.captured_at.astimezone(UTC_ZONE if sighting.door is None else sighting.door.site.zone)


def person_here(request: HttpRequest, uuid: UUID) -> Person:
    """Raises Http404 for whom the account may not see."""
    people = people_visible(user=request.user, scope=scope_for(request.user, Resource.PEOPLE, Verb.VIEW))
    return get_object_or_404(people, uuid=uuid)


class PersonSightingsPart(Page):
    """The sightings alone: another page of them."""

    resource = Resource.SIGHTINGS

    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        found = person_here(request, person)
        if not is_part(request):
            return redirect("person-page", person)
        note_view(by=request.user, person=found, now=timezone.now())
        return no_store(render(request, "web/parts/person_sightings.html", sightings_shown(request, found, request.GET.get("page"))))


class PersonDecidePage(Page):
    """Assign, reject or undo, in place; `deed` says which."""

    resource = Resource.SIGHTING_DECISIONS
    deed = "reject"

    def post(self, request: HttpRequest, person: UUID, sighting: UUID) -> HttpResponse:
        found = person_here(request, person)
        about = get_object_or_404(sightings_visible(user=request.user, scope=self.scope(request)), uuid=sighting)
        refusal = ""
        try:
            self._do(request, about)
        except LintelError as refused:
            refusal = str(refused)
        if not is_part(request):
            if refusal:
                messages.error(request, refusal)
            return redirect("person-page", person)
        told = sightings_shown(request, found, request.POST.get("page")) | {"refusal": refusal}
        return no_store(render(request, "web/parts/person_sightings.html", told))

    def _do(self, request: HttpRequest, sighting: Sighting) -> None:
        by, now = request.user if isinstance(request.user, User) else None, timezone.now()
        if self.deed == "undo":
            standing = sighting.decisions.filter(undone_at__isnull=True).first()
            if standing is not None:
                decision_undo(decision=standing, by=by, now=now)
        elif self.deed == "assign":
            sighting_decide(sighting=sighting, decision=Decision.ASSIGN, person=person_chosen(request), by=by, now=now)
        else:
            sighting_decide(sighting=sighting, decision=Decision.REJECT, by=by, now=now)
