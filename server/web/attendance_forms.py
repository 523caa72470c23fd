"""What people type into the pages of attendance. Times are typed on the clock of the site."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django import forms

from server.attendance.corrections_values import Changes
from server.attendance.marks import Said
from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State, Way
from server.sites.models import Door

SAID = [(State.PRESENT.value, "present"), (State.ABSENT.value, "absent"), (State.EXCUSED.value, "excused")]
NOTHING = ("", "leave as it is")
MOST = 2000


class LocalTimeInput(forms.DateTimeInput):
    """The browser's own field for a date and a time."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M:%S", attrs={"step": "1"})


class LocalTimeField(forms.Field):
    """A time without an offset, read on the clock of a site. Empty: none. Where the clock shows it twice, the first is meant."""

    widget = LocalTimeInput
    zone = ZoneInfo("UTC")

    def to_python(self, value: object) -> datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
            return found.replace(tzinfo=self.zone).astimezone(ZoneInfo("UTC")) if found.tzinfo is None else found
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError("Type a date and a time, for example 2026-01-31 08:15.") from error

    def prepare_value(self, value: object) -> object:
        return value.astimezone(self.zone).replace(tzinfo=None) if isinstance(value, datetime) else value


class _AtSite(forms.Form):
    def __init__(self, data: object = None, *, zone: ZoneInfo, **options: object) -> None:
        super().__init__(data, **options)  # type: ignore[arg-type]  # handed on as it came
        for field in self.fields.values():
            if isinstance(field, LocalTimeField):
                field.zone = zone


class CorrectForm(_AtSite):
    """What should become of a record, and why."""

    state = forms.ChoiceField(choices=[NOTHING, *SAID], required=False, label="State")
    first_in = LocalTimeField(required=False, label="First in")
    last_out = LocalTimeField(required=False, label="Last out")
    note = forms.CharField(required=False, max_length=MOST, label="Note")
    reason = forms.CharField(
        max_length=MOST, label="Reason", error_messages={"required": "Say why; the reason is kept with the correction."}
    )

    def changes(self, record: AttendanceRecord | None) -> Changes:
        """What differs from the record: the fields show how it is."""
        given = self.cleaned_data
        known = {name: getattr(record, name, None) for name in ("first_in", "last_out")}
        times = {name: None if _same(given[name], known[name]) else given[name] for name in known}
        note = None if given["note"] == (record.note if record else "") else given["note"]
        return Changes(State(given["state"]) if given["state"] else None, times["first_in"], times["last_out"], note)


def _same(typed: datetime | None, known: datetime | None) -> bool:
    """The field shows whole seconds."""
    return typed is None or (known is not None and typed == known.replace(microsecond=0))


class MarkForm(forms.Form):
    """One person, by hand."""

    state = forms.ChoiceField(choices=SAID, error_messages={"required": "Choose present, absent or excused."})
    note = forms.CharField(required=False, max_length=MOST)

    def said(self) -> Said:
        return Said(State(self.cleaned_data["state"]), note=self.cleaned_data["note"])


class PassForm(_AtSite):
    """A forgotten exit or entry."""

    door = forms.ModelChoiceField(Door.objects.none(), to_field_name="uuid", label="Door", empty_label=None)
    way = forms.ChoiceField(choices=[(Way.OUT.value, "went out"), (Way.IN.value, "came in")], label="Way")
    at = LocalTimeField(label="When", error_messages={"required": "Say when the person passed."})
    note = forms.CharField(required=False, max_length=MOST, label="Note")

    def __init__(self, data: object = None, *, zone: ZoneInfo, site: int, **options: object) -> None:
        super().__init__(data, zone=zone, **options)
        doors = self.fields["door"]
        if isinstance(doors, forms.ModelChoiceField):
            doors.queryset = Door.objects.filter(site=site).select_related("site").order_by("name")


class SealForm(forms.Form):
    """Which days are approved."""

    first_day = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label="Last day, included", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(required=False, max_length=MOST, label="Note")
    unsettled_too = forms.BooleanField(required=False, label="Seal them as they are, also where something is not settled")

    def days(self) -> tuple[date, date] | None:
        """The days that stand in the form, where they are some."""
        if not self.is_bound:
            return self.initial["first_day"], self.initial["last_day"]
        given = getattr(self, "cleaned_data", {})
        return (given["first_day"], given["last_day"]) if {"first_day", "last_day"} <= given.keys() else None
