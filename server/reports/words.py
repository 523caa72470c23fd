"""Records in plain words, and in the signs of the monthly sheet."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby

from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.attendance.rules.records import Excuse, Problem, VisitState
from server.reports.tables import MINUTE_S, duration

STATE = {
    State.PENDING: "not known yet",
    State.PRESENT: "present",
    State.ABSENT: "absent",
    State.EXCUSED: "excused",
    State.NOT_COVERED: "not known: the doors were not looked at",
}
EXCUSE = {Excuse.LEAVE: "on leave", Excuse.HOLIDAY: "holiday", Excuse.STAFF: "excused by staff"}
PROBLEM = {
    Problem.NO_EXIT: "not seen leaving",
    Problem.EXIT_WITHOUT_ENTRY: "seen leaving, but not entering",
    Problem.ENTERED_TWICE: "entered twice without leaving",
    Problem.TOO_SHORT: "here too short to count",
    Problem.ON_LEAVE: "was here while on leave",
    Problem.ON_HOLIDAY: "was here on a holiday",
    Problem.NOT_ACTIVE: "does not belong here on that day",
}
VISIT = {
    VisitState.CLOSED: "",
    VisitState.OPEN: "open: not seen leaving",
    VisitState.AUTO_CLOSED: "closed by the rule: not seen leaving",
    VisitState.EXIT_ONLY: "seen leaving, but not entering",
}
SIGN = {State.PENDING: "…", State.PRESENT: "P", State.ABSENT: "A", State.EXCUSED: "E", State.NOT_COVERED: "?"}
LATE_SIGN, HALF_SIGN, NOT_CERTAIN_SIGN = "L", "½", "~"
LEGEND = (
    "P present · L late · ½ half a day · A absent · E excused (leave, holiday or by staff) · … not known yet · "
    "? not known: the doors were not looked at · ~ not certain"
)
BLIND = "a door was not looked at all the time"


def state_words(record: AttendanceRecord) -> str:
    """Present, absent, or what else is known; with why, and whether it may still change."""
    words = EXCUSE[Excuse(record.excuse)] if record.excuse else STATE[State(record.state)]
    words = f"{words}, half a day" if record.half_day else words
    return words if record.decided or record.state == State.PENDING else f"{words}, so far"


def lateness(late_s: int | None, *, uncertain: bool, why: str = BLIND) -> str:
    """For example: 12 min, not certain: Main door was not looked at 08:40–08:55."""
    if not late_s:
        return ""
    words = f"{late_s // MINUTE_S} min" if late_s < 2 * 3600 else f"{duration(timedelta(seconds=late_s))} h"
    words = "under a minute" if late_s < MINUTE_S else words
    return f"{words}, not certain: {why}" if uncertain else words


def remarks(problems: Iterable[str], note: str = "") -> str:
    """What staff should look at, then the note."""
    return "; ".join([*(PROBLEM[Problem(problem)] for problem in problems), *([note] if note else [])])


def sign(record: AttendanceRecord) -> str:
    """One record on the monthly sheet."""
    found = SIGN[State(record.state)]
    if record.state == State.PRESENT:
        found = HALF_SIGN if record.half_day else LATE_SIGN if record.late_by_s else found
    return f"{found}{NOT_CERTAIN_SIGN}" if record.late_uncertain or record.early_uncertain else found


def day_sign(records: Iterable[AttendanceRecord]) -> str:
    """All sessions of a day: one sign where they agree, else each in order with how often in a row: P2A."""
    signs = [(one, len(list(same))) for one, same in groupby(sign(record) for record in records)]
    if len(signs) == 1:
        return signs[0][0]
    return "".join(f"{one}{times if times > 1 else ''}" for one, times in signs)
