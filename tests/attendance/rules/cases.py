"""Cases as plain text: a sentence, the facts, and what follows from them.

    # Five minutes late are forgiven where the grace is five minutes
    shift 09:00 to 17:00
    09:05 in main
    17:00 out main
    => present; in time; worked 7 h 55 min

Expectations, separated by semicolons, one field each; `=> A:` names a session, `=> +1 A:` that of the day after.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from server.attendance.rules.derive import derive
from server.attendance.rules.facts import Method, State
from server.attendance.rules.records import DayRecord, Derived, Excuse, Problem, SessionRecord, VisitRecord, VisitState
from tests.attendance.rules.lines import tell
from tests.attendance.rules.telling import T, Telling, seconds

Check = Callable[[Telling, SessionRecord, re.Match[str]], bool]


@dataclass(frozen=True)
class Case:
    """A sentence, the facts in lines, and what is expected."""

    sentence: str
    told: Telling
    expectations: tuple[str, ...]

    def check(self) -> None:
        assert self.expectations, "a case expects something"
        for one in self.expectations:
            _check(self.told, one)


def table(text: str) -> pytest.MarkDecorator:
    """`@table(...)`: the test runs once for every case of the text, known by its sentence."""
    cases = read(text)
    return pytest.mark.parametrize("case", cases, ids=[case.sentence for case in cases])


def read(text: str) -> list[Case]:
    return [_case(block.strip().splitlines()) for block in text.split("# ")[1:]]


def _case(lines: Sequence[str]) -> Case:
    told, expectations = Telling(), []
    for line in lines[1:]:
        text = line.strip()
        if text.startswith("=>"):
            expectations.append(text.removeprefix("=>").strip())
        elif text:
            tell(told, text)
    return Case(lines[0], told, tuple(expectations))


def _check(told: Telling, expectation: str) -> None:
    found = re.fullmatch(r"(?:([+-]\d) )?(?:([A-Z]?): )?(.+)", expectation)
    assert found
    derived = derive(told.facts(int(found[1] or 0)))
    items = [one.strip() for one in found[3].split(";")]
    if items[0].startswith(("visit", "no visits")):
        assert [visit_in_words(told, one) for one in derived.visits] == [one for one in items if one != "no visits"]
    elif items[0].startswith("day"):
        assert [day_in_words(told, derived.day) if derived.day else "day off"] == items
    else:
        _check_session(told, derived, found[2] or "", items)


def _check_session(told: Telling, derived: Derived, name: str, items: list[str]) -> None:
    key = told.names.index(name) + 1
    records = [one for one in derived.sessions if one.session == key]
    if items == ["no record"]:
        assert not records
        return
    assert len(records) == 1, f"{len(records)} records of session {name}"
    for item in items:
        assert holds(told, records[0], item), f"not so: {item}\n{records[0]}"


def holds(told: Telling, record: SessionRecord, item: str) -> bool:
    for pattern, check in CHECKS:
        found = re.fullmatch(pattern, item)
        if found:
            return check(told, record, found)
    raise AssertionError(f"nobody understands: {item}")


def visit_in_words(told: Telling, visit: VisitRecord) -> str:
    """`visit 09:00 to 10:00`, `visit 09:00 open: no exit`, `visit until 10:00: exit without entry`."""
    entered, left = (told_time(told, at) for at in (visit.entered_at, visit.left_at))
    words = {
        VisitState.CLOSED: f"visit {entered} to {left}",
        VisitState.AUTO_CLOSED: f"visit {entered} to {left} by rule",
        VisitState.OPEN: f"visit {entered} open",
        VisitState.EXIT_ONLY: f"visit until {left}",
    }[visit.state]
    problems = " and ".join(problem.value.replace("_", " ") for problem in visit.problems)
    return f"{words}: {problems}" if problems else words


def day_in_words(told: Telling, day: DayRecord) -> str:
    words = f"day {told_time(told, day.first_seen)} to {told_time(told, day.last_seen)}, {day.passes} passes, {day.worked_s} s"
    return words + "".join(f", {problem.value.replace('_', ' ')}" for problem in day.problems)


def told_time(told: Telling, at: datetime | None) -> str | None:
    """How a time is written in a case."""
    if at is None:
        return None
    local = at.astimezone(ZoneInfo(told.zone))
    away = (local.date() - told.day).days
    return f"{local:%H:%M}{f'{away:+}' if away else ''}{'*' if local.fold else ''}"


def _problems(text: str) -> tuple[Problem, ...]:
    return tuple(sorted(Problem(one.replace(" ", "_")) for one in text.split(" and ")))


CHECKS: list[tuple[str, Check]] = [
    (r"present|absent|pending|not covered|excused", lambda _, one, m: one.state is State(m[0].replace(" ", "_"))),
    (r"excused by (leave|holiday|staff)", lambda _, one, m: (one.state, one.excuse) == (State.EXCUSED, Excuse(m[1]))),
    (r"(un)?decided", lambda _, one, m: one.decided is not bool(m[1])),
    (r"in time", lambda _, one, __: (one.late_by_s, one.late_uncertain) == (0, False)),
    (r"late ((?:\d+ \w+ ?)+)", lambda _, one, m: (one.late_by_s, one.late_uncertain) == (seconds(m[1]), False)),
    (r"perhaps late ((?:\d+ \w+ ?)+)", lambda _, one, m: (one.late_by_s, one.late_uncertain) == (seconds(m[1]), True)),
    (r"lateness not judged", lambda _, one, __: (one.late_by_s, one.late_uncertain) == (None, False)),
    (r"stayed until the end", lambda _, one, __: (one.left_early_by_s, one.early_uncertain) == (0, False)),
    (r"left early ((?:\d+ \w+ ?)+)", lambda _, one, m: (one.left_early_by_s, one.early_uncertain) == (seconds(m[1]), False)),
    (r"perhaps left early ((?:\d+ \w+ ?)+)", lambda _, one, m: (one.left_early_by_s, one.early_uncertain) == (seconds(m[1]), True)),
    (r"leaving not judged", lambda _, one, __: (one.left_early_by_s, one.early_uncertain) == (None, False)),
    (r"(not )?half a day", lambda _, one, m: one.half_day is not bool(m[1])),
    (r"worked nothing", lambda _, one, __: one.worked_s == 0),
    (r"worked ((?:\d+ \w+ ?)+)", lambda _, one, m: one.worked_s == seconds(m[1])),
    (r"hours not known", lambda _, one, __: one.worked_s is None),
    (rf"came ({T})", lambda told, one, m: one.first_in == told.at(m[1])),
    (r"coming not known", lambda _, one, __: one.first_in is None),
    (rf"left ({T})", lambda told, one, m: one.last_out == told.at(m[1])),
    (r"leaving not known", lambda _, one, __: one.last_out is None),
    (r"by (face|kiosk|manual)", lambda _, one, m: one.method is Method(m[1])),
    (r"by nothing", lambda _, one, __: one.method is None),
    (r"no problem", lambda _, one, __: one.problems == ()),
    (r"problem (.+)", lambda _, one, m: one.problems == _problems(m[1])),
    (r"seen (.+)", lambda _, one, m: one.evidence == tuple(m[1].split(", "))),
    (r"never seen", lambda _, one, __: one.evidence == ()),
    (r"note (.+)", lambda _, one, m: one.note == m[1]),
    (r"mark (\d)", lambda _, one, m: one.mark == int(m[1])),
    (r"corrections? (.+)", lambda _, one, m: one.corrections == tuple(int(key) for key in m[1].split(" and "))),
]
