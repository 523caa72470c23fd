"""The rules of attendance: everything that follows from the facts of one person, site and local day. Pure.

Read on in this order: `expected` (who is expected when), `attribution` and `carrying` (which pass belongs to which session), `times`
(first in, last out), `judging` (late, early, hours), `session` (the record), `overlay` (what staff say), `visits`, `open_day`.
"""

from bisect import bisect_left
from datetime import timedelta
from zoneinfo import ZoneInfo

from server.attendance.rules.attribution import attributed, candidates, windows
from server.attendance.rules.carrying import carried
from server.attendance.rules.coverage import Looked
from server.attendance.rules.expected import applying
from server.attendance.rules.facts import DayFacts, Pass
from server.attendance.rules.open_day import open_day
from server.attendance.rules.overlay import laid_over, said
from server.attendance.rules.records import Derived, SessionRecord
from server.attendance.rules.session import as_seen, case_of
from server.attendance.rules.visits import visits
from server.attendance.rules.walking import in_order
from server.sites.days import day_begins


def derive(facts: DayFacts) -> Derived:
    """The records of the day: those of its sessions by key, its visits by time, and the open day. The same facts give the same records."""
    zone = ZoneInfo(facts.zone)
    cuts = [day_begins(facts.local_date + timedelta(days=away), zone, facts.day_cut) for away in (-1, 0, 1, 2)]
    passes = in_order(facts.passes)
    times = [one.at for one in passes]
    places = [bisect_left(times, cut) for cut in cuts]
    before, today, after = (passes[places[day] : places[day + 1]] for day in range(3))
    return Derived(
        sessions=_sessions(facts, passes[places[0] : places[3]]),
        visits=visits(facts, (before, today, after), cuts[2]) if facts.areas else (),
        day=open_day(facts, today),
    )


def _sessions(facts: DayFacts, passes: list[Pass]) -> tuple[SessionRecord, ...]:
    sessions = applying(facts)
    if all(one.local_date != facts.local_date for one in sessions):
        return ()
    times = [one.at for one in passes]
    held = [candidates(one, window, passes, times) for one, window in zip(sessions, windows(sessions), strict=True)]
    looked = Looked(facts.covered)
    records = []
    for attended in carried(sessions, attributed(sessions, held)):
        session = attended.session
        if session.local_date == facts.local_date:
            case = case_of(facts, attended, looked)
            record = as_seen(facts, case)
            marks = [one for one in facts.marks if one.session == session.key]
            corrections = [one for one in facts.corrections if one.session == session.key]
            records.append(laid_over(record, case, said(marks, corrections)) if marks or corrections else record)
    return tuple(sorted(records, key=lambda one: one.session))
