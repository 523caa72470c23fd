"""A person's page: last seen, calendar, attendance, visits, sightings, corrections and leave; people see their own."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.accounts.models import User
from server.attendance.correction_models import Correction
from server.attendance.corrections import correction_request
from server.attendance.corrections_selectors import corrections_visible, sessions_to_speak_of
from server.attendance.corrections_values import Changes
from server.attendance.rules.facts import State
from server.core.errors import LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Group, Membership, Person
from server.people.selectors import on_day
from server.schedules.models import Leave
from server.schedules.selectors import leave_visible
from server.sightings.models import Sighting
from server.sites.models import Door
from server.web.access import Page, no_store
from server.web.people_rows import photos_of
from server.web.person_rows import WEEK, WEEKS, attended
from server.web.person_sightings import person_here, sightings_shown
from server.web.person_viewed import note_view
from server.web.selectors import UTC_ZONE, first_zone

NEWEST = 20
DISPUTES = {State.PRESENT.value: "I was present", State.EXCUSED.value: "I was excused", State.ABSENT.value: "I was absent"}


class PersonPage(Page):
    """Everything the account may see of somebody."""

    resource = Resource.PEOPLE

    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        found, now = person_here(request, person), timezone.now()
        note_view(by=request.user, person=found, now=now)
        zone, user = first_zone(), request.user
        today = now.astimezone(zone).date()
        own = found.account_id is not None and found.account_id == user.pk
        told = sightings_shown(request, found, None) | {
            "attended": attended(user=user, person=found, today=today),
            "today": today,
            "last": _last_seen(found),
            "groups": _groups(found, today),
            "photo": photos_of([found.pk], user=user).get(found.pk),
            "corrections": _corrections(user, found),
            "leave": _leave(user, found, today),
            "disputes": DISPUTES if own and scope_for(user, Resource.CORRECTIONS, Verb.CHANGE) is not Scope.NONE else {},
            "own": own,
            "page": "me" if own else "people",
        }
        return no_store(render(request, "web/person.html", told))


class MyPage(Page):
    """The page of the person this account is linked to."""

    resource = Resource.PEOPLE

    def get(self, request: HttpRequest) -> HttpResponse:
        mine = Person.objects.filter(account=request.user.pk, merged_into__isnull=True, erased_at__isnull=True).first()
        if mine is None:
            return no_store(render(request, "web/person_missing.html", {"page": "me"}, status=404))
        return redirect("person-page", mine.uuid)


class DisputePage(Page):
    """People say that a record of their own is wrong; staff decide."""

    resource = Resource.CORRECTIONS

    def post(self, request: HttpRequest, person: UUID, session: UUID) -> HttpResponse:
        found = person_here(request, person)
        sessions = sessions_to_speak_of(user=request.user, scope=self.scope(request))
        about = get_object_or_404(sessions, uuid=session)
        if not isinstance(request.user, User) or found.account_id != request.user.pk:
            raise Http404
        asked, reason = request.POST.get("state", ""), request.POST.get("reason", "")[:2000]
        changes = Changes(state=State(asked) if asked in DISPUTES else None)
        try:
            correction_request(person=found, session=about, changes=changes, reason=reason, by=request.user, now=timezone.now())
            messages.success(request, "Your request waits for a decision; you see it below, under corrections.")
        except LintelError as refusal:
            messages.error(request, str(refusal))
        return redirect("person-page", person)


@dataclass(frozen=True, slots=True)
class LastSeen:
    """Where and when, in the zone of that place."""

    at: datetime
    door: Door | None


def _last_seen(person: Person) -> LastSeen | None:
    newest = Sighting.objects.filter(counts_for=person).select_related("door__site").order_by("-captured_at", "-record_id").first()
    if newest is None:
        return None
    return LastSeen(newest.captured_at.astimezone(UTC_ZONE if newest.door is None else newest.door.site.zone), newest.door)


def _groups(person: Person, today: date) -> list[Group]:
    return list(Group.objects.filter(pk__in=Membership.objects.filter(on_day(today), person=person).values("group")).order_by("name"))


def _corrections(user: object, person: Person) -> list[Correction]:
    scope = scope_for(user, Resource.CORRECTIONS, Verb.VIEW)
    return list(corrections_visible(user=user, scope=scope).filter(person=person).order_by("-id")[:NEWEST])


def _leave(user: object, person: Person, today: date) -> list[Leave]:
    """From eight weeks ago on."""
    leave = leave_visible(user=user, scope=scope_for(user, Resource.LEAVE, Verb.VIEW))
    near = leave.filter(person=person, cancelled_at__isnull=True, last_day__gte=today - WEEKS * WEEK)
    return list(near.order_by("-first_day", "-id")[:NEWEST])
