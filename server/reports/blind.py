"""Why a lateness is not certain: which door was not looked at, and when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from server.attendance.facts_of_site import coverage_of, session_facts
from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import Covered, Serving, SessionFact, Way
from server.reports.words import BLIND
from server.sites.models import Door

MAX_SESSIONS = 60
"""Of more than so many uncertain sessions it is only said that they are not certain."""
Span = tuple[datetime, datetime]


class Blindness:
    """What was not looked at around these records. A fixed number of queries for all of them."""

    def __init__(self, records: Iterable[AttendanceRecord]) -> None:
        sessions = {row.session.pk: row.session for row in records if row.late_uncertain or row.early_uncertain}
        told = sorted(sessions.values(), key=lambda row: row.begins_at) if len(sessions) <= MAX_SESSIONS else []
        self._facts: Mapping[int, SessionFact] = session_facts(told)
        self._covered: Collection[Covered] = coverage_of(list(self._facts.values()))
        doors = {serving.door for fact in self._facts.values() for serving in fact.serving}
        self._names = dict(Door.objects.filter(pk__in=doors).values_list("pk", "name")) if doors else {}

    def before_entry(self, record: AttendanceRecord) -> str:
        """Where the person may have come in earlier."""
        fact = self._facts.get(record.session_id)
        if fact is None or record.first_in is None:
            return BLIND
        span = (fact.begins_at - timedelta(seconds=fact.terms.before_s), min(record.first_in, fact.ends_at))
        return self._words(record, [serving for serving in fact.serving if serving.way is not Way.OUT], span)

    def after_exit(self, record: AttendanceRecord) -> str:
        """Where the person may have gone out later."""
        fact = self._facts.get(record.session_id)
        if fact is None or record.last_out is None:
            return BLIND
        return self._words(record, [serving for serving in fact.serving if serving.way is not Way.IN], (record.last_out, fact.ends_at))

    def _words(self, record: AttendanceRecord, doors: Iterable[Serving], span: Span) -> str:
        zone = record.session.site.zone
        told = []
        for serving in sorted(doors, key=lambda serving: self._names.get(serving.door, "")):
            wanted = (max(serving.begins_at, span[0]), min(serving.ends_at, span[1]))
            holes = _holes(wanted, (cover for cover in self._covered if cover.door == serving.door))
            spans = ", ".join(f"{begin.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}" for begin, end in holes)
            told += [f"{self._names[serving.door]} was not looked at {spans}"] if spans else []
        return "; ".join(told) or "the clock of the camera was not certain"


def _holes(span: Span, covers: Iterable[Covered]) -> list[Span]:
    """What of the span nobody looked at."""
    reached, end = span
    found = []
    for cover in sorted(covers, key=lambda cover: cover.begins_at):
        if cover.begins_at >= end:
            break
        if cover.begins_at > reached:
            found.append((reached, cover.begins_at))
        reached = max(reached, cover.ends_at)
    return [*found, (reached, end)] if reached < end else found
