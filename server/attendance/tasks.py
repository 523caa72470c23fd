"""Background work on attendance: what the windows of `server.recompute.windows` mean. Every task may run twice."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from django.utils import timezone

from server.attendance import services
from server.attendance.session_coverage import coverage_derive
from server.attendance.session_sweep import sessions_sweep
from server.people.models import Person
from server.schedules.models import Session
from server.sites.models import Door, Site

EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


def derive_person_day(key: str, why: frozenset[str]) -> None:
    """`key`: site:day:person."""
    derive_person_days({key: why})


def derive_person_days(keys: Mapping[str, frozenset[str]]) -> None:
    """Many people of one site and day at once, with their reasons. What has gone meanwhile needs no attendance."""
    site_id, day, _ = next(iter(keys)).split(":")
    site = Site.objects.filter(pk=int(site_id)).first()
    if site is not None:
        whose = {int(key.rpartition(":")[2]): why for key, why in keys.items()}
        services.person_days_derive(site=site, day=date.fromisoformat(day), why=whose, now=timezone.now())


def derive_person(key: str, why: frozenset[str]) -> None:
    """`key`: person:first:last, a day or nothing."""
    person_id, first, last = key.split(":")
    person = Person.objects.filter(pk=int(person_id)).first()
    if person is not None:
        services.person_derive(person=person, first=_day(first), last=_day(last), why=why, now=timezone.now())


def derive_session(key: str, why: frozenset[str]) -> None:
    """`key`: that of the session."""
    session = Session.objects.select_related("site").filter(pk=int(key)).first()
    if session is not None:
        services.session_derive(session=session, why=why, now=timezone.now())


def derive_site_days(key: str, why: frozenset[str]) -> None:
    """`key`: site:first:last, each of them or nothing: every site, without end."""
    site_id, first, last = key.split(":")
    if not site_id:
        services.every_site_derive(first=_day(first), last=_day(last), why=why)
    elif (site := Site.objects.filter(pk=int(site_id)).first()) is not None:
        services.site_days_derive(site=site, first=_day(first), last=_day(last), why=why, now=timezone.now())


def derive_coverage(key: str, why: frozenset[str]) -> None:
    """`key`: door:hour in UTC."""
    derive_coverages({key: why})


def derive_coverages(keys: Mapping[str, frozenset[str]]) -> None:
    """Many hours of any doors at once: a session is looked at once, however many nodes tell of its doors."""
    hours: dict[int, set[datetime]] = {}
    for key in keys:
        door_id, hour = key.split(":")
        hours.setdefault(int(door_id), set()).add(datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC))
    for site in Site.objects.filter(doors__in=hours).distinct().order_by("pk"):
        doors = Door.objects.filter(site=site, pk__in=hours).values_list("pk", flat=True)
        coverage_derive(site=site, hours=set().union(*(hours[door] for door in doors)), now=timezone.now())


def sweep() -> int:
    """Scheduled every minute: sessions begin, and the wait for coverage ends, without anybody telling."""
    return sessions_sweep(now=timezone.now())


def _day(text: str) -> date | None:
    """Nothing ever lay, or will lie, outside of these years."""
    return min(max(date.fromisoformat(text), EARLIEST), LATEST) if text else None
