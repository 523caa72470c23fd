"""Visits of areas, once more."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import AreaFact, DayFacts, Pass, Way
from server.attendance.rules.records import Problem, VisitRecord, VisitState
from server.schedules.terms import AutoClose
from server.sites.days import day_bounds
from tests.attendance.reference_walk import Stay, walk

ONE_DAY = timedelta(days=1)


def visits_of(facts: DayFacts) -> tuple[VisitRecord, ...]:
    visits = [visit for area in facts.areas for visit in visits_in(facts, area)]
    return tuple(sorted(visits, key=order_of))


def order_of(visit: VisitRecord) -> tuple[datetime, str, int]:
    at, known_by = visit.entered_at or visit.left_at, visit.entry or visit.exit
    assert at is not None
    assert known_by is not None
    return at, known_by, visit.area


def passes_in(facts: DayFacts, area: AreaFact, day: date) -> list[Pass]:
    begins, ends = day_bounds(day, ZoneInfo(facts.zone), facts.day_cut)
    return [one for one in facts.passes if one.door in area.doors and begins <= one.at < ends]


def belated_exit(entry: Pass, next_day: list[Pass], area: AreaFact) -> Pass | None:
    """The way out on the next day, where it is the first thing seen there."""
    if not next_day:
        return None
    first_at = min(one.at for one in next_day)
    exits = [one for one in next_day if one.at == first_at and one.way is Way.OUT]
    if not exits or first_at - entry.at > timedelta(seconds=area.terms.max_s):
        return None
    return min(exits, key=lambda one: one.id)


def visits_in(facts: DayFacts, area: AreaFact) -> list[VisitRecord]:
    gap = timedelta(seconds=area.terms.min_gap_s)
    yesterday, today, tomorrow = (passes_in(facts, area, facts.local_date + ONE_DAY * days) for days in (-1, 0, 1))
    before = walk(yesterday, gap).kept
    taken = belated_exit(before[-1], today, area) if before and before[-1].way is Way.IN else None
    stays = walk(today, gap, taken=taken).stays
    visits = []
    for number, stay in enumerate(stays):
        following = stays[number + 1].entry if number + 1 < len(stays) else None
        if stay.entry is not None and stay.exit is None and following is None and stay.entry.way is Way.IN:
            late_exit = belated_exit(stay.entry, tomorrow, area)
            visits.append(visit_of(facts, area, Stay(stay.entry, late_exit, stay.entered_twice), None))
        else:
            visits.append(visit_of(facts, area, stay, following.at if following else None))
    return visits


def visit_of(facts: DayFacts, area: AreaFact, stay: Stay, next_entry_at: datetime | None) -> VisitRecord:
    problems = {Problem.ENTERED_TWICE} if stay.entered_twice else set()
    left_at = stay.exit.at if stay.exit else None
    state = VisitState.CLOSED
    if stay.entry is None:
        state = VisitState.EXIT_ONLY
        problems.add(Problem.EXIT_WITHOUT_ENTRY)
    elif stay.exit is None:
        problems.add(Problem.NO_EXIT)
        left_at = closed_by_rule(facts, area, stay.entry, next_entry_at)
        state = VisitState.AUTO_CLOSED if left_at else VisitState.OPEN
    entered_at = stay.entry.at if stay.entry else None
    return VisitRecord(
        person=facts.person,
        area=area.key,
        local_date=facts.local_date,
        state=state,
        entered_at=entered_at,
        left_at=left_at,
        duration_s=int((left_at - entered_at).total_seconds()) if left_at and entered_at else None,
        entry=stay.entry.id if stay.entry else None,
        exit=stay.exit.id if stay.exit else None,
        problems=tuple(sorted(problems)),
    )


def closed_by_rule(facts: DayFacts, area: AreaFact, entry: Pass, next_entry_at: datetime | None) -> datetime | None:
    if area.terms.auto_close is AutoClose.NEVER:
        return None
    day_ends = day_bounds(facts.local_date, ZoneInfo(facts.zone), facts.day_cut)[1]
    rule = day_ends if area.terms.auto_close is AutoClose.DAY_CUT else entry.at + timedelta(seconds=area.terms.max_s)
    return min(rule, next_entry_at) if next_entry_at else rule
