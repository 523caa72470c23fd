"""Deriving what a window covers. Every one of these may be run again at any time: the same facts give the same records."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction

from server.attendance.extent import Days, days_at_site, days_of_person, sites_of_person
from server.attendance.facts_of_people import members
from server.attendance.models import AttendanceRecord
from server.attendance.publishing import people_publish, person_days_publish
from server.attendance.publishing_discrepancies import differing_people
from server.attendance.publishing_ground import days_hold, publishing_begin
from server.attendance.session_settling import sessions_settle
from server.people.models import Person
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.schedules.models import Session
from server.sites.models import Site

SPAN_DAYS = 31
"""Windows that are longer are split, so that none takes long."""
PART_DAYS = 5
PART_PERSON_DAYS = 5000
FAR_AHEAD = timedelta(days=2)
OF_ITSELF = frozenset({Why.COVERAGE.value, Why.WAITED.value})
"""What changes a session alone, never its neighbours."""


def around(day: date) -> list[date]:
    """The day, and those next to it: a pass of this day may belong to a session or a visit of theirs."""
    return list(Days(day, day).wider())


def person_days_derive(*, site: Site, day: date, why: Mapping[int, frozenset[str]], now: datetime) -> int:
    """Derive these people around a local day, each for its own reasons. Returns how many records changed."""
    reasons: dict[tuple[str, ...], list[int]] = {}
    for person, words in why.items():
        reasons.setdefault(tuple(sorted(words)), []).append(person)
    with transaction.atomic():
        return sum(
            person_days_publish(site=site, days=around(day), people=people, why=frozenset(words), now=now)
            for words, people in sorted(reasons.items())
        )


def person_derive(*, person: Person, first: date | None, last: date | None, why: frozenset[str], now: datetime) -> int:
    """Derive a person at every site on these days. Long times are marked again in parts. Returns how many records changed."""
    asked = Days(first, last) if first is not None and last is not None else None
    if asked is None or asked.longer_than(SPAN_DAYS):
        known = days_of_person(person, now=now)
        asked = None if known is None else known.shared_with(first, last)
    if asked is None:
        return 0
    if asked.longer_than(SPAN_DAYS):
        parts = asked.parts(SPAN_DAYS)
        return _mark_again((windows.person_days(person=person.pk, first=part.first, last=part.last) for part in parts), why)
    days = list(asked.wider())
    with transaction.atomic():
        sites = sites_of_person(person, asked).order_by("pk")
        return sum(person_days_publish(site=site, days=days, people=[person.pk], why=why, now=now) for site in sites)


def site_days_derive(*, site: Site, first: date | None, last: date | None, why: frozenset[str], now: datetime) -> int:
    """Derive everybody at a site on these days. Long times are marked again in parts. Returns how many records changed."""
    length = part_days()
    asked = Days(first, last) if first is not None and last is not None else None
    if asked is not None and not asked.longer_than(length):
        return person_days_publish(site=site, days=list(asked), people=None, why=why, now=now)
    known = days_at_site(site, now=now)
    asked = None if known is None else known.shared_with(first, last)
    parts = [] if asked is None else asked.parts(length)
    return _mark_again((windows.site_days(site=site.pk, first=part.first, last=part.last) for part in parts), why)


def every_site_derive(*, first: date | None, last: date | None, why: frozenset[str]) -> int:
    """Everybody everywhere on these days: marked again site by site."""
    sites = Site.objects.order_by("pk").values_list("pk", flat=True)
    return _mark_again((windows.site_days(site=site, first=first, last=last) for site in sites), why)


def part_days() -> int:
    """Days of everybody at a site that are derived in one go: fewer where there are more people."""
    return max(1, min(PART_DAYS, PART_PERSON_DAYS // max(1, Person.objects.count())))


def session_derive(*, session: Session, why: frozenset[str], now: datetime) -> int:
    """Derive everybody who is or was expected at a session, also who was never seen. Returns how many records changed."""
    told = AttendanceRecord.objects.filter(session=session, gone_at__isnull=True)
    if session.window_begins_at > now + FAR_AHEAD and not told.exists():
        return 0
    with transaction.atomic():
        days = {session.local_date, *told.order_by().values_list("local_date", flat=True).distinct()}
        reached = days if why <= OF_ITSELF else {near for day in days for near in around(day)}
        days_hold(site=session.site_id, days=reached)
        people = set(members({session.group_id}, session.local_date, session.local_date).values_list("person", flat=True))
        people |= set(told.values_list("person", flat=True)) | differing_people(session)
        publishing = publishing_begin(site=session.site, days=reached, why=why, now=now)
        changed = people_publish(publishing, people)
        sessions_settle(publishing.ground, [session.pk], now=now)
        return changed


def _mark_again(parts: Iterable[Window], why: frozenset[str]) -> int:
    """The parts of a long window are windows of their own; nothing was changed yet."""
    found = list(parts)
    for word in sorted(why) or [""]:
        mark(found, why=word)
    return 0
