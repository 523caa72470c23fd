"""From rows to the facts of attendance: what the rules derive from, for people at a site on some days.

Everything is read in a bounded number of queries, whatever the number of people, days, sessions and passes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter

from django.db.models import Q

from server.attendance.correction_models import Correction, CorrectionState, ManualMark, ManualPass
from server.attendance.facts_of_site import ONE_DAY, DayGround, SiteGround, ground_of
from server.attendance.rules.facts import Belonging, CorrectionFact, DayFacts, LeaveFact, MarkFact, Method, Pass, SessionFact, State, Way
from server.people.models import Membership, Person
from server.schedules.models import Leave
from server.sightings.models import Sighting
from server.sites.models import Site

BY_HAND = "manual:"
"""A pass entered by hand is known by this and its UUID; a sighting by its UUID alone."""
_AT = attrgetter("at")
NOBODY: frozenset[SessionFact] = frozenset()


@dataclass(slots=True)
class PersonGround:
    """What the facts of all days of one person share; passes in the order of time."""

    person: int
    active_from: date | None
    active_until: date | None
    belongings: set[Belonging] = field(default_factory=set)
    passes: list[Pass] = field(default_factory=list)
    leave: set[LeaveFact] = field(default_factory=set)
    marks: list[MarkFact] = field(default_factory=list)
    corrections: list[CorrectionFact] = field(default_factory=list)


def day_facts_of(*, site: Site, days: Iterable[date], people: Iterable[int]) -> list[DayFacts]:
    """The facts of every one of these people on every one of these days. Somebody merged into another person has none."""
    ground = ground_of(site, days)
    return [day_facts(ground, whose, day) for whose in people_of(ground, people) for day in ground.days]


def day_facts(ground: SiteGround, whose: PersonGround, day: DayGround) -> DayFacts:
    """One person's day out of what is loaded."""
    groups = {belonging.group for belonging in whose.belongings}
    sessions = NOBODY.union(*(day.sessions.get(group, NOBODY) for group in groups))
    keys = {fact.key for fact in sessions}
    site = ground.site
    return DayFacts(
        person=whose.person,
        site=site.pk,
        local_date=day.day,
        zone=site.time_zone,
        day_cut=site.day_cut,
        active_from=whose.active_from,
        active_until=whose.active_until,
        belongings=frozenset(whose.belongings),
        passes=_between(whose.passes, day.begins_at, day.ends_at),
        sessions=sessions,
        leave=frozenset(leave for leave in whose.leave if leave.first <= day.day + ONE_DAY and leave.last >= day.day - ONE_DAY),
        holidays=day.holidays,
        marks=frozenset(mark for mark in whose.marks if mark.session in keys),
        corrections=frozenset(correction for correction in whose.corrections if correction.session in keys),
        covered=day.covered if sessions else frozenset(),
        areas=ground.areas,
        open_day=ground.open_day,
    )


def _between(passes: list[Pass], begins_at: datetime, ends_at: datetime) -> frozenset[Pass]:
    return frozenset(passes[bisect_left(passes, begins_at, key=_AT) : bisect_left(passes, ends_at, key=_AT)])


def people_of(ground: SiteGround, people: Iterable[int]) -> list[PersonGround]:
    """What is known of these people, in their order; those merged into another person, or gone, are left out."""
    rows = Person.objects.filter(pk__in=list(people), merged_into__isnull=True).order_by("pk")
    found = {key: PersonGround(key, begins, ends) for key, begins, ends in rows.values_list("pk", "active_from", "active_until")}
    if not found:
        return []
    counts_for = count_for(found)
    _add_belongings(ground, found)
    _add_sightings(ground, found, counts_for)
    _add_manual_passes(ground, found, counts_for)
    _add_leave(ground, found)
    _add_said(ground, found)
    for whose in found.values():
        whose.passes.sort()
    return list(found.values())


def count_for(people: Iterable[int]) -> dict[int, int]:
    """For whom passes count: everybody's for themselves, and those of merged people for whom they were merged into."""
    merged = merged_people()
    counts = {key: key for key in people}
    for key in merged:
        target = merged_to(key, merged)
        if target in counts:
            counts[key] = target
    return counts


def merged_people() -> dict[int, int | None]:
    """Who was merged into whom."""
    return dict(Person.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into"))


def merged_to(person: int, merged: Mapping[int, int | None]) -> int:
    """Whom somebody has become, over any number of steps."""
    passed = {person}
    while (following := merged.get(person)) is not None and following not in passed:
        person = following
        passed.add(person)
    return person


def _add_belongings(ground: SiteGround, found: Mapping[int, PersonGround]) -> None:
    first, last = ground.days[0].day - ONE_DAY, ground.days[-1].day + ONE_DAY
    rows = Membership.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=first),
        person__in=found,
        valid_from__lte=last,
        group__in={fact.group for fact in ground.facts.values()},
    )
    for person, group, begins, ends in rows.values_list("person", "group", "valid_from", "valid_until"):
        found[person].belongings.add(Belonging(group, begins, ends))


def _add_sightings(ground: SiteGround, found: Mapping[int, PersonGround], counts_for: Mapping[int, int]) -> None:
    rows = Sighting.objects.filter(
        counts_for__in=counts_for,
        door__in=ground.ways,
        time_known=True,
        captured_at__gte=ground.begins_at,
        captured_at__lt=ground.ends_at,
    ).order_by()
    for person, at, uuid, door, earliest in rows.values_list("counts_for", "captured_at", "uuid", "door", "earliest_at"):
        told = Pass(at, str(uuid), door, ground.ways[door], Method.FACE, None if earliest == at else earliest)
        found[counts_for[person]].passes.append(told)


def _add_manual_passes(ground: SiteGround, found: Mapping[int, PersonGround], counts_for: Mapping[int, int]) -> None:
    rows = ManualPass.objects.filter(
        person__in=counts_for, door__in=ground.ways, undone_at__isnull=True, at__gte=ground.begins_at, at__lt=ground.ends_at
    ).order_by()
    for person, at, uuid, door, way in rows.values_list("person", "at", "uuid", "door", "way"):
        found[counts_for[person]].passes.append(Pass(at, f"{BY_HAND}{uuid}", door, Way(way), Method.MANUAL))


def _add_leave(ground: SiteGround, found: Mapping[int, PersonGround]) -> None:
    first, last = ground.days[0].day - ONE_DAY, ground.days[-1].day + ONE_DAY
    rows = Leave.objects.filter(person__in=found, first_day__lte=last, last_day__gte=first, cancelled_at__isnull=True)
    columns = ("person", "id", "first_day", "last_day", "from_time", "until_time")
    for person, key, first_day, last_day, from_time, until_time in rows.values_list(*columns):
        found[person].leave.add(LeaveFact(key, first_day, last_day, from_time, until_time))


def _add_said(ground: SiteGround, found: Mapping[int, PersonGround]) -> None:
    """Marks and approved corrections."""
    about = Q(session__in=ground.facts, person__in=found)
    marks = ManualMark.objects.filter(about, undone_at__isnull=True).order_by()
    said = ("person", "id", "session", "state", "arrived_at", "left_at", "note")
    for person, key, session, state, arrived_at, left_at, note in marks.values_list(*said):
        found[person].marks.append(MarkFact(key, session, State(state), arrived_at, left_at, note))
    approved = Correction.objects.filter(about, state=CorrectionState.APPROVED, approval__isnull=False).order_by()
    columns = ("person", "approval", "session", "to_state", "to_first_in", "to_last_out", "to_note")
    for person, key, session, state, first_in, last_out, to_note in approved.values_list(*columns):
        if key is not None:
            told = CorrectionFact(key, session, State(state) if state else None, first_in, last_out, to_note)
            found[person].corrections.append(told)
