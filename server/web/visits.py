"""The log of visits: who was in which area and for how long; what is open is an error until its exit is entered."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from server.accounts.models import User
from server.attendance.models import VisitRow
from server.attendance.passes import pass_add
from server.attendance.rules.facts import Way
from server.attendance.rules.records import VisitState
from server.attendance.selectors import visits_visible
from server.core.errors import LintelError, Rejected
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Person
from server.people.selectors import people_visible
from server.reports.tables import duration
from server.reports.words import VISIT
from server.schedules.models import Area
from server.web.access import Page, no_store
from server.web.attendance_forms import PassForm

PER_PAGE = 50
GIVEN = ("area", "who", "from", "to", "open", "page")


@dataclass(frozen=True, slots=True)
class Shown:
    """A visit on the clock of its site."""

    visit: VisitRow
    now: datetime

    @property
    def entered(self) -> datetime | None:
        return self._local(self.visit.entered_at)

    @property
    def left(self) -> datetime | None:
        return self._local(self.visit.left_at)

    @property
    def on_another_day(self) -> bool:
        return self.entered is not None and self.left is not None and self.entered.date() != self.left.date()

    @property
    def stayed(self) -> str:
        """Of an open one: how long ago it began."""
        visit = self.visit
        if visit.duration_s is not None:
            return duration(timedelta(seconds=visit.duration_s))
        return f"{duration(self.now - visit.entered_at)} so far" if visit.state == VisitState.OPEN and visit.entered_at else ""

    @property
    def words(self) -> str:
        return VISIT[VisitState(self.visit.state)]

    @property
    def is_wrong(self) -> bool:
        return self.visit.state in {VisitState.OPEN, VisitState.EXIT_ONLY}

    @property
    def missing(self) -> str:
        """Which pass nobody saw: `out` or `in`; none: empty."""
        if self.visit.state in {VisitState.OPEN, VisitState.AUTO_CLOSED}:
            return Way.OUT.value
        return Way.IN.value if self.visit.state == VisitState.EXIT_ONLY else ""

    @property
    def guess(self) -> str:
        """What stands in the field for the missing time."""
        known = self.entered or self.left
        return f"{known:%Y-%m-%dT%H:%M}" if known else ""

    def _local(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(self.visit.area.site.zone)


class VisitsPage(Page):
    """Latest first; filters by area, person, days, and those that are open."""

    resource = Resource.VISITS

    def get(self, request: HttpRequest) -> HttpResponse:
        visible = visits_visible(user=request.user, scope=self.scope(request))
        given = {name: request.GET[name] for name in GIVEN if request.GET.get(name)}
        refusal = None
        try:
            found = _filtered(visible, given, request)
        except LintelError as error:
            found, refusal = visible.none(), error
        pages = Paginator(found.prefetch_related("area__doors").order_by("-at", "-id"), PER_PAGE).get_page(given.get("page"))
        kept = {name: value for name, value in given.items() if name != "page"}
        context = {
            "rows": [Shown(visit, timezone.now()) for visit in pages],
            "pages": pages,
            "open_ones": visible.filter(state=VisitState.OPEN).count(),
            "areas": Area.objects.select_related("site").order_by("site__name", "name"),
            "given": given,
            "query": urlencode(kept),
            "refusal": refusal,
            "may_enter": scope_for(request.user, Resource.MANUAL_MARKS, Verb.CHANGE) is not Scope.NONE,
            "page": "visits",
        }
        return no_store(render(request, "web/visits.html", context, status=refusal.status if refusal else 200))


class VisitPassPage(Page):
    """Enters the exit, or the entry, that nobody saw."""

    resource = Resource.MANUAL_MARKS

    def post(self, request: HttpRequest, visit: UUID) -> HttpResponse:
        found = get_object_or_404(visits_visible(user=request.user, scope=self.scope(request)), uuid=visit)
        back = redirect(f"{reverse('visits-page')}?{urlencode(_back(request))}")
        form = PassForm(request.POST, zone=found.area.site.zone, site=found.area.site_id)
        if not form.is_valid():
            messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
            return back
        said = {**form.cleaned_data, "way": Way(form.cleaned_data["way"])}
        try:
            pass_add(person=found.person, by=_account(request), now=timezone.now(), **said)
        except LintelError as refusal:
            messages.error(request, str(refusal))
            return back
        word = "exit" if said["way"] is Way.OUT else "entry"
        messages.success(request, f"The {word} of {found.person.name} is entered. The visit follows within a minute.")
        return back


def person_named(text: str, *, user: object, scope: Scope) -> Person:
    """The one whose number it is, or whose name has it. Raises Rejected where that is nobody, or more than one."""
    people = people_visible(user=user, scope=scope)
    wanted = text.strip()[:200].replace("\x00", "")
    found = list(people.filter(Q(number=wanted) | Q(name__iexact=wanted))[:2]) or list(people.filter(name__icontains=wanted)[:2])
    if not found:
        raise Rejected("no_such_person", f"Nobody here is called “{wanted}” or has that number.")
    if len(found) > 1:
        raise Rejected("several_people", f"More than one person is called “{wanted}”; type the whole name, or the number.")
    return found[0]


def _filtered(visits: QuerySet[VisitRow], given: dict[str, str], request: HttpRequest) -> QuerySet[VisitRow]:
    """Raises Rejected for what is no day or nobody."""
    if "area" in given:
        visits = visits.filter(area__in=[area for area in Area.objects.all() if str(area.uuid) == given["area"]])
    if "who" in given:
        scope = scope_for(request.user, Resource.VISITS, Verb.VIEW)
        visits = visits.filter(person=person_named(given["who"], user=request.user, scope=scope))
    for name, lookup in (("from", "gte"), ("to", "lte")):
        if name in given:
            visits = visits.filter(**{f"local_date__{lookup}": _day(given[name])})
    return visits.filter(state=VisitState.OPEN) if "open" in given else visits


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Rejected("bad_day", "Write days like 2026-01-31.") from error


def _back(request: HttpRequest) -> dict[str, str]:
    """The filters that were set."""
    return {name: request.POST[f"back_{name}"] for name in GIVEN if request.POST.get(f"back_{name}")}


def _account(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("whoever passed the matrix has an account")
    return request.user
