"""What people type into the pages about nodes."""

import json
from datetime import time
from typing import cast

from django import forms

from server.core.errors import Rejected
from shared_schema.node import Hours, NodeSettings

DAYS = [(0, "Mon"), (1, "Tue"), (2, "Wed"), (3, "Thu"), (4, "Fri"), (5, "Sat"), (6, "Sun")]
MOST_HOURS = 28
MIDNIGHT = 1440


class NoteForm(forms.Form):
    """What was found and done."""

    note = forms.CharField(max_length=500, required=False)


class NodeSettingsForm(forms.Form):
    """What is set more often than once. Everything else is set over the API."""

    interval_ms = forms.IntegerField(
        label="Time between two pictures, in milliseconds",
        help_text="200 is five pictures a second. More than 500 may miss people who walk fast.",
        error_messages={"required": "Type a number of milliseconds.", "invalid": "Type a whole number of milliseconds."},
    )
    keep_crops = forms.BooleanField(
        label="Keep an image of the face of everybody who passes",
        required=False,
        help_text="Without it no image leaves the camera, and nobody can look at a pass again.",
    )
    masks = forms.CharField(
        label="Regions it does not look at",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="A list of polygons, each a list of at least three corners [x, y]. 0, 0 is the top left of the picture, 1, 1 the bottom "
        "right. The left third: [[[0, 0], [0.33, 0], [0.33, 1], [0, 1]]]",
    )

    def clean_masks(self) -> object:
        """The polygons; that they are some is checked where settings are changed."""
        text = self.cleaned_data["masks"].strip()
        try:
            return json.loads(text) if text else []
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError("This is no list in square brackets; copy the example and change its numbers.") from error

    def changes(self) -> dict[str, object]:
        """What shall be set."""
        return dict(self.cleaned_data)

    def refuse(self, refusal: Rejected) -> None:
        """Show what the settings were refused for at the fields it is about."""
        for name, said in refusal.errors.items():
            field = name.split(".")[0]
            self.add_error(field if field in self.fields else None, [f"{said_one.removeprefix('Value error, ')}." for said_one in said])


class HoursForm(forms.Form):
    """From–until on some days. A row without days is left out."""

    days = forms.TypedMultipleChoiceField(choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple)
    begins = forms.TimeField(label="from", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label="until", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))

    def clean(self) -> dict[str, object]:
        given = dict(self.cleaned_data)
        if given.get("days") and (given.get("begins") is None or given.get("ends") is None) and not self.errors:
            raise forms.ValidationError("Type from when until when; 00:00 until 00:00 is the whole day.")
        if not given.get("days") and (given.get("begins") or given.get("ends")):
            raise forms.ValidationError("Tick at least one day, or empty both times.")
        return given


class BaseHoursFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # not generic when it runs
    """The hours in which a node looks; none: always."""

    def hours(self) -> list[dict[str, object]]:
        """As settings have them. Midnight at the end of a day is minute 1440."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("days")]
        return [
            {"days": sorted(row["days"]), "from_minute": _minute(row["begins"]), "until_minute": _minute(row["ends"]) or MIDNIGHT}
            for row in rows
        ]


HoursFormSet = cast(
    "type[BaseHoursFormSet]",
    forms.formset_factory(HoursForm, formset=BaseHoursFormSet, extra=2, max_num=MOST_HOURS, absolute_max=MOST_HOURS, validate_max=True),
)


def settings_in_words(settings: NodeSettings) -> dict[str, object]:
    """What the form begins with."""
    polygons = [[[_short(share) for share in corner] for corner in mask] for mask in settings.masks]
    masks = json.dumps(polygons) if polygons else ""
    return {"interval_ms": settings.interval_ms, "keep_crops": settings.keep_crops, "masks": masks}


def _short(share: float) -> float:
    """`0`, not `0.0`."""
    return int(share) if share.is_integer() else share


def hours_of(settings: NodeSettings) -> list[dict[str, object]]:
    """What the rows begin with."""
    return [_row(hours) for hours in settings.hours]


def _row(hours: Hours) -> dict[str, object]:
    return {"days": list(hours.days), "begins": _time(hours.from_minute), "ends": _time(hours.until_minute % MIDNIGHT)}


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)


def _minute(at: object) -> int:
    return at.hour * 60 + at.minute if isinstance(at, time) else 0
