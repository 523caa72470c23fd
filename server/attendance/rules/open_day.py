"""The open day: when was a person first and last seen on a local day, and how often. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from server.attendance.rules.expected import active
from server.attendance.rules.facts import DayFacts, Pass
from server.attendance.rules.intervals import whole_seconds
from server.attendance.rules.records import DayRecord, Problem
from server.attendance.rules.walking import Kind, walk
from server.schedules.terms import ForgottenExit, Mode, OpenDayTerms


def open_day(facts: DayFacts, passes: Sequence[Pass]) -> DayRecord | None:
    """The open day from the passes of the day, in order; None if there are none.

    Hours reach from first to last seen, or count every pair of entry and exit; a pair without an exit ends when they were last seen.
    """
    if not passes:
        return None
    return DayRecord(
        person=facts.person,
        site=facts.site,
        local_date=facts.local_date,
        first_seen=passes[0].at,
        last_seen=passes[-1].at,
        passes=len(passes),
        worked_s=whole_seconds(_worked(facts.open_day, passes)),
        problems=() if active(facts, facts.local_date) else (Problem.NOT_ACTIVE,),
    )


def _worked(terms: OpenDayTerms, passes: Sequence[Pass]) -> timedelta:
    if terms.mode is Mode.FIRST_LAST:
        return passes[-1].at - passes[0].at
    worked, since = timedelta(0), None
    for kind, passed, entering in walk(passes, min_gap_s=terms.min_gap_s):
        if kind is Kind.EXIT and since is not None:
            worked += passed.at - since
        since = passed.at if entering else None
    if since is None or terms.forgotten_exit is ForgottenExit.NOTHING:
        return worked
    return worked + (passes[-1].at - since)
