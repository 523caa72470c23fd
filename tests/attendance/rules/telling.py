"""Facts told in plain lines, so that whoever plans lessons can read the cases. Times are local; `+1` is the day after, `-1` the day before.

08:58 in main               a pass; `at` where the door leads both ways; `by kiosk`, `by hand`; `not before 08:50`
shift 09:00 to 17:00        a session; `lecture A 09:00 to 10:30 at lab for group 2`
break 12:00 to 13:00        of the sessions told so far; also `cancelled`, `wait over`
blind main 08:00 to 08:30   the doors of a place were not looked at; `blind in main`: those that lead in
leave; holiday; joined +1; marked present; corrected to absent; corrected first in 09:00; area lab; …
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import (
    AreaFact,
    Belonging,
    CorrectionFact,
    Covered,
    DayFacts,
    HolidayFact,
    Interval,
    LeaveFact,
    MarkFact,
    Pass,
    Serving,
    SessionFact,
    Way,
)
from server.schedules.terms import AreaTerms, OpenDayTerms, Terms

PERSON, SITE = 7, 3
TODAY = date(2026, 3, 4)
WAYS = {"in": Way.IN, "out": Way.OUT, "at": Way.BOTH}
PLACES = ("main", "side", "lab", "hall")
DOORS = {(place, way): 10 * place_number + number for place_number, place in enumerate(PLACES, 1) for number, way in enumerate(WAYS, 1)}
T = r"\d\d:\d\d\S*"


@dataclass
class Telling:
    """What has been told so far."""

    day: date = TODAY
    zone: str = "Europe/Berlin"
    day_cut: time = time(4)
    active_from: date | None = None
    active_until: date | None = None
    terms: Terms = field(default_factory=lambda: Terms(exits_expected=True))
    area_terms: AreaTerms = field(default_factory=AreaTerms)
    open_day: OpenDayTerms = field(default_factory=OpenDayTerms)
    belongings: list[Belonging] = field(default_factory=lambda: [Belonging(group, date(2012, 1, 1), None) for group in (1, 2)])
    names: list[str] = field(default_factory=list)
    sessions: list[SessionFact] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    leave: list[LeaveFact] = field(default_factory=list)
    holidays: list[HolidayFact] = field(default_factory=list)
    marks: list[MarkFact] = field(default_factory=list)
    corrections: list[CorrectionFact] = field(default_factory=list)
    blind: list[Covered] = field(default_factory=list)
    cameras: list[Covered] = field(default_factory=list)
    used: dict[int, Interval] = field(default_factory=dict)
    areas: list[tuple[int, frozenset[int]]] = field(default_factory=list)
    synced: datetime | None = None

    def at(self, text: str) -> datetime:
        """The UTC time of a local one: `23:10`, `23:10:05.250`, `06:00+1`, `02:30*` (the second 02:30 of the night)."""
        found = re.fullmatch(r"(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)([+-]\d)?(\*)?", text)
        assert found, f"{text} is no time"
        local = datetime.combine(self.date(found[2]), time.fromisoformat(found[1]), tzinfo=ZoneInfo(self.zone))
        return local.replace(fold=1 if found[3] else 0).astimezone(UTC)

    def date(self, away: str | None) -> date:
        return self.day + timedelta(days=int(away or 0))

    def whole(self) -> Interval:
        """From long before until long after."""
        return Interval(self.at("00:00-9"), self.at("00:00+9"))

    def facts(self, away: int = 0) -> DayFacts:
        """The facts of the day told of, or of another one."""
        return DayFacts(
            person=PERSON,
            site=SITE,
            local_date=self.day + timedelta(days=away),
            zone=self.zone,
            day_cut=self.day_cut,
            active_from=self.active_from,
            active_until=self.active_until,
            belongings=frozenset(self.belongings),
            passes=frozenset(self.passes),
            sessions=frozenset(replace(one, terms=self.terms, serving=self._used(one.serving)) for one in self.sessions),
            leave=frozenset(self.leave),
            holidays=frozenset(self.holidays),
            marks=frozenset(self.marks),
            corrections=frozenset(self.corrections),
            covered=frozenset(self._covered()),
            areas=frozenset(AreaFact(key, doors, self.area_terms) for key, doors in self.areas),
            open_day=self.open_day,
        )

    def _used(self, serving: frozenset[Serving]) -> frozenset[Serving]:
        spans = {one: self.used.get(one.door, self.whole()) for one in serving}
        return frozenset(replace(one, begins_at=span.begins_at, ends_at=span.ends_at) for one, span in spans.items())

    def _covered(self) -> Iterator[Covered]:
        yield from self.cameras
        whole = self.whole()
        for door in DOORS.values():
            since, until = whole.begins_at, self.synced or whole.ends_at
            for one in sorted(one for one in self.blind if one.door == door):
                yield Covered(door, since, min(one.begins_at, until))
                since = one.ends_at
            yield Covered(door, since, until)


def doors(place: str, ways: str | None = None) -> list[int]:
    return [DOORS[place, way] for way in ([ways] if ways else WAYS)]


def seconds(text: str) -> int:
    """`7 h 50 min`, `301 s`."""
    parts = re.findall(r"(\d+) (h|min|s)\b", text)
    assert parts, f"{text} is no duration"
    return sum(int(number) * {"h": 3600, "min": 60, "s": 1}[unit] for number, unit in parts)
