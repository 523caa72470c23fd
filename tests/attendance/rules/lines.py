"""Facts told in plain lines, so that somebody who plans lessons can read the cases.

08:58 in main               a pass; `at` where the door leads both ways; `by kiosk`, `by hand`; `not before 08:50`
shift 09:00 to 17:00        a session; `lecture A 09:00 to 10:30 at lab for group 2`
break 12:00 to 13:00        of the session told last; also `cancelled`, `wait over`
blind main 08:00 to 08:30   the doors of a place were not looked at; `blind in main`: those that lead in
leave; holiday; joined +1; marked present; corrected to absent; corrected first in 09:00; area lab; …
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import (
    CorrectionFact,
    Covered,
    HolidayFact,
    Interval,
    LeaveFact,
    MarkFact,
    Method,
    Pass,
    Serving,
    SessionFact,
    State,
)
from server.schedules.terms import AutoClose, ForgottenExit, Mode
from tests.attendance.rules.telling import DOORS, WAYS, T, Telling, doors, seconds


def _pass(told: Telling, m: re.Match[str]) -> None:
    method = {"kiosk": Method.KIOSK, "hand": Method.MANUAL, None: Method.FACE}[m["method"]]
    name, times = m["name"], sum(one.id.split("#")[0] == m["name"] for one in told.passes)
    told.passes.append(
        Pass(
            at=told.at(m["at"]),
            id=f"{name}#{times + 1}" if times else name,
            door=DOORS[m["place"], m["way"]],
            way=WAYS[m["way"]],
            method=method,
            earliest=told.at(m["earliest"]) if m["earliest"] else None,
        )
    )


def _session(told: Telling, m: re.Match[str]) -> None:
    serving = [
        (door, way) for place in (m["places"] or "main").split(" and ") for door, way in zip(doors(place), WAYS.values(), strict=True)
    ]
    whole = told.whole()
    told.names.append(m["name"] or "")
    told.sessions.append(
        SessionFact(
            key=len(told.names),
            group=int(m["group"] or 1),
            local_date=told.at(m["begins"]).astimezone(ZoneInfo(told.zone)).date(),
            begins_at=told.at(m["begins"]),
            ends_at=told.at(m["ends"]),
            terms=told.terms,
            serving=frozenset(Serving(door, way, whole.begins_at, whole.ends_at) for door, way in serving),
        )
    )


def _last_session(told: Telling, **changes: Any) -> None:
    told.sessions[-1] = replace(told.sessions[-1], **changes)


def _break(told: Telling, m: re.Match[str]) -> None:
    one = Interval(told.at(m[1]), told.at(m[2]))
    _last_session(told, breaks=told.sessions[-1].breaks | {one})


def _blind(told: Telling, m: re.Match[str]) -> None:
    whole = told.whole()
    begins, ends = (told.at(m[3]), told.at(m[4])) if m[3] else (whole.begins_at, whole.ends_at)
    told.blind += [Covered(door, begins, ends) for door in doors(m[2], m[1])]


def _camera(told: Telling, m: re.Match[str]) -> None:
    told.cameras += [Covered(door, told.at(m[2]), told.at(m[3])) for door in doors(m[1])]


def _day(told: Telling, m: re.Match[str]) -> None:
    told.day, told.zone = date.fromisoformat(m[1]), m[2]


def _door(told: Telling, m: re.Match[str]) -> None:
    whole, at = told.whole(), told.at(m[3])
    span = Interval(at, whole.ends_at) if m[2] == "from" else Interval(whole.begins_at, at)
    told.used |= dict.fromkeys(doors(m[1]), span)


def _leave(told: Telling, m: re.Match[str]) -> None:
    day = told.date(m[1])
    times = (time.fromisoformat(m[2]), time.fromisoformat(m[3])) if m[2] else (None, None)
    told.leave.append(LeaveFact(len(told.leave) + 1, day, day, *times))


def _group(told: Telling, m: re.Match[str]) -> None:
    day = told.date(m[2])
    mine = replace(told.belongings[0], first=day) if m[1] == "joined" else replace(told.belongings[0], last=day)
    told.belongings[0] = mine


def _mark(told: Telling, m: re.Match[str]) -> None:
    arrived, left = (told.at(text) if text else None for text in (m[2], m[3]))
    told.marks.append(MarkFact(len(told.marks) + 1, len(told.sessions), State(m[1]), arrived, left, m[4] or ""))


def _correction(told: Telling, m: re.Match[str]) -> None:
    told.corrections.append(
        CorrectionFact(
            key=len(told.corrections) + 1,
            session=len(told.sessions),
            state=State(m["state"]) if m["state"] else None,
            first_in=told.at(m["first"]) if m["first"] else None,
            last_out=told.at(m["last"]) if m["last"] else None,
            note=m["note"],
        )
    )


def _set(name: str, value: Callable[[re.Match[str]], Any]) -> Callable[[Telling, re.Match[str]], None]:
    """A line that sets a term of sessions, of areas or of open days, or a field of the telling itself."""

    def obey(told: Telling, m: re.Match[str]) -> None:
        group, _, term = name.rpartition(".")
        if group:
            assert term in {one.name for one in fields(getattr(told, group))}
            setattr(told, group, replace(getattr(told, group), **{term: value(m)}))
        else:
            setattr(told, term, value(m))

    return obey


FORGOTTEN = {"until the end": ForgottenExit.END, "until last seen": ForgottenExit.LAST_SEEN, "counts nothing": ForgottenExit.NOTHING}
CLOSES = {"never": AutoClose.NEVER, "at the day cut": AutoClose.DAY_CUT, "after the longest visit": AutoClose.AFTER}
SESSION = (
    rf"(?:shift|lecture)(?: (?P<name>[A-Z]))? (?P<begins>{T}) to (?P<ends>{T})"
    r"(?: at (?P<places>\w+(?: and \w+)*?))?(?: for group (?P<group>\d))?"
)
CORRECTION = (
    r"corrected(?: to (?P<state>present|absent|excused))?"
    rf"(?: first in (?P<first>{T}))?(?: last out (?P<last>{T}))?(?: note (?P<note>.+))?"
)
LINES: list[tuple[str, Callable[[Telling, re.Match[str]], None]]] = [
    (rf"(?P<name>(?P<at>{T}) (?P<way>in|out|at) (?P<place>\w+))(?: by (?P<method>kiosk|hand))?(?: not before (?P<earliest>{T}))?", _pass),
    (SESSION, _session),
    (rf"break ({T}) to ({T})", _break),
    (r"cancelled", lambda told, _: _last_session(told, cancelled=True)),
    (r"wait over", lambda told, _: _last_session(told, given_up=True)),
    (rf"blind (?:(in|out|at) )?(\w+)(?: ({T}) to ({T}))?", _blind),
    (rf"another camera at (\w+) ({T}) to ({T})", _camera),
    (rf"synced until ({T})", lambda told, m: setattr(told, "synced", told.at(m[1]))),
    (rf"door (\w+) used (from|until) ({T})", _door),
    (r"leave(?: ([+-]\d))?(?: (\d\d:\d\d) to (\d\d:\d\d))?", _leave),
    (r"holiday(?: ([+-]\d))?", lambda told, m: told.holidays.append(HolidayFact(1, told.date(m[1]), told.date(m[1])))),
    (r"(joined|left) the group(?: ([+-]\d))?", _group),
    (r"joined(?: ([+-]\d))?", lambda told, m: setattr(told, "active_from", told.date(m[1]))),
    (r"left(?: ([+-]\d))?", lambda told, m: setattr(told, "active_until", told.date(m[1]))),
    (rf"marked (present|absent|excused)(?: from ({T}))?(?: until ({T}))?(?:, (.+))?", _mark),
    (CORRECTION, _correction),
    (r"area (\w+)", lambda told, m: told.areas.append((len(told.areas) + 1, frozenset(doors(m[1]))))),
    (r"visits close (.+)", _set("area_terms.auto_close", lambda m: CLOSES[m[1]])),
    (r"visits last at most (.+)", _set("area_terms.max_s", lambda m: seconds(m[1]))),
    (r"on (\S+) in (\S+)", _day),
    (r"day cut (\S+)", _set("day_cut", lambda m: time.fromisoformat(m[1]))),
    (r"margins? (.+) before", _set("terms.before_s", lambda m: seconds(m[1]))),
    (r"margins? (.+) after", _set("terms.after_s", lambda m: seconds(m[1]))),
    (r"late grace (none|.+)", _set("terms.late_grace_s", lambda m: None if m[1] == "none" else seconds(m[1]))),
    (r"early grace (.+)", _set("terms.early_grace_s", lambda m: seconds(m[1]))),
    (r"half a day below (.+)", _set("terms.half_day_below_s", lambda m: seconds(m[1]))),
    (r"absent below (.+)", _set("terms.absent_below_s", lambda m: seconds(m[1]))),
    (r"gap (.+)", _set("terms.min_gap_s", lambda m: seconds(m[1]))),
    (r"every pair counts", _set("terms.mode", lambda _: Mode.PAIRS)),
    (r"exits not expected", _set("terms.exits_expected", lambda _: False)),
    (r"forgotten exit (.+)", _set("terms.forgotten_exit", lambda m: FORGOTTEN[m[1]])),
    (r"overtime counts", _set("terms.overtime", lambda _: True)),
    (r"holidays are worked", _set("terms.off_on_holidays", lambda _: False)),
    (r"open days count every pair", _set("open_day.mode", lambda _: Mode.PAIRS)),
    (r"open days forget: (.+)", _set("open_day.forgotten_exit", lambda m: FORGOTTEN[m[1]])),
]


def tell(told: Telling, line: str) -> None:
    """Take one line in. Raises AssertionError for a line that says nothing."""
    for pattern, take in LINES:
        found = re.fullmatch(pattern, line)
        if found:
            take(told, found)
            return
    raise AssertionError(f"nobody understands: {line}")
