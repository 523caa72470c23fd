"""Leave: who is away on which days."""

from datetime import time
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.core.errors import LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Person
from server.people.selectors import people_visible
from server.schedules.leave import leave_cancel, leave_save
from server.schedules.models import Leave
from server.schedules.selectors import leave_visible
from server.web.access import Page, no_store
from server.web.attendance import account_of
from server.web.people_choice import uuids_of
from server.web.schedules_forms import clock_field, refuse, require_version, version_shown
from server.web.schedules_holidays import SpanForm

PER_PAGE = 50
MOST_NOTE = 2000
LISTS = {"coming": "now and to come", "past": "past", "cancelled": "cancelled"}
NOBODY = "Choose a person first: type a part of the name, then pick one of the people found."


class LeaveForm(SpanForm):
    reason = forms.CharField(
        max_length=64,
        label="Reason",
        help_text="For example sick, holiday or training.",
        error_messages={"required": "Say why, for example sick, holiday or training."},
    )
    from_time = clock_field("From", required=False)
    until_time = clock_field("Until", required=False)
    note = forms.CharField(max_length=MOST_NOTE, required=False, label="Note", widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, object]:
        given = super().clean()
        begin, end = given.get("from_time"), given.get("until_time")
        if {"from_time", "until_time"} & self.errors.keys():
            return given
        if (begin is None) != (end is None):
            self.add_error("until_time", "Type both times for a part of the day, or none for whole days.")
        elif isinstance(begin, time) and isinstance(end, time) and begin >= end:
            self.add_error("until_time", "Type a time after the first one; over midnight enter two leaves.")
        return given


class LeavePage(Page):
    """Who is away; a new leave is entered above the list."""

    resource = Resource.LEAVE

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, LeaveForm(), self._person(request, request.GET.get("person", "")))

    def post(self, request: HttpRequest) -> HttpResponse:
        form, person = LeaveForm(request.POST), self._person(request, request.POST.get("person", ""))
        if not form.is_valid() or person is None:
            if person is None:
                form.add_error(None, NOBODY)
            return self._page(request, form, person, 400)
        try:
            leave_save(leave=Leave(person=person), values=form.values(), by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            refuse(form, refusal)
            return self._page(request, form, person, refusal.status)
        messages.success(request, f"The leave of {person.name} is entered. Attendance follows within a minute.")
        return redirect("leave-page")

    def _page(self, request: HttpRequest, form: LeaveForm, person: Person | None, status: int = 200) -> HttpResponse:
        asked = request.GET.get("list", "coming")
        which, search = asked if asked in LISTS else "coming", request.GET.get("who", "").strip()[:200].replace("\x00", "")
        rows = leave_visible(user=request.user, scope=scope_for(request.user, self.resource, Verb.VIEW))
        if search:
            rows = rows.filter(Q(person__name__icontains=search) | Q(person__number__icontains=search))
        context = {
            "pages": Paginator(_listed(rows, which), PER_PAGE).get_page(request.GET.get("page")),
            "list": which,
            "lists": LISTS,
            "search": search,
            "form": form,
            "person": person,
            "may_change": scope_for(request.user, self.resource, Verb.CHANGE) is not Scope.NONE,
            "page": "schedules",
        }
        return no_store(render(request, "web/schedules_leave.html", context, status=status))

    def _person(self, request: HttpRequest, text: str) -> Person | None:
        """Somebody for whom this account may enter leave."""
        people = people_visible(user=request.user, scope=scope_for(request.user, self.resource, Verb.CHANGE))
        return people.filter(uuid__in=uuids_of([text])).first()


class LeaveChangePage(Page):
    """Changes somebody's leave; the person stays."""

    resource = Resource.LEAVE
    get_verb = Verb.CHANGE

    def get(self, request: HttpRequest, leave: UUID) -> HttpResponse:
        row = leave_here(request, leave, self.scope(request))
        return self._page(request, row, LeaveForm(initial={name: getattr(row, name) for name in LeaveForm.base_fields}))

    def post(self, request: HttpRequest, leave: UUID) -> HttpResponse:
        row, form = leave_here(request, leave, self.scope(request)), LeaveForm(request.POST)
        if not form.is_valid():
            return self._page(request, row, form, 400)
        try:
            with transaction.atomic():
                require_version(request, _locked(row).version)
                leave_save(leave=row, values=form.values(), by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            refuse(form, refusal)
            return self._page(request, row, form, refusal.status)
        messages.success(request, f"The leave of {row.person.name} is saved. Attendance follows within a minute.")
        return redirect("leave-page")

    @staticmethod
    def _page(request: HttpRequest, row: Leave, form: LeaveForm, status: int = 200) -> HttpResponse:
        context = {"row": row, "form": form, "version": version_shown(request, row.version), "page": "schedules"}
        return no_store(render(request, "web/schedules_leave_change.html", context, status=status))


class LeaveCancelPage(Page):
    """The person is there after all."""

    resource = Resource.LEAVE

    def post(self, request: HttpRequest, leave: UUID) -> HttpResponse:
        row = leave_here(request, leave, self.scope(request))
        try:
            with transaction.atomic():
                require_version(request, _locked(row).version)
                leave_cancel(leave=row, by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"The leave of {row.person.name} is cancelled. Attendance follows within a minute.")
        return redirect("leave-page")


def leave_here(request: HttpRequest, uuid: UUID, scope: Scope) -> Leave:
    return get_object_or_404(leave_visible(user=request.user, scope=scope), uuid=uuid)


def _locked(row: Leave) -> Leave:
    return Leave.objects.select_for_update(of=("self",)).get(pk=row.pk)


def _listed(rows: QuerySet[Leave], which: str) -> QuerySet[Leave]:
    today = timezone.localdate()
    if which == "cancelled":
        return rows.filter(cancelled_at__isnull=False)
    rows = rows.filter(cancelled_at__isnull=True)
    return rows.filter(last_day__lt=today) if which == "past" else rows.filter(last_day__gte=today).order_by("first_day", "id")
