"""What people type about timetables and lectures. Times are those of the site's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from server.core.errors import LintelError, Stale
from server.people.models import Group
from server.schedules.models import Kind
from server.schedules.schedule_values import FIRST_DAY, LAST_DAY, MOST_BREAKS, MOST_WEEKS
from server.schedules.times import Pattern, span_on
from server.sites.models import Door, Site
from server.web.node_forms import DAYS
from server.web.schedules_terms import TermsForm

KINDS = [(Kind.LECTURE.value, "Lecture: who was there"), (Kind.SHIFT.value, "Shift: how long, too")]
STALE = "Somebody changed this since you opened it, so nothing was saved. Open it again to see how it is now, then repeat your change."
PLAINER = {"too_long": "With its margins the session reaches past the next day; shorten it, or the minutes in which passes count."}
"""Refusals that speak of fields by the names of the API."""
FIELDS = {"begins_at": "day", "ends_at": "ends"}
"""Where a refusal about a lecture is shown."""
JUMPED = "The clock jumps over this time on that day; choose another one."


class DayField(forms.DateField):
    """The browser's own field for a day of this century."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)
        self.error_messages |= {"invalid": "Type a day, for example 2026-01-31."}

    def clean(self, value: object) -> date | None:
        found = cast("date | None", super().clean(value))
        if found is not None and not FIRST_DAY < found < LAST_DAY:
            raise forms.ValidationError(f"Choose a day between {FIRST_DAY} and {LAST_DAY}.")
        return found


def clock_field(label: str, *, required: bool = True) -> forms.TimeField:
    said = {"required": "Type a time, for example 08:30.", "invalid": "Type a time, for example 08:30."}
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M:%S")
    return forms.TimeField(label=label, required=required, widget=widget, error_messages=said)


class _PlaceForm(forms.Form):
    """Who is expected where."""

    name = forms.CharField(max_length=200, label="Name", error_messages={"required": "Give it a name, for example Algebra I."})
    kind = forms.ChoiceField(choices=KINDS, label="Kind")
    group = forms.ModelChoiceField(
        Group.objects.none(),
        to_field_name="uuid",
        label="Group",
        empty_label="Choose a group",
        error_messages={"required": "Choose the group that is expected.", "invalid_choice": "Choose one of these groups."},
    )
    site = forms.ModelChoiceField(
        Site.objects.order_by("name", "pk"),
        to_field_name="uuid",
        label="Site",
        empty_label=None,
        error_messages={"required": "Choose the site.", "invalid_choice": "Choose one of these sites."},
    )
    doors = forms.ModelMultipleChoiceField(
        Door.objects.select_related("site"),
        to_field_name="uuid",
        required=False,
        error_messages={"invalid_choice": "There is no such door; choose doors of the list."},
    )

    def __init__(self, data: object = None, *, groups: QuerySet[Group], **options: Any) -> None:
        super().__init__(data, **options)  # type: ignore[arg-type]  # handed on as it came
        field = self.fields["group"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = groups

    def values(self) -> dict[str, object]:
        """As services take them. Raises forms.ValidationError where they mean no time."""
        return {**self.cleaned_data, "doors": list(self.cleaned_data["doors"])}


class ScheduleForm(_PlaceForm):
    """Some days of the week. `from_day`: a change leaves the sessions before it as they are."""

    weekdays = forms.TypedMultipleChoiceField(
        choices=DAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        label="Days",
        error_messages={"required": "Tick at least one day of the week."},
    )
    begins = clock_field("Begins")
    ends = clock_field("Ends")
    every_weeks = forms.IntegerField(label="Every how many weeks", min_value=1, max_value=MOST_WEEKS)
    valid_from = DayField(label="First day")
    valid_until = DayField(label="Last day", required=False, help_text="Included. Empty: until it is ended.")
    from_day = DayField(label="The change holds from", help_text="Sessions before this day stay as they are.")

    def __init__(self, data: object = None, *, new: bool, **options: Any) -> None:
        super().__init__(data, **options)
        if new:
            del self.fields["from_day"]
        said = f"Type 1 for every week, 2 for every other week, at most {MOST_WEEKS}."
        self.fields["every_weeks"].error_messages |= dict.fromkeys(("required", "invalid", "min_value", "max_value"), said)

    def clean(self) -> dict[str, object]:
        first, last = self.cleaned_data.get("valid_from"), self.cleaned_data.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", "The last day lies before the first one; swap them, or leave it empty.")
        return dict(self.cleaned_data)


class LectureForm(_PlaceForm):
    """One session on one day. An end at or before the beginning is on the next day."""

    day = DayField(label="Day")
    begins = clock_field("Begins")
    ends = clock_field("Ends")

    def times(self, breaks: list[tuple[time, time]]) -> dict[str, object]:
        """The moments meant. Raises forms.ValidationError where the clock jumps over them."""
        given = self.cleaned_data
        pattern = Pattern(frozenset(), 1, given["begins"], given["ends"], tuple(breaks), given["day"], given["day"])
        span = span_on(pattern, given["day"], given["site"].zone)
        if span is None:
            raise forms.ValidationError(JUMPED)
        return {"begins_at": span.begins_at, "ends_at": span.ends_at, "breaks": [list(pair) for pair in span.breaks]}


class BreakForm(forms.Form):
    """From–until; both empty: none."""

    begins = clock_field("from", required=False)
    ends = clock_field("until", required=False)

    def clean(self) -> dict[str, object]:
        given = dict(self.cleaned_data)
        if self.errors:
            return given
        begins, ends = given.get("begins"), given.get("ends")
        if (begins is None) != (ends is None):
            raise forms.ValidationError("Type from when until when the break is, or empty both times.")
        if begins is not None and begins == ends:
            raise forms.ValidationError("The break ends when it begins; type two times that differ.")
        return given


class BaseBreaks(forms.BaseFormSet):  # type: ignore[type-arg]  # not generic when it runs
    """Times that do not count."""

    def pairs(self) -> list[tuple[time, time]]:
        rows = (form.cleaned_data for form in self.forms)
        return [(row["begins"], row["ends"]) for row in rows if row.get("begins") is not None]


Breaks = cast(
    "type[BaseBreaks]",
    forms.formset_factory(BreakForm, formset=BaseBreaks, extra=2, max_num=MOST_BREAKS, absolute_max=MOST_BREAKS, validate_max=True),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """The three parts of the form about a timetable or a lecture."""

    main: ScheduleForm | LectureForm
    terms: TermsForm
    breaks: BaseBreaks

    def is_valid(self) -> bool:
        """Every part is looked at, so that everything that is wrong is said at once."""
        return all([self.main.is_valid(), self.terms.is_valid(), self.breaks.is_valid()])

    def values(self) -> dict[str, object]:
        """As services take them. Raises forms.ValidationError where they mean no time."""
        values, pairs = {**self.main.values(), "terms": self.terms.values()}, self.breaks.pairs()
        if isinstance(self.main, ScheduleForm):
            return {**values, "breaks": pairs}
        dropped = {"day", "begins", "ends"}
        return {name: value for name, value in values.items() if name not in dropped} | self.main.times(pairs)

    def refuse(self, refusal: LintelError) -> None:
        """Show a refusal where it belongs; everything typed stays."""
        if refusal.code in PLAINER or not refusal.errors:
            self.main.add_error(None, PLAINER.get(refusal.code, str(refusal)))
            return
        for name, said in refusal.errors.items():
            self._refuse(name, [str(sentence) for sentence in said])

    def _refuse(self, name: str, said: list[str]) -> None:
        term, field = name.removeprefix("terms."), FIELDS.get(name, name)
        if name == "breaks":
            self.breaks.non_form_errors().extend(said)
        elif term != name and term in self.terms.fields:
            self.terms.add_error(term, said)
        else:
            self.main.add_error(field if field in self.main.fields else None, said)

    def doors(self) -> list[dict[str, object]]:
        """The doors of the site that is chosen, and whether they are."""
        ticked = {str(door) for door in self.main["doors"].value() or ()}
        return doors_of(self.site(), ticked)

    def site(self) -> Site | None:
        """The site that is chosen, as far as it is one."""
        chosen = str(self.main["site"].value() or "")
        return next((site for site in Site.objects.all() if str(site.uuid) == chosen), None)


def doors_of(site: Site | None, ticked: set[str]) -> list[dict[str, object]]:
    rows = Door.objects.filter(site=site).order_by("name") if site else Door.objects.none()
    return [{"uuid": door.uuid, "name": door.name, "ticked": str(door.uuid) in ticked} for door in rows]


def refuse(form: forms.Form, refusal: LintelError) -> None:
    """Show a refusal at the fields it is about, or above the form."""
    for name, said in refusal.errors.items():
        form.add_error(name if name in form.fields else None, [str(sentence) for sentence in said])
    if not refusal.errors:
        form.add_error(None, str(refusal))


def require_version(request: HttpRequest, version: int) -> None:
    """Raises Stale where the page was made from another version of the row. Call it with the row locked."""
    if request.POST.get("version") != str(version):
        raise Stale("stale", STALE)


def version_shown(request: HttpRequest, version: int) -> str:
    """What stands in the hidden field: after a refusal still what the form was made from."""
    return request.POST.get("version", str(version))


def chosen(rows: QuerySet[Any], asked: Mapping[str, str], name: str) -> Any:
    """The row an address names by its id; None for garbage."""
    return next((row for row in rows if str(row.uuid) == asked.get(name)), None)
