"""Second looks: where the server's gallery says something else than the node did, and what staff make of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.accounts.models import User
from server.core.errors import Conflict
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.sightings.models import CropState, SecondLook
from server.sightings.second_look import Difference, Reason, Verdict
from server.sightings.second_look_decisions import verdict_give
from server.sightings.second_look_selectors import State, second_looks_visible
from server.sightings.second_look_services import second_look_make
from server.sightings.selectors import sightings_visible
from server.web.access import Page, no_store

PER_PAGE = 30
UTC_ZONE = ZoneInfo("UTC")
STATES = (State.OPEN, State.ACCEPTED, State.DISMISSED)
REASONS = {
    Reason.ASKED: "Somebody asked for it.",
    Reason.LATE_ENROLMENT: "The person named now was enrolled after this pass.",
    Reason.NEW_SAMPLE: "There are samples that were added after this pass.",
    Reason.PERSON_MERGED: "The person the node named has been merged into another one.",
    Reason.PERSON_LEFT: "The person the node named may not be named any more, or did not belong here on that day.",
    Reason.BAR_CHANGED: "How alike two faces must be for a match has changed.",
    Reason.GALLERY_CHANGED: "The gallery has changed.",
}
DOUBTS = {
    "near": "below the bar of a match",
    "margin": "no clear lead over the next person",
    "few_frames": "too few frames agreed",
    "pad": "looked like a held picture",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A second look as a page shows it; `at` is in the zone of its site."""

    look: SecondLook
    at: datetime
    may_see_crop: bool

    @property
    def reason(self) -> str:
        return REASONS[Reason(self.look.reason)]

    @property
    def doubts(self) -> list[str]:
        return [DOUBTS.get(doubt, doubt) for doubt in self.look.doubts]

    @property
    def node_doubts(self) -> list[str]:
        return [DOUBTS.get(doubt, doubt) for doubt in self.look.sighting.evidence.doubts]


class _Looks(Page):
    resource = Resource.SIGHTINGS

    def looks(self, request: HttpRequest) -> QuerySet[SecondLook]:
        return second_looks_visible(user=request.user, scope=scope_for(request.user, Resource.SIGHTINGS, Verb.VIEW))


class SecondLooksPage(_Looks):
    """A list by state; without one, those that wait for a decision."""

    def get(self, request: HttpRequest) -> HttpResponse:
        state = request.GET.get("state", State.OPEN)
        chosen = state if state in STATES else State.OPEN
        looks = self.looks(request).exclude(difference=Difference.SAME).filter(Q(state=chosen))
        pages = Paginator(looks, PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        context = {"rows": shown_of(request.user, list(page)), "pages": page, "state": chosen, "states": STATES, "page": "second-looks"}
        return no_store(render(request, "web/second_looks.html", context))


class SecondLookPage(_Looks):
    """The evidence: both answers side by side, with their bars, and what staff made of them."""

    def get(self, request: HttpRequest, look: UUID) -> HttpResponse:
        found = get_object_or_404(self.looks(request), uuid=look)
        (row,) = shown_of(request.user, [found])
        may_decide = scope_for(request.user, Resource.ATTENDANCE, Verb.CHANGE) is not Scope.NONE
        context = {"row": row, "may_decide": may_decide, "page": "second-looks"}
        return no_store(render(request, "web/second_look.html", context))


class SecondLookVerdictPage(_Looks):
    """One of the buttons of the evidence page."""

    resource = Resource.ATTENDANCE
    verdict = Verdict.DISMISSED

    def post(self, request: HttpRequest, look: UUID) -> HttpResponse:
        found = get_object_or_404(self.looks(request), uuid=look)
        by = request.user if isinstance(request.user, User) else None
        try:
            verdict_give(look=found, verdict=self.verdict, by=by, now=timezone.now())
        except Conflict as refusal:
            messages.error(request, str(refusal))
        return redirect("second-look-page", look)


class LookAgainPage(Page):
    """Asks for a second look at a sighting and shows it."""

    resource = Resource.SIGHTINGS

    def post(self, request: HttpRequest, sighting: UUID) -> HttpResponse:
        found = get_object_or_404(sightings_visible(user=request.user, scope=self.scope(request)), uuid=sighting)
        try:
            look, _ = second_look_make(sighting=found, now=timezone.now())
        except Conflict as refusal:
            messages.error(request, str(refusal))
            return redirect("second-looks-page")
        return redirect("second-look-page", look.uuid)


def shown_of(user: object, looks: list[SecondLook]) -> list[Shown]:
    """With their local times, and whether this account may see the faces."""
    crops = sightings_visible(user=user, scope=scope_for(user, Resource.CROPS, Verb.VIEW))
    stored = crops.filter(pk__in=[look.sighting_id for look in looks], crop__state=CropState.STORED)
    allowed = set(stored.values_list("pk", flat=True))
    return [Shown(look, _local(look), look.sighting_id in allowed) for look in looks]


def _local(look: SecondLook) -> datetime:
    door = look.sighting.door
    return look.sighting.captured_at.astimezone(UTC_ZONE if door is None else door.site.zone)
