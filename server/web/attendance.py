"""Attendance by dates and by day, with the seals on them."""

from dataclasses import asdict
from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from server.accounts.models import User
from server.attendance.discrepancies import discrepancy_acknowledge
from server.attendance.seal_models import DiscrepancyState, Seal
from server.attendance.seals import seal_lift, seal_make, seal_waiting
from server.attendance.seals_selectors import discrepancies_visible
from server.core.errors import Conflict, LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.sites.days import local_day
from server.sites.models import Site
from server.web.access import Page, no_store
from server.web.attendance_forms import SealForm
from server.web.attendance_rows import WEEK, day_of, seals_near, week_of
from server.web.attendance_words import difference_words

MOST_DISCREPANCIES = 200
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)


class AttendanceDatesPage(Page):
    """A week of a site: how many were there each day."""

    resource = Resource.ATTENDANCE

    def get(self, request: HttpRequest) -> HttpResponse:
        sites = list(Site.objects.order_by("name", "pk"))
        site = chosen_site(request, sites)
        if site is None:
            return no_store(render(request, "web/attendance_dates.html", {"page": "attendance"}))
        first = monday_of(day_asked(request.GET.get("week"), site))
        last = first + WEEK - timedelta(days=1)
        context = {
            "sites": sites,
            "site": site,
            "days": week_of(user=request.user, site=site, first=first),
            "seals": list(seals_near(site, first, last)),
            "before": first - WEEK,
            "after": first + WEEK,
            "first": first,
            "last": last,
            "discrepancies": open_discrepancies(request.user),
            "page": "attendance",
            **seal_rights(request.user),
        }
        return no_store(render(request, "web/attendance_dates.html", context))


class AttendanceDayPage(Page):
    """A day of a site: its sessions, who was late or missing, and who came by."""

    resource = Resource.ATTENDANCE

    def get(self, request: HttpRequest, site: UUID, day: str) -> HttpResponse:
        found = get_object_or_404(Site, uuid=site)
        wanted = day_of_address(day)
        context = {
            "site": found,
            "day": wanted,
            "before": wanted - timedelta(days=1),
            "after": wanted + timedelta(days=1),
            "shown": day_of(user=request.user, site=found, day=wanted, now=timezone.now()),
            "seal": seals_near(found, wanted, wanted).first(),
            "page": "attendance",
        }
        return no_store(render(request, "web/attendance_day.html", context))


class SealPage(Page):
    """Seals days of a site; what is unsettled in them is told first."""

    resource = Resource.SEALS

    def get(self, request: HttpRequest, site: UUID) -> HttpResponse:
        if scope_for(request.user, self.resource, Verb.CHANGE) is Scope.NONE:
            raise Http404
        found = get_object_or_404(Site, uuid=site)
        first = monday_of(day_asked(request.GET.get("week"), found))
        return self._page(request, found, SealForm(initial={"first_day": first, "last_day": first + WEEK - timedelta(days=1)}))

    def post(self, request: HttpRequest, site: UUID) -> HttpResponse:
        found, form = get_object_or_404(Site, uuid=site), SealForm(request.POST)
        if not form.is_valid():
            return self._page(request, found, form, 400)
        try:
            seal = seal_make(site=found, by=account_of(request), now=timezone.now(), **form.cleaned_data)
        except LintelError as refusal:
            form.add_error(None, str(refusal))
            return self._page(request, found, form, refusal.status)
        return redirect(f"{reverse('attendance-page')}?site={found.uuid}&week={seal.first_day}")

    @staticmethod
    def _page(request: HttpRequest, site: Site, form: SealForm, status: int = 200) -> HttpResponse:
        waiting = None
        if days := form.days():
            waiting = asdict(seal_waiting(site=site, first_day=days[0], last_day=days[1]))
        context = {"site": site, "form": form, "waiting": waiting, "page": "attendance"}
        return no_store(render(request, "web/attendance_seal.html", context, status=status))


class SealLiftPage(Page):
    """Opens sealed days again; for those who may delete seals."""

    resource = Resource.SEALS

    def scope(self, request: HttpRequest) -> Scope:
        return scope_for(request.user, self.resource, Verb.DELETE)

    def post(self, request: HttpRequest, seal: UUID) -> HttpResponse:
        found = get_object_or_404(Seal.objects.select_related("site"), uuid=seal)
        try:
            seal_lift(seal=found, reason=request.POST.get("reason", ""), by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            messages.error(request, str(refusal))
        return redirect(f"{reverse('attendance-page')}?site={found.site.uuid}&week={found.first_day}")


class DiscrepanciesPage(Page):
    """What contradicts sealed records."""

    resource = Resource.DISCREPANCIES

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("state", DiscrepancyState.OPEN)
        state = asked if asked in DiscrepancyState.values else DiscrepancyState.OPEN
        rows = discrepancies_visible(user=request.user, scope=self.scope(request)).filter(state=state).order_by("-id")
        shown = [{"row": row, "words": difference_words(row.published, row.derived, row.site.zone)} for row in rows[:MOST_DISCREPANCIES]]
        may = scope_for(request.user, self.resource, Verb.CHANGE) is not Scope.NONE
        context = {"rows": shown, "number": rows.count(), "state": state, "states": DiscrepancyState, "may_acknowledge": may}
        return no_store(render(request, "web/attendance_discrepancies.html", {**context, "page": "attendance"}))


class DiscrepancyAcknowledgePage(Page):
    """One of the buttons of the list."""

    resource = Resource.DISCREPANCIES

    def post(self, request: HttpRequest, discrepancy: UUID) -> HttpResponse:
        found = get_object_or_404(discrepancies_visible(user=request.user, scope=self.scope(request)), uuid=discrepancy)
        try:
            discrepancy_acknowledge(discrepancy=found, note=request.POST.get("note", "")[:2000], by=account_of(request), now=timezone.now())
        except Conflict as refusal:
            messages.error(request, str(refusal))
        return redirect("attendance-discrepancies-page")


def account_of(request: HttpRequest) -> User:
    """Whoever passed the matrix has an account."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def chosen_site(request: HttpRequest, sites: list[Site]) -> Site | None:
    """The one asked for, or the first."""
    asked = request.GET.get("site")
    return next((site for site in sites if str(site.uuid) == asked), sites[0] if sites else None)


def day_asked(text: str | None, site: Site) -> date:
    """The day asked for; without one, or for garbage, today where the site is."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return local_day(timezone.now(), site.zone, site.day_cut)
    return min(max(found, EARLIEST), LATEST)


def day_of_address(text: str) -> date:
    """Raises Http404 for what is no day of this or the last century."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
    if not EARLIEST <= found <= LATEST:
        raise Http404
    return found


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def open_discrepancies(user: object) -> int:
    """How many wait for somebody to look at them."""
    rows = discrepancies_visible(user=user, scope=scope_for(user, Resource.DISCREPANCIES, Verb.VIEW))
    return rows.filter(state=DiscrepancyState.OPEN).count()


def seal_rights(user: object) -> dict[str, bool]:
    return {
        "may_seal": scope_for(user, Resource.SEALS, Verb.CHANGE) is not Scope.NONE,
        "may_lift": scope_for(user, Resource.SEALS, Verb.DELETE) is not Scope.NONE,
    }
