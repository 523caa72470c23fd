"""The made-up school and office: who belongs where, when they are expected, through which doors. Pure; nobody of it exists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from itertools import chain, zip_longest

SITE = "Demo School and Office (synthetic)"
TIME_ZONE = "Europe/Paris"
SYNTHETIC = "(synthetic)"
MAIN_IN, MAIN_OUT, SIDE, HALL_A, HALL_B, LABORATORY, WORKSHOP, SERVER_ROOM = (
    "Main entrance, in", "Main entrance, out", "Side entrance", "Lecture hall A", "Lecture hall B", "Laboratory", "Workshop", "Server room"
)  # fmt: skip
DOORS = {MAIN_IN: "in", MAIN_OUT: "out", **dict.fromkeys((SIDE, HALL_A, HALL_B, LABORATORY, WORKSHOP, SERVER_ROOM), "both")}
WEEK, EVERY_DAY = (0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5, 6)
OFFICE_TERMS = {
    "before_s": 3600, "after_s": 7200, "late_grace_s": 600, "early_grace_s": 900, "half_day_below_s": 14_400, "absent_below_s": 3600,
    "exits_expected": True,
}  # fmt: skip
LECTURE_TERMS = {"before_s": 900, "after_s": 0, "late_grace_s": 300}


@dataclass(frozen=True, slots=True)
class Shift:
    """A timetable of a group."""

    name: str
    kind: str
    begins: time
    ends: time
    doors: tuple[str, ...]
    weekdays: tuple[int, ...] = WEEK
    breaks: tuple[tuple[time, time], ...] = ()
    terms: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Team:
    """A group: its share of 200 people, what they are called, and when they are expected."""

    name: str
    share: int
    position: str
    shifts: tuple[Shift, ...]

    @property
    def is_class(self) -> bool:
        return self.position == "Student"


def _lectures(number: int) -> tuple[Shift, ...]:
    hall = (HALL_A, HALL_B, LABORATORY)[number % 3]
    begins = ((time(8, 30), time(10)), (time(10, 30), time(12))) if number < 4 else ((time(13), time(14, 30)), (time(15), time(16, 30)))
    names = ("Mathematics", "Languages")
    return tuple(
        Shift(f"{name}, class {number}", "lecture", begin, end, (hall,), terms=LECTURE_TERMS)
        for name, (begin, end) in zip(names, begins, strict=True)
    )


def _office(name: str, begins: time, ends: time, **more: object) -> tuple[Shift, ...]:
    lunch = ((time(12, 30), time(13)),) if begins < time(12) < ends else ()
    doors = (MAIN_IN, MAIN_OUT)
    return (Shift(name, "shift", begins, ends, doors, breaks=lunch, terms=OFFICE_TERMS, **more),)  # type: ignore[arg-type]


TEAMS = (
    Team("Class 1", 22, "Student", _lectures(1)),
    Team("Office", 24, "Office", _office("Office hours", time(9), time(17))),
    Team("Night watch", 4, "Night watch", _office("Night watch", time(22), time(6), weekdays=EVERY_DAY)),
    Team("IT", 8, "IT", _office("IT desk", time(8), time(16), weekdays=EVERY_DAY)),
    Team("Class 2", 22, "Student", _lectures(2)),
    Team("Class 4", 22, "Student", _lectures(4)),
    Team("Teaching staff", 16, "Teacher", _office("Teaching staff", time(8), time(16, 30))),
    Team("Workshop", 12, "Workshop", _office("Workshop", time(7), time(15, 30))),
    Team("Class 3", 22, "Student", _lectures(3)),
    Team("Class 5", 22, "Student", _lectures(5)),
    Team("Cleaning", 4, "Cleaning", _office("Cleaning", time(5), time(10), weekdays=EVERY_DAY)),
    Team("Class 6", 22, "Student", _lectures(6)),
)


@dataclass(frozen=True, slots=True)
class Somebody:
    """Nobody: a made-up person of a team."""

    number: int
    team: Team

    @property
    def name(self) -> str:
        return f"Demo Person {self.number:03} {SYNTHETIC}"


def everybody(count: int) -> list[Somebody]:
    """So many people: one of each team first, then the others by the teams' shares."""
    return [Somebody(number, team) for number, team in zip(range(1, count + 1), _places(), strict=False)]


def _places() -> Iterator[Team]:
    """Every team in turn, until its share is used up; over and over for more than 200 people."""
    while True:
        rounds = zip_longest(*([team] * team.share for team in TEAMS))
        yield from (team for team in chain.from_iterable(rounds) if team is not None)
