"""Terms as they are written down: names and values, checked before they are kept."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from enum import StrEnum
from typing import TypeVar

from server.core.errors import Rejected
from server.schedules.terms import AreaTerms, OpenDayTerms, Terms

_T = TypeVar("_T", Terms, AreaTerms, OpenDayTerms)
DAY_S = 86_400
LIMITS: Mapping[str, tuple[int, int]] = {
    "before_s": (0, DAY_S // 4),
    "after_s": (0, DAY_S // 4),
    "late_grace_s": (0, DAY_S),
    "early_grace_s": (0, DAY_S),
    "half_day_below_s": (1, DAY_S),
    "absent_below_s": (1, DAY_S),
    "min_gap_s": (0, 3600),
    "wait_s": (0, 60 * DAY_S),
    "max_s": (60, 7 * DAY_S),
}
"""Whole seconds, least and most."""
SWITCHABLE = frozenset({"late_grace_s", "early_grace_s", "half_day_below_s", "absent_below_s"})
"""null switches the rule off."""


def terms_read(values: object, base: _T) -> _T:
    """The terms `base` with these values instead. Raises Rejected with a sentence for every name that is unknown or value out of range."""
    if not isinstance(values, Mapping):
        raise Rejected("terms", "Write the terms as names and values.", errors={"terms": ["Write them as an object of names and values."]})
    usual = {field.name: getattr(type(base)(), field.name) for field in fields(base)}
    errors = {f"terms.{name}": [said] for name, value in values.items() if (said := _wrong(str(name), value, usual))}
    if errors:
        raise Rejected("terms", "Some terms are not acceptable.", errors=errors)
    read = {name: type(usual[name])(value) if isinstance(usual[name], StrEnum) else value for name, value in values.items()}
    found = type(base)(**{**_as_they_are(base), **read})
    if isinstance(found, Terms):
        _refuse_thresholds_that_cross(found)
    return found


def terms_values(terms: Terms | AreaTerms | OpenDayTerms) -> dict[str, object]:
    """All of them, to keep as JSON."""
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in _as_they_are(terms).items()}


def _as_they_are(terms: Terms | AreaTerms | OpenDayTerms) -> dict[str, object]:
    return asdict(terms)


def _wrong(name: str, value: object, usual: Mapping[str, object]) -> str | None:
    """What is wrong with a value, in a sentence."""
    if name not in usual:
        return f"There is no term called {name[:60]}; there are {', '.join(usual)}."
    kind = usual[name]
    if isinstance(kind, StrEnum):
        known = [member.value for member in type(kind)]
        return None if value in known else f"Use one of {', '.join(known)}."
    if isinstance(kind, bool):
        return None if isinstance(value, bool) else "Use true or false."
    return _wrong_seconds(name, value)


def _wrong_seconds(name: str, value: object) -> str | None:
    if value is None and name in SWITCHABLE:
        return None
    least, most = LIMITS[name]
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return None
    return f"Use whole seconds from {least} to {most}{', or null to switch the rule off' if name in SWITCHABLE else ''}."


def _refuse_thresholds_that_cross(terms: Terms) -> None:
    half, absent = terms.half_day_below_s, terms.absent_below_s
    if half is not None and absent is not None and absent > half:
        said = "Use at most half_day_below_s: who was there too short for half a day is absent."
        raise Rejected("terms", "Some terms are not acceptable.", errors={"terms.absent_below_s": [said]})
