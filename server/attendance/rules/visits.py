"""Visits: who was in an area, from when until when. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.attendance.rules.facts import AreaFact, DayFacts, Pass, Way
from server.attendance.rules.intervals import whole_seconds
from server.attendance.rules.records import Problem, VisitRecord, VisitState
from server.attendance.rules.walking import Kind, Step, walk
from server.schedules.terms import AutoClose

Days = tuple[Sequence[Pass], Sequence[Pass], Sequence[Pass]]
"""The passes of the day before, the day and the day after, in order."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An entry and its exit; one of them may be missing. `again`: they were inside already. `until`: the next entry of the day."""

    entry: Pass | None
    exit: Pass | None = None
    again: bool = False
    until: datetime | None = None


def visits(facts: DayFacts, days: Days, day_ends: datetime) -> tuple[VisitRecord, ...]:
    """The visits of the day in every area, by time.

    A visit belongs to the day of its entry. An entry through a door in that is the last pass of its day is closed by the first pass of the
    day after, if that leads out and comes within the longest visit; a toggling door's state ends with the day.
    """
    found = [_record(facts, area, stay, day_ends) for area in facts.areas for stay in _stays(area, days)]
    return tuple(sorted(found, key=lambda one: (one.entered_at or one.left_at, one.entry or one.exit, one.area)))


def _stays(area: AreaFact, days: Days) -> list[Stay]:
    before, passes, after = ([one for one in day if one.door in area.doors] for day in days)
    if not passes:
        return []
    closing = _closing(area, before, passes)
    steps = walk(passes, min_gap_s=area.terms.min_gap_s, inside=closing is not None)
    stays = list(_paired(steps[1:] if closing is not None else steps))
    if stays and stays[-1].exit is None and stays[-1].entry is not None and stays[-1].entry.way is Way.IN:
        last = stays[-1]
        stays[-1] = Stay(last.entry, _first_out(area, last.entry, after), again=last.again)
    return stays


def _closing(area: AreaFact, before: Sequence[Pass], passes: Sequence[Pass]) -> Pass | None:
    """The exit from a visit of the day before, which is no pass of this day."""
    steps = walk(before, min_gap_s=area.terms.min_gap_s) if before else []
    if not steps or steps[-1].passed.way is not Way.IN:
        return None
    return _first_out(area, steps[-1].passed, passes)


def _first_out(area: AreaFact, entry: Pass | None, passes: Sequence[Pass]) -> Pass | None:
    if entry is None or not passes or passes[0].at - entry.at > timedelta(seconds=area.terms.max_s):
        return None
    return next((one for one in passes if one.at == passes[0].at and one.way is Way.OUT), None)


def _paired(steps: Sequence[Step]) -> Iterator[Stay]:
    inside: Stay | None = None
    for kind, passed, _ in steps:
        match kind:
            case Kind.STRAY:
                yield Stay(None, passed)
            case Kind.EXIT if inside is not None:
                yield Stay(inside.entry, passed, again=inside.again)
                inside = None
            case _:
                if inside is not None:
                    yield Stay(inside.entry, again=inside.again, until=passed.at)
                inside = Stay(passed, again=kind is Kind.AGAIN)
    if inside is not None:
        yield inside


def _record(facts: DayFacts, area: AreaFact, stay: Stay, day_ends: datetime) -> VisitRecord:
    state, left_at = _end(area, stay, day_ends)
    entered_at = stay.entry.at if stay.entry else None
    return VisitRecord(
        person=facts.person,
        area=area.key,
        local_date=facts.local_date,
        state=state,
        entered_at=entered_at,
        left_at=left_at,
        duration_s=whole_seconds(left_at - entered_at) if left_at and entered_at else None,
        entry=stay.entry.id if stay.entry else None,
        exit=stay.exit.id if stay.exit else None,
        problems=_problems(stay),
    )


def _problems(stay: Stay) -> tuple[Problem, ...]:
    if stay.entry is None:
        return (Problem.EXIT_WITHOUT_ENTRY,)
    twice = (Problem.ENTERED_TWICE,) if stay.again else ()
    return (*twice, Problem.NO_EXIT) if stay.exit is None else twice


def _end(area: AreaFact, stay: Stay, day_ends: datetime) -> tuple[VisitState, datetime | None]:
    """How the visit ended. A rule's end never lies after the next entry of the day."""
    if stay.entry is None:
        return VisitState.EXIT_ONLY, stay.exit.at if stay.exit else None
    if stay.exit is not None:
        return VisitState.CLOSED, stay.exit.at
    match area.terms.auto_close:
        case AutoClose.NEVER:
            return VisitState.OPEN, None
        case AutoClose.DAY_CUT:
            end = day_ends
        case AutoClose.AFTER:
            end = stay.entry.at + timedelta(seconds=area.terms.max_s)
    return VisitState.AUTO_CLOSED, min(end, stay.until) if stay.until else end
