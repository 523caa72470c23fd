"""Holidays: days on which a site, or every site, rests."""

from datetime import date
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.core.errors import LintelError
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.schedules.holidays import holiday_delete, holiday_save
from server.schedules.models import Holiday
from server.sites.models import Site
from server.web.access import Page, no_store
from server.web.attendance import account_of
from server.web.schedules_forms import DayField, refuse, require_version, version_shown

PER_PAGE = 50


class SpanForm(forms.Form):
    """From–until in days."""

    first_day = DayField(label="First day", error_messages={"required": "Choose the first day."})
    last_day = DayField(label="Last day", required=False, help_text="Included. Empty: only the first day.")

    def clean(self) -> dict[str, object]:
        given = dict(self.cleaned_data)
        first, last = given.get("first_day"), given.get("last_day")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("last_day", "The last day lies before the first one; swap them.")
        return given

    def values(self) -> dict[str, object]:
        """As services take them."""
        given = self.cleaned_data
        return {**given, "last_day": given["last_day"] or given["first_day"]}


class HolidayForm(SpanForm):
    name = forms.CharField(max_length=200, label="Name", error_messages={"required": "Give the holiday a name."})
    site = forms.ModelChoiceField(
        Site.objects.order_by("name", "pk"),
        to_field_name="uuid",
        required=False,
        label="Site",
        empty_label="every site",
        error_messages={"invalid_choice": "Choose one of these sites."},
    )
    field_order = ("name", "site", "first_day", "last_day")


class HolidaysPage(Page):
    """Those to come, or those that have been; a new one is entered below."""

    resource = Resource.HOLIDAYS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, HolidayForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = HolidayForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, 400)
        try:
            made = holiday_save(holiday=Holiday(), values=form.values(), by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            refuse(form, refusal)
            return self._page(request, form, refusal.status)
        messages.success(request, f"{made.name} is entered. Attendance follows within a minute.")
        return redirect("holidays-page")

    @staticmethod
    def _page(request: HttpRequest, form: HolidayForm, status: int = 200) -> HttpResponse:
        over, today = request.GET.get("over") == "1", timezone.localdate()
        rows = Holiday.objects.select_related("site")
        shown = rows.filter(last_day__lt=today) if over else rows.filter(last_day__gte=today).order_by("first_day", "id")
        pages = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
        may = scope_for(request.user, Resource.HOLIDAYS, Verb.CHANGE) is not Scope.NONE
        context = {"pages": pages, "over": over, "form": form, "may_change": may, "page": "schedules"}
        return no_store(render(request, "web/schedules_holidays.html", context, status=status))


class HolidayPage(Page):
    """Changes a holiday."""

    resource = Resource.HOLIDAYS
    get_verb = Verb.CHANGE

    def get(self, request: HttpRequest, holiday: UUID) -> HttpResponse:
        row = get_object_or_404(Holiday.objects.select_related("site"), uuid=holiday)
        return self._page(request, row, HolidayForm(initial={name: getattr(row, name) for name in HolidayForm.base_fields}))

    def post(self, request: HttpRequest, holiday: UUID) -> HttpResponse:
        row, form = get_object_or_404(Holiday, uuid=holiday), HolidayForm(request.POST)
        if not form.is_valid():
            return self._page(request, row, form, 400)
        try:
            with transaction.atomic():
                require_version(request, locked(row).version)
                holiday_save(holiday=row, values=form.values(), by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            refuse(form, refusal)
            return self._page(request, row, form, refusal.status)
        messages.success(request, f"{form.cleaned_data['name']} is saved. Attendance follows within a minute.")
        return redirect("holidays-page")

    @staticmethod
    def _page(request: HttpRequest, row: Holiday, form: HolidayForm, status: int = 200) -> HttpResponse:
        context = {"row": row, "form": form, "version": version_shown(request, row.version), "page": "schedules"}
        return no_store(render(request, "web/schedules_holiday.html", context, status=status))


class HolidayDeletePage(Page):
    """It is no holiday after all."""

    resource = Resource.HOLIDAYS

    def scope(self, request: HttpRequest) -> Scope:
        return scope_for(request.user, self.resource, Verb.DELETE)

    def post(self, request: HttpRequest, holiday: UUID) -> HttpResponse:
        row = get_object_or_404(Holiday, uuid=holiday)
        try:
            with transaction.atomic():
                require_version(request, locked(row).version)
                holiday_delete(holiday=row, by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{row.name} is removed. Attendance follows within a minute.")
        return redirect("holidays-page")


def locked(row: Holiday) -> Holiday:
    """The row as it is now. Raises Http404 where it is gone by now."""
    return get_object_or_404(Holiday.objects.select_for_update(of=("self",)), pk=row.pk)
