"""Unknown passes, grouped by face: who was it? Assign, ignore, take passes out, and take it all back."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django_q.tasks import async_task

from server.accounts.models import User
from server.core.errors import LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.sightings.decision_models import GroupState, UnknownGroup
from server.sightings.models import CropState, Sighting
from server.sightings.unknown_groups import group_assign, group_ignore, group_split, group_undo
from server.sightings.unknown_selectors import GroupShown, groups_shown, groups_visible, members_of
from server.sightings.unknown_tasks import GROUP
from server.web.access import Page, no_store
from server.web.people_choice import person_chosen, uuids_of
from server.web.selectors import UTC_ZONE

GROUPS_PER_PAGE, PASSES_PER_PAGE, FACES = 20, 60, 8


@dataclass(frozen=True, slots=True)
class Card:
    """A group in the list; times are in the zone of the door seen last."""

    shown: GroupShown
    first: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass of a group; `at` is in the zone of its site."""

    sighting: Sighting
    at: datetime
    has_crop: bool


class _Groups(Page):
    resource = Resource.SIGHTING_DECISIONS

    def groups(self, request: HttpRequest) -> QuerySet[UnknownGroup]:
        return groups_visible(user=request.user, scope=scope_for(request.user, self.resource, Verb.VIEW))

    def group(self, request: HttpRequest, uuid: UUID) -> UnknownGroup:
        return get_object_or_404(self.groups(request), uuid=uuid)

    def told(self, request: HttpRequest) -> dict[str, object]:
        return {
            "page": "unknown",
            "may_decide": scope_for(request.user, self.resource, Verb.CHANGE) is not Scope.NONE,
            "may_see_crops": scope_for(request.user, Resource.CROPS, Verb.VIEW) is Scope.ALL,
        }


class UnknownPage(_Groups):
    """Groups by state, those seen last first; without a state those that wait for somebody to decide."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("state", "")
        state = GroupState(asked) if asked in GroupState.values else GroupState.OPEN
        pages = Paginator(self.groups(request).filter(state=state).order_by("-newest_at", "-id"), GROUPS_PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        cards = [_card(shown) for shown in groups_shown(page, faces=FACES)]
        told = {"cards": cards, "pages": page, "state": state, "states": list(GroupState)}
        return no_store(render(request, "web/unknown.html", told | self.told(request)))


class UnknownGroupPage(_Groups):
    """One group with its passes, and what can be done about it."""

    def get(self, request: HttpRequest, group: UUID) -> HttpResponse:
        found = self.group(request, group)
        pages = Paginator(members_of(found), PASSES_PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        (shown,) = groups_shown([found], faces=1)
        told = {"card": _card(shown), "group": found, "passes": _passes(page), "pages": page}
        return no_store(render(request, "web/unknown_group.html", told | self.told(request)))


class _Deed(_Groups):
    """A button of the page of a group. What is refused is said on the page."""

    def post(self, request: HttpRequest, group: UUID) -> HttpResponse:
        found = self.group(request, group)
        try:
            self.do(request, found)
        except LintelError as refusal:
            messages.error(request, str(refusal))
        if self.groups(request).filter(pk=found.pk).exists():
            return redirect("unknown-group-page", group)
        return redirect("unknown-page")

    @abstractmethod
    def do(self, request: HttpRequest, group: UnknownGroup) -> None:
        """Do it; raises LintelError."""


class UnknownAssignPage(_Deed):
    """It was this person, also confirming what joined since."""

    def do(self, request: HttpRequest, group: UnknownGroup) -> None:
        group_assign(group=group, person=person_chosen(request), by=_by(request), now=timezone.now())


class UnknownIgnorePage(_Deed):
    """It is nobody of ours."""

    def do(self, request: HttpRequest, group: UnknownGroup) -> None:
        group_ignore(group=group, by=_by(request), now=timezone.now())


class UnknownUndoPage(_Deed):
    """Neither of the two."""

    def do(self, request: HttpRequest, group: UnknownGroup) -> None:
        group_undo(group=group, by=_by(request), now=timezone.now())


class UnknownTakeOutPage(_Deed):
    """A pass is somebody else's."""

    def do(self, request: HttpRequest, group: UnknownGroup) -> None:
        group_split(group=group, sightings=uuids_of(request.POST.getlist("sighting")), by=_by(request), now=timezone.now())


class UnknownUpdatePage(_Groups):
    """Group what came since, now instead of within minutes."""

    def post(self, request: HttpRequest) -> HttpResponse:
        transaction.on_commit(lambda: async_task(GROUP), robust=True)
        messages.success(request, "The passes that came since are being grouped; look again in a few seconds.")
        return redirect("unknown-page")


def _by(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _card(shown: GroupShown) -> Card:
    zone = shown.doors[0].site.zone if shown.doors else UTC_ZONE
    first: datetime = getattr(shown.group, "first_at", None) or shown.group.newest_at
    return Card(shown, first.astimezone(zone), shown.group.newest_at.astimezone(zone))


def _passes(sightings: Sequence[Sighting]) -> list[Pass]:
    found = []
    for sighting in sightings:
        zone = UTC_ZONE if sighting.door is None else sighting.door.site.zone
        crop = getattr(sighting, "crop", None)
        found.append(Pass(sighting, sighting.captured_at.astimezone(zone), crop is not None and crop.state == CropState.STORED))
    return found
