"""Attendance in words: states, remarks, hours and reasons of change."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime

from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.attendance.rules.records import Problem
from server.attendance.sheets import SheetRecord
from server.recompute.why import Why
from server.schedules.models import Session
from server.web.words import lasting

STATES = {
    State.PRESENT: "present",
    State.ABSENT: "absent",
    State.EXCUSED: "excused",
    State.NOT_COVERED: "not covered",
    State.PENDING: "not decided yet",
}
PROBLEMS = {
    Problem.NO_EXIT: "was not seen leaving",
    Problem.EXIT_WITHOUT_ENTRY: "left without having been seen coming",
    Problem.ENTERED_TWICE: "came in twice without leaving",
    Problem.TOO_SHORT: "was here too short to count",
    Problem.ON_LEAVE: "came although on leave",
    Problem.ON_HOLIDAY: "came on a holiday",
    Problem.NOT_ACTIVE: "does not belong here on this day",
}
METHODS = {"face": "a face at a door", "kiosk": "a kiosk", "manual": "staff, by hand"}
EXCUSES = {"leave": "on leave", "holiday": "holiday", "staff": "excused by staff"}
WHY = {
    Why.SIGHTING: "somebody passed a door",
    Why.LATE_EVIDENCE: "a pass arrived late",
    Why.DECISION: "staff decided whose a pass is",
    Why.MARK: "marked by hand",
    Why.CORRECTION: "a correction",
    Why.COVERAGE: "it became known whether a door was watched",
    Why.WAITED: "the wait for a door was over",
    Why.CLOCK: "a node's clock was set right",
    Why.PLACE: "a door, a node or the site changed",
    Why.SCHEDULE: "the session changed",
    Why.MEMBERSHIP: "the group or the person changed",
    Why.LEAVE: "leave was entered or cancelled",
    Why.HOLIDAY: "a holiday was entered or removed",
    Why.RULE: "a rule changed",
    Why.UNSEALED: "the seal was lifted",
    Why.REBUILD: "everything was derived anew",
}
FIELDS = {
    "state": "state",
    "decided": "decided",
    "first_in": "first in",
    "last_out": "last out",
    "late_by_s": "late by",
    "left_early_by_s": "left early by",
    "half_day": "half a day",
    "worked_s": "hours",
    "method": "noticed by",
    "excuse": "excused because of",
    "note": "note",
}
LENGTHS = {"late_by_s", "left_early_by_s", "worked_s", "duration_s"}
TIMES = {"first_in", "last_out", "entered_at", "left_at", "first_seen", "last_seen"}
HIDDEN = {"evidence", "corrections", "local_date", "entry_id", "exit_id"}
"""What says nothing to those who read a page."""


def state_words(record: AttendanceRecord | SheetRecord | None) -> str:
    """`present so far` while it is not decided."""
    if record is None:
        return "nothing known yet"
    words = STATES[State(record.state)]
    return f"{words} so far" if record.state == State.PRESENT and not record.decided else words


def remarks(record: AttendanceRecord | SheetRecord | None) -> list[str]:
    """Everything staff should know beside the state, each in a few words."""
    if record is None:
        return []
    found = [_late(record), _early(record), "half a day" if record.half_day else ""]
    found += [EXCUSES.get(record.excuse, ""), *(PROBLEMS.get(Problem(problem), problem) for problem in record.problems)]
    if record.method == "manual":
        found.append("by hand")
    if record.state == State.NOT_COVERED:
        found.append("a door was not watched, so nobody can say")
    return [words for words in found if words]


def _late(record: AttendanceRecord | SheetRecord) -> str:
    if not record.late_by_s:
        return ""
    doubt = ", perhaps: a door was not watched before" if record.late_uncertain else ""
    return f"{lasting(timedelta(seconds=record.late_by_s))} late{doubt}"


def _early(record: AttendanceRecord | SheetRecord) -> str:
    if not record.left_early_by_s:
        return ""
    doubt = ", perhaps: a door was not watched afterwards" if record.early_uncertain else ""
    return f"left {lasting(timedelta(seconds=record.left_early_by_s))} early{doubt}"


def hours(seconds: int | None) -> str:
    """`7 h 05 min`; empty where it is not known."""
    if seconds is None:
        return ""
    whole, rest = divmod(seconds // 60, 60)
    return f"{whole} h {rest:02} min" if whole else f"{rest} min"


def coverage_words(session: Session, now: datetime) -> str:
    """Whether the session is settled, and if not, what it waits for."""
    if session.cancelled_at is not None:
        return "cancelled"
    if session.covered_at is not None:
        return "settled: every door was watched"
    if session.given_up_at is not None:
        return "settled without every door: one was not watched"
    if now < session.begins_at:
        return "has not begun"
    return "goes on" if now < session.ends_at else "waits for the doors to report"


def field_words(name: str, value: object, zone: ZoneInfo) -> str:
    """A value of a record's JSON as a page shows it."""
    if value in (None, "", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name in LENGTHS:
        return hours(value) if value >= 60 or value == 0 else f"{value} s"
    if isinstance(value, list):
        return ", ".join(map(str, value)).replace("_", " ")
    return _text_words(name, str(value), zone)


def _text_words(name: str, text: str, zone: ZoneInfo) -> str:
    if name == "state":
        return {state.value: words for state, words in STATES.items()}.get(text, text.replace("_", " "))
    if name in TIMES and (at := parse_datetime(text)) is not None:
        return f"{at.astimezone(zone):%-d %b %H:%M:%S}"
    if name == "method":
        return METHODS.get(text, text)
    return EXCUSES.get(text, text) if name == "excuse" else text


def difference_words(before: Mapping[str, object] | None, after: Mapping[str, object] | None, zone: ZoneInfo) -> list[str]:
    """What changed between two versions of a record, field by field."""
    if before is None or after is None:
        known = before or after or {}
        told = "there was no such record" if before is None else "there is no such record any more"
        return [told, *(f"state: {field_words('state', known['state'], zone)}" for name in known if name == "state")]
    names = [*FIELDS, *sorted((before.keys() | after.keys()) - FIELDS.keys() - HIDDEN)]
    changed = [name for name in names if before.get(name) != after.get(name)]
    sides = [(name, field_words(name, before.get(name), zone), field_words(name, after.get(name), zone)) for name in changed]
    return [f"{FIELDS.get(name, name.replace('_', ' '))}: {was} → {became}" for name, was, became in sides]
