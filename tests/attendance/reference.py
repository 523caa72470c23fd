"""The rules of attendance once more: slow, by looking at every pair and every piece, and without a line of the rules' own code.

What it shares with them are the types of facts and records and the bounds of a local day.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import DayFacts, Pass
from server.attendance.rules.records import DayRecord, Derived, Problem
from server.schedules.terms import ForgottenExit, Mode
from server.sites.days import day_bounds
from tests.attendance.reference_claims import claims_of
from tests.attendance.reference_records import record_of
from tests.attendance.reference_visits import visits_of
from tests.attendance.reference_walk import Walk, walk


def reference(facts: DayFacts) -> Derived:
    facts = of_three_days(facts)
    claims = claims_of(facts)
    records = [record_of(facts, claim) for claim in claims if claim.session.local_date == facts.local_date]
    return Derived(
        sessions=tuple(sorted(records, key=lambda record: record.session)),
        visits=visits_of(facts),
        day=open_day_of(facts),
    )


def of_three_days(facts: DayFacts) -> DayFacts:
    days = [facts.local_date + timedelta(days=far) for far in (-1, 0, 1)]
    return replace(
        facts,
        passes=frozenset(one for day in days for one in passes_of(facts, day)),
        sessions=frozenset(one for one in facts.sessions if one.local_date in days),
    )


def passes_of(facts: DayFacts, day: date) -> list[Pass]:
    begins, ends = day_bounds(day, ZoneInfo(facts.zone), facts.day_cut)
    return [one for one in facts.passes if begins <= one.at < ends]


def open_day_of(facts: DayFacts) -> DayRecord | None:
    passes = passes_of(facts, facts.local_date)
    if not passes:
        return None
    first, last = min(one.at for one in passes), max(one.at for one in passes)
    too_early = facts.active_from is not None and facts.local_date < facts.active_from
    too_late = facts.active_until is not None and facts.local_date > facts.active_until
    return DayRecord(
        person=facts.person,
        site=facts.site,
        local_date=facts.local_date,
        first_seen=first,
        last_seen=last,
        passes=len(passes),
        worked_s=hours_of(facts, first, last),
        problems=(Problem.NOT_ACTIVE,) if too_early or too_late else (),
    )


def hours_of(facts: DayFacts, first: datetime, last: datetime) -> int:
    if facts.open_day.mode is Mode.FIRST_LAST:
        return int((last - first).total_seconds())
    walked: Walk = walk(passes_of(facts, facts.local_date), timedelta(seconds=facts.open_day.min_gap_s))
    total = timedelta()
    for number, stay in enumerate(walked.stays):
        if stay.entry is None:
            continue
        if stay.exit is not None:
            total += stay.exit.at - stay.entry.at
        elif number == len(walked.stays) - 1 and facts.open_day.forgotten_exit is not ForgottenExit.NOTHING:
            total += last - stay.entry.at
    return int(total.total_seconds())
