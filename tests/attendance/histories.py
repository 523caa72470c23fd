"""Random histories: the facts of one person, site and local day, from a seed alone. Boundaries are met on purpose."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import (
    AreaFact,
    Belonging,
    CorrectionFact,
    Covered,
    DayFacts,
    HolidayFact,
    LeaveFact,
    MarkFact,
    Method,
    Pass,
    SessionFact,
    State,
    Way,
)
from server.schedules.terms import AreaTerms, AutoClose, ForgottenExit, Mode, OpenDayTerms
from server.sites.days import day_begins
from tests.attendance.history_sessions import sessions_of

CLOCK_CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1)),
    "Pacific/Apia": (date(2011, 12, 29), date(2011, 12, 31)),
    "Africa/Casablanca": (date(2026, 2, 15), date(2026, 3, 22)),
    "Asia/Kathmandu": (date(2026, 6, 1), date(2026, 12, 31)),
    "UTC": (date(2024, 2, 29), date(2026, 1, 1)),
}
CUTS = (time(4), time(4), time(4), time(0), time(2, 30), time(23, 30))
SAID = (State.PRESENT, State.ABSENT, State.EXCUSED)
DAYS = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where and when a history takes place. `begins_at` and `ends_at` are those of the three days."""

    random: random.Random
    zone: str
    day: date
    cut: time
    begins_at: datetime
    ends_at: datetime
    doors: dict[int, Way]

    def sometimes(self, chance: float) -> bool:
        return self.random.random() < chance

    def moment(self) -> datetime:
        whole = int((self.ends_at - self.begins_at).total_seconds())
        return self.begins_at + timedelta(seconds=self.random.randrange(whole))


def history(seed: int) -> DayFacts:
    chance = random.Random(seed)  # noqa: S311 — a seed, no secret
    frame = frame_of(chance)
    sessions = sessions_of(frame.random, days_of(frame), frame.doors)
    moments = moments_of(frame, sessions)
    return DayFacts(
        person=chance.randint(1, 9),
        site=chance.randint(1, 3),
        local_date=frame.day,
        zone=frame.zone,
        day_cut=frame.cut,
        active_from=frame.day + timedelta(days=chance.randint(-3, 1)) if frame.sometimes(0.15) else None,
        active_until=frame.day + timedelta(days=chance.randint(-1, 3)) if frame.sometimes(0.15) else None,
        belongings=belongings_of(frame),
        passes=passes_of(frame, moments),
        sessions=frozenset(sessions),
        leave=leave_of(frame, sessions),
        holidays=frozenset({HolidayFact(1, near(frame, -2, -1), near(frame, -1, 2))}) if frame.sometimes(0.12) else frozenset(),
        marks=marks_of(frame, sessions, moments),
        corrections=corrections_of(frame, sessions, moments),
        covered=covered_of(frame, moments),
        areas=areas_of(frame),
        open_day=OpenDayTerms(chance.choice(list(Mode)), chance.choice((0, 1, 30, 300)), chance.choice(list(ForgottenExit))),
    )


def frame_of(chance: random.Random) -> Frame:
    zone = chance.choice(list(CLOCK_CHANGES))
    day = chance.choice(CLOCK_CHANGES[zone]) + timedelta(days=chance.choice((0, 0, -1, 1, chance.randint(-180, 180))))
    cut = chance.choice(CUTS)
    begins_at, ends_at = (day_begins(day + timedelta(days=far), ZoneInfo(zone), cut) for far in (-1, 2))
    doors = {door: chance.choice(list(Way)) for door in range(1, chance.randint(1, 3) + 1)}
    return Frame(chance, zone, day, cut, begins_at, ends_at, doors)


def days_of(frame: Frame) -> list[tuple[date, datetime, datetime]]:
    days = [frame.day + timedelta(days=far) for far in DAYS]
    zone = ZoneInfo(frame.zone)
    return [(day, day_begins(day, zone, frame.cut), day_begins(day + timedelta(days=1), zone, frame.cut)) for day in days]


def near(frame: Frame, first: int, last: int) -> date:
    return frame.day + timedelta(days=frame.random.randint(first, last))


def moments_of(frame: Frame, sessions: list[SessionFact]) -> list[datetime]:
    """The moments at which something changes, and those just beside them."""
    edges = [begins_at for _, begins_at, _ in days_of(frame)] + [frame.ends_at]
    for one in [*sessions, *(one for one in sessions if one.local_date == frame.day)]:
        quarter, terms = (one.ends_at - one.begins_at) // 4, one.terms
        edges += [one.begins_at] * 3 + [one.ends_at] * 3
        edges += [one.begins_at - timedelta(seconds=terms.before_s), one.ends_at + timedelta(seconds=terms.after_s)]
        edges += [one.begins_at + timedelta(seconds=terms.late_grace_s or 0), one.ends_at - timedelta(seconds=terms.early_grace_s or 0)]
        edges += [one.begins_at + quarter, one.ends_at - quarter, one.begins_at + quarter * 2]
        edges += [at for rest in sorted(one.breaks) for at in (rest.begins_at, rest.ends_at)]
        edges += [at for serving in sorted(one.serving) for at in (serving.begins_at, serving.ends_at)]
    beside = [timedelta(seconds=seconds) for seconds in (-300, -30, -1, -0.5, 0, 0, 0, 0, 0.5, 1, 29, 30, 60, 300, 600)]
    return [at + frame.random.choice(beside) for at in edges for _ in range(2)]


def some_moment(frame: Frame, moments: list[datetime]) -> datetime:
    return frame.moment() if frame.sometimes(0.1) else frame.random.choice(moments)


def passes_of(frame: Frame, moments: list[datetime]) -> frozenset[Pass]:
    chance = frame.random
    passes: list[Pass] = []
    ats = [some_moment(frame, moments) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 12, 20)))]
    for number, drawn in enumerate(sorted(ats) if frame.sometimes(0.7) else ats):
        at = drawn
        if passes and frame.sometimes(0.3):
            at = passes[-1].at + timedelta(seconds=chance.choice((0, 0, 0, 0.004, 1, 29, 30, 31, 300, 600, 3600)))
        door = chance.choice(list(frame.doors))
        way = frame.doors[door] if frame.sometimes(0.5) else chance.choice(list(Way))
        if number in {0, len(ats) - 1} and frame.sometimes(0.5):
            way = Way.OUT if number else Way.IN
        known = [at - timedelta(minutes=10), *sorted(moment for moment in moments if moment <= at)[-6:]]
        earliest = chance.choice(known) if frame.sometimes(0.2) else None
        if frame.begins_at <= at < frame.ends_at or frame.sometimes(0.5):
            passes.append(Pass(at, f"{chance.randrange(256):02x}-{number}", door, way, chance.choice(list(Method)), earliest))
    return frozenset(passes)


def belongings_of(frame: Frame) -> frozenset[Belonging]:
    found = set()
    for group in (1, 2, 3):
        if frame.sometimes(0.9):
            last = None if frame.sometimes(0.8) else near(frame, -1, 4)
            first = near(frame, -400, -2) if frame.sometimes(0.9) else near(frame, -1, 1)
            found.add(Belonging(group, first, last))
    if frame.sometimes(0.2):
        found.add(Belonging(frame.random.randint(1, 3), near(frame, -2, 1), None))
    return frozenset(found)


def leave_of(frame: Frame, sessions: list[SessionFact]) -> frozenset[LeaveFact]:
    found = set()
    zone = ZoneInfo(frame.zone)
    for key in range(frame.random.choice((0, 0, 0, 0, 0, 0, 1, 2, 3))):
        first = near(frame, -2, 0)
        last = max(first, near(frame, -1, 2))
        if frame.sometimes(0.3) or not sessions:
            found.add(LeaveFact(key, first, last))
            continue
        one = frame.random.choice(sessions)
        quarter = (one.ends_at - one.begins_at) // 4
        ends = sorted((one.begins_at + quarter * frame.random.randint(-1, 5)).astimezone(zone).time() for _ in range(2))
        if ends[0] < ends[1]:
            found.add(LeaveFact(key, first, last, ends[0], ends[1]))
    return frozenset(found)


def two_times(frame: Frame, moments: list[datetime]) -> tuple[datetime | None, datetime | None]:
    first, last = sorted(some_moment(frame, moments) for _ in range(2))
    return first if frame.sometimes(0.6) else None, last if frame.sometimes(0.6) else None


def marks_of(frame: Frame, sessions: list[SessionFact], moments: list[datetime]) -> frozenset[MarkFact]:
    found = set()
    for key in range(frame.random.choice((0, 0, 0, 0, 0, 1, 2)) if sessions else 0):
        state = frame.random.choice(SAID)
        arrived_at, left_at = two_times(frame, moments) if state is State.PRESENT or frame.sometimes(0.2) else (None, None)
        note = frame.random.choice(("", "", "seen on the stairs"))
        found.add(MarkFact(key + 1, frame.random.choice(sessions).key, state, arrived_at, left_at, note))
    return frozenset(found)


def corrections_of(frame: Frame, sessions: list[SessionFact], moments: list[datetime]) -> frozenset[CorrectionFact]:
    found = set()
    for key in range(frame.random.choice((0, 0, 0, 0, 0, 1, 2, 3)) if sessions else 0):
        state = frame.random.choice((*SAID, None, None, None))
        first_in, last_out = two_times(frame, moments) if state in {None, State.PRESENT} or frame.sometimes(0.2) else (None, None)
        note = frame.random.choice((None, None, "as agreed"))
        found.add(CorrectionFact(key + 1, frame.random.choice(sessions).key, state, first_in, last_out, note))
    return frozenset(found)


def covered_of(frame: Frame, moments: list[datetime]) -> frozenset[Covered]:
    """Everything, nothing, or pieces that touch, overlap or leave holes at moments that matter."""
    found = set()
    holed = frame.sometimes(0.5)
    for door in frame.doors:
        if frame.sometimes(0.15):
            continue
        if not holed or frame.sometimes(0.3):
            found.add(Covered(door, frame.begins_at, frame.ends_at))
            continue
        edges = sorted({frame.begins_at, frame.ends_at, *(some_moment(frame, moments) for _ in range(frame.random.randint(1, 4)))})
        for first, last in pairwise(edges):
            if frame.sometimes(0.75):
                found.add(Covered(door, first, last))
    return frozenset(found)


def areas_of(frame: Frame) -> frozenset[AreaFact]:
    pick: Callable[[tuple[int, ...]], int] = frame.random.choice
    return frozenset(
        AreaFact(
            key,
            frozenset(door for door in frame.doors if frame.sometimes(0.7)),
            AreaTerms(pick((0, 1, 30, 300)), frame.random.choice(list(AutoClose)), pick((600, 3600, 3600, 57_600, 100_000))),
        )
        for key in range(1, frame.random.randint(0, 2) + 1)
    )
