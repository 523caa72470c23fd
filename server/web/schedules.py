"""What is expected of whom: the list of timetables, one of them with its sessions, and what is done to a session."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from server.core.errors import LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Group
from server.people.selectors import groups_visible
from server.schedules.models import Holiday, Schedule, Session
from server.schedules.selectors import schedules_visible, session_terms, sessions_visible
from server.schedules.services import schedule_end
from server.schedules.sessions import session_cancel, session_locked, session_restore
from server.schedules.term_values import terms_read
from server.schedules.terms import Terms
from server.sites.models import Site
from server.web.access import Page, no_store
from server.web.attendance import account_of
from server.web.schedules_forms import chosen, doors_of, require_version
from server.web.schedules_terms import terms_words
from server.web.schedules_words import ScheduleRow, SessionRow, breaks_words, days_words, doors_words, times_words, valid_words

PER_PAGE = 50
SESSIONS_PER_PAGE = 20
MOST_LECTURES = 50


class SchedulesPage(Page):
    """The timetables by site and group, and the single lectures that are to come."""

    resource = Resource.SCHEDULES

    def get(self, request: HttpRequest) -> HttpResponse:
        now, user = timezone.now(), request.user
        groups = groups_visible(user=user, scope=self.scope(request))
        over = request.GET.get("over") == "1"
        sites = Site.objects.order_by("name", "pk")
        site, group = chosen(sites, request.GET, "site"), chosen(groups, request.GET, "group")
        found = _over(with_next(_at(schedules_visible(user=user, scope=self.scope(request)), site, group), user, now), now, over=over)
        pages = Paginator(found.order_by("site__name", "site_id", "group__name", "begins", "name", "id"), PER_PAGE).get_page(
            request.GET.get("page")
        )
        lectures = _at(sessions_for(user), site, group).filter(schedule__isnull=True, ends_at__gt=now).order_by("begins_at", "id")
        context = {
            "rows": [ScheduleRow(row, row.next_at) for row in pages],
            "pages": pages,
            "lectures": session_rows(lectures[:MOST_LECTURES], now),
            "more_lectures": max(0, lectures.count() - MOST_LECTURES),
            "sites": sites,
            "site": site,
            "groups": groups,
            "group": group,
            "over": over,
            "query": urlencode({"site": getattr(site, "uuid", ""), "group": getattr(group, "uuid", ""), "over": "1" if over else ""}),
            **rights(user),
        }
        return no_store(render(request, "web/schedules.html", context))


class SchedulePage(Page):
    """A timetable: its rules in words, and its sessions that are to come."""

    resource = Resource.SCHEDULES

    def get(self, request: HttpRequest, schedule: UUID) -> HttpResponse:
        now = timezone.now()
        found = get_object_or_404(schedules_visible(user=request.user, scope=self.scope(request)), uuid=schedule)
        coming = sessions_for(request.user).filter(schedule=found, ends_at__gt=now).order_by("begins_at", "id")
        pages = Paginator(coming, SESSIONS_PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "schedule": found,
            "facts": facts_of(found),
            "terms": terms_words(terms_read(found.terms, Terms())),
            "rows": session_rows(pages, now),
            "pages": pages,
            **rights(request.user),
        }
        return no_store(render(request, "web/schedules_schedule.html", context))


class ScheduleEndPage(Page):
    """It makes no further sessions."""

    resource = Resource.SCHEDULES

    def post(self, request: HttpRequest, schedule: UUID) -> HttpResponse:
        found = get_object_or_404(schedules_visible(user=request.user, scope=self.scope(request)), uuid=schedule)
        try:
            with transaction.atomic():
                require_version(request, Schedule.objects.select_for_update(of=("self",)).get(pk=found.pk).version)
                schedule_end(schedule=found, by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{found.name} has ended. What has been stays; the sessions to come are cancelled.")
        return redirect("schedule-page", found.uuid)


class _SessionAction(Page, ABC):
    """A button beside a session; the answer is the page it stands on."""

    resource = Resource.SESSIONS

    def post(self, request: HttpRequest, session: UUID) -> HttpResponse:
        found = get_object_or_404(sessions_visible(user=request.user, scope=self.scope(request)), uuid=session)
        try:
            with transaction.atomic():
                require_version(request, session_locked(found).version)
                self.act(request, found)
        except LintelError as refusal:
            messages.error(request, str(refusal))
        return redirect(page_of(request, found))

    @abstractmethod
    def act(self, request: HttpRequest, session: Session) -> None:
        """Do it. Raises LintelError, which is shown."""


class SessionCancelPage(_SessionAction):
    """Nobody is expected there any more."""

    def act(self, request: HttpRequest, session: Session) -> None:
        session_cancel(session=session, by=account_of(request), now=timezone.now())
        messages.success(request, f"{session.name} on {session.local_date:%-d %B %Y} is cancelled. It can be restored.")


class SessionRestorePage(_SessionAction):
    """It takes place after all."""

    def act(self, request: HttpRequest, session: Session) -> None:
        session_restore(session=session, by=account_of(request), now=timezone.now())
        messages.success(request, f"{session.name} on {session.local_date:%-d %B %Y} takes place after all.")


class SiteDoorsPart(Page):
    """The doors of the site that was just chosen in a form."""

    resource = Resource.DOORS

    def get(self, request: HttpRequest) -> HttpResponse:
        site = chosen(Site.objects.all(), request.GET, "site")
        return no_store(render(request, "web/parts/schedules_doors.html", {"site": site, "doors": doors_of(site, set())}))


def rights(user: object) -> dict[str, object]:
    """What the pages of this family show to this account."""
    return {
        "page": "schedules",
        "may_plan": scope_for(user, Resource.SCHEDULES, Verb.CHANGE) is not Scope.NONE,
        "may_cancel": scope_for(user, Resource.SESSIONS, Verb.CHANGE) is not Scope.NONE,
    }


def sessions_for(user: object) -> QuerySet[Session]:
    """As far as this account sees them."""
    return sessions_visible(user=user, scope=scope_for(user, Resource.SESSIONS, Verb.VIEW))


def with_next(schedules: QuerySet[Schedule], user: object, now: datetime) -> QuerySet[Any]:
    """With `next_at`: when the next session begins that is not cancelled."""
    coming = sessions_for(user).filter(schedule=OuterRef("pk"), cancelled_at__isnull=True, begins_at__gt=now).order_by("begins_at")
    return schedules.annotate(next_at=Subquery(coming.values("begins_at")[:1]))


def _over(schedules: QuerySet[Any], now: datetime, *, over: bool) -> QuerySet[Any]:
    """Those that go on, or those that do not. A day more, for sites whose clocks are behind."""
    going = Q(ended_at__isnull=True) & (Q(valid_until__isnull=True) | Q(valid_until__gte=(now - timedelta(days=1)).date()))
    return schedules.exclude(going) if over else schedules.filter(going)


def _at(rows: QuerySet[Any], site: Site | None, group: Group | None) -> QuerySet[Any]:
    wanted = {name: value for name, value in (("site", site), ("group", group)) if value is not None}
    return rows.filter(**wanted)


def session_rows(sessions: Iterable[Session], now: datetime) -> list[SessionRow]:
    """With the holidays on their days, in one query."""
    found = list(sessions)
    days = [session.local_date for session in found]
    holidays = list(Holiday.objects.filter(first_day__lte=max(days), last_day__gte=min(days))) if days else []
    return [SessionRow(session, _holiday(session, holidays), now) for session in found]


def _holiday(session: Session, holidays: list[Holiday]) -> str:
    if not session_terms(session).off_on_holidays:
        return ""
    there = (one for one in holidays if one.site_id in {None, session.site_id} and one.first_day <= session.local_date <= one.last_day)
    return next((holiday.name for holiday in there), "")


def facts_of(schedule: Schedule) -> list[tuple[str, str]]:
    """What stands above the sessions."""
    return [
        ("Group", schedule.group.name),
        ("Site", f"{schedule.site.name}, {schedule.site.time_zone}"),
        ("Kind", schedule.get_kind_display()),
        ("Days", days_words(schedule)),
        ("Times", times_words(schedule)),
        ("Breaks", breaks_words(schedule)),
        ("Doors", doors_words(schedule)),
        ("Valid", valid_words(schedule)),
    ]


def page_of(request: HttpRequest, session: Session) -> str:
    """Where a session is listed: with its timetable, or among the single lectures."""
    schedules = schedules_visible(user=request.user, scope=scope_for(request.user, Resource.SCHEDULES, Verb.VIEW))
    schedule = None if session.schedule_id is None else schedules.filter(pk=session.schedule_id).first()
    return f"{reverse('schedules-page')}#lectures" if schedule is None else reverse("schedule-page", args=[schedule.uuid])
