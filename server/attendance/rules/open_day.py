"""The open day: when was a person first and last seen on a local day, and how often. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from server.sites.days import local_day


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact: this person passed a door of the site at this (aware) time."""

    person: int
    at: datetime


@dataclass(frozen=True, slots=True, order=True)
class OpenDay:
    """A record: one person, one local day."""

    person: int
    local_date: date
    first_seen: datetime
    last_seen: datetime
    sightings: int


def derive(facts: Iterable[Seen], *, zone: ZoneInfo, day_cut: time) -> tuple[OpenDay, ...]:
    """One record per person and local day on which they were seen; the order of the facts does not matter."""
    days: dict[tuple[int, date], list[datetime]] = {}
    for fact in facts:
        days.setdefault((fact.person, local_day(fact.at, zone, day_cut)), []).append(fact.at)
    return tuple(sorted(OpenDay(person, day, min(times), max(times), len(times)) for (person, day), times in days.items()))
