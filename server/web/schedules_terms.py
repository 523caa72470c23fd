"""The terms of sessions as people type and read them: minutes and sentences instead of seconds and names."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from django import forms

from server.schedules.term_values import LIMITS, SWITCHABLE, terms_values
from server.schedules.terms import ForgottenExit, Mode, Terms
from server.web.words import lasting

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}
MODES = [
    (Mode.FIRST_LAST.value, "from the first way in to the last way out"),
    (Mode.PAIRS.value, "every pair of entry and exit by itself"),
]
FORGOTTEN = [
    (ForgottenExit.END.value, "until the end of the session"),
    (ForgottenExit.LAST_SEEN.value, "until they were last seen"),
    (ForgottenExit.NOTHING.value, "not at all"),
]
SUGGESTED = {"late_grace_s": 300, "early_grace_s": 300, "half_day_below_s": 14_400, "absent_below_s": 900}
"""What stands beside a rule that is switched off."""
SWITCHES = {
    "late_grace_s": ("Late", "Late: comes more than", "minutes after the beginning"),
    "early_grace_s": ("Left early", "Left early: goes more than", "minutes before the end"),
    "half_day_below_s": ("Half a day", "Half a day: was there for less than", "minutes"),
    "absent_below_s": ("Absent", "Absent: was there for less than", "minutes"),
}
ADVANCED = ("forgotten_exit", "overtime", "off_on_holidays", "min_gap_s")
CROSSED = "Type at most the minutes of half a day: who was there too short for half a day is absent."


class LengthField(forms.FloatField):
    """A length of time in a unit that people use. Its value is whole seconds."""

    def __init__(self, term: str, unit: str, *, label: str, required: bool = True) -> None:
        self.term, self.unit, self.size = term, unit, UNITS[unit]
        least, most = LIMITS[term]
        said = f"Type {unit} from {-(-least // self.size)} to {most // self.size}."
        super().__init__(label=label, required=required, error_messages={"required": said, "invalid": said})
        self.said = said

    def clean(self, value: object) -> int | None:
        found: float | None = super().clean(value)
        if found is None:
            return None
        least, most = LIMITS[self.term]
        if not least - 0.5 < found * self.size < most + 0.5:
            raise forms.ValidationError(self.said)
        return round(found * self.size)

    def prepare_value(self, value: object) -> object:
        return f"{value / self.size:g}" if isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Switch:
    """A rule that can be off, as a line of the form."""

    on: forms.BoundField
    length: forms.BoundField
    before: str
    after: str


def _switch(term: str) -> forms.BooleanField:
    return forms.BooleanField(required=False, label=SWITCHES[term][1])


def _minutes_of(term: str) -> LengthField:
    name, _, after = SWITCHES[term]
    return LengthField(term, "minutes", label=f"{name}: {after}", required=False)


class TermsForm(forms.Form):
    """How presence is judged. The fields have the names of the terms."""

    before_s = LengthField("before_s", "minutes", label="Count passes from, minutes before the beginning")
    after_s = LengthField("after_s", "minutes", label="Count passes until, minutes after the end")
    late_grace_s_on, late_grace_s = _switch("late_grace_s"), _minutes_of("late_grace_s")
    early_grace_s_on, early_grace_s = _switch("early_grace_s"), _minutes_of("early_grace_s")
    half_day_below_s_on, half_day_below_s = _switch("half_day_below_s"), _minutes_of("half_day_below_s")
    absent_below_s_on, absent_below_s = _switch("absent_below_s"), _minutes_of("absent_below_s")
    mode = forms.ChoiceField(choices=MODES, label="Time counts")
    exits_expected = forms.BooleanField(required=False, label="Everybody passes a door on leaving, so a missing exit is an error")
    wait_s = LengthField("wait_s", "hours", label="Hours to wait for doors that have not reported")
    forgotten_exit = forms.ChoiceField(choices=FORGOTTEN, label="Who was not seen leaving counts")
    overtime = forms.BooleanField(required=False, label="Time before the beginning and after the end counts into the hours")
    off_on_holidays = forms.BooleanField(required=False, label="Nobody is expected on holidays")
    min_gap_s = LengthField("min_gap_s", "seconds", label="Seconds within which two passes the same way are one")

    def clean(self) -> dict[str, object]:
        given = dict(self.cleaned_data)
        for term in SWITCHABLE:
            if not given.get(f"{term}_on"):
                given[term] = None
                self.errors.pop(term, None)
            elif given.get(term) is None and term not in self.errors:
                self.add_error(term, "Type how many minutes, or take the tick away.")
        half, absent = given.get("half_day_below_s"), given.get("absent_below_s")
        if isinstance(half, int) and isinstance(absent, int) and absent > half:
            self.add_error("absent_below_s", CROSSED)
        return given

    def values(self) -> dict[str, object]:
        """As services take them."""
        return {name: value for name, value in self.cleaned_data.items() if not name.endswith("_on")}

    def switches(self) -> Iterator[Switch]:
        for term, (_, before, after) in SWITCHES.items():
            yield Switch(self[f"{term}_on"], self[term], before, after)

    def advanced_wrong(self) -> bool:
        """Whether something that is folded away is wrong."""
        return any(name in self.errors for name in ADVANCED)


def terms_initial(terms: Terms) -> dict[str, object]:
    """What the form begins with."""
    known = terms_values(terms)
    switches = {f"{term}_on": known[term] is not None for term in SWITCHABLE}
    return {**known, **switches, **{term: value for term, value in SUGGESTED.items() if known[term] is None}}


def terms_usual(*, shift: bool) -> Terms:
    """What a new schedule begins with: at a shift the exits matter, too."""
    return replace(Terms(), exits_expected=True, early_grace_s=300) if shift else Terms()


def terms_words(terms: Terms) -> list[str]:
    """All of them, each as a sentence."""
    said = [f"Passes count from {_long(terms.before_s)} before the beginning until {_long(terms.after_s)} after the end."]
    said += [_rule(getattr(terms, term), *words) for term, words in SWITCHES.items()]
    said.append(f"Time counts {dict(MODES)[terms.mode]}{', with the time around it' if terms.overtime else ''}.")
    said.append("A missing exit is an error." if terms.exits_expected else "A missing exit is no error.")
    said.append(f"Who was not seen leaving counts {dict(FORGOTTEN)[terms.forgotten_exit]}.")
    said.append(f"Two passes the same way within {_long(terms.min_gap_s)} are one.")
    said.append(f"Doors that have not reported are waited for {_long(terms.wait_s)}.")
    said.append("Nobody is expected on holidays." if terms.off_on_holidays else "Holidays make no difference.")
    return said


def _rule(seconds: int | None, name: str, before: str, after: str) -> str:
    if seconds is None:
        return f"{name}: switched off."
    return f"{before} {_long(seconds)}{after.removeprefix('minutes')}."


def _long(seconds: int) -> str:
    """Whole: `30 minutes`, `1 hour`; otherwise in minutes."""
    if seconds >= 60 and seconds % 60 == 0 and seconds % 3600:
        return f"{seconds // 60} minute{'s' if seconds > 60 else ''}"
    return lasting(timedelta(seconds=seconds)) if seconds < 60 or seconds % 3600 == 0 else f"{seconds / 60:g} minutes"
