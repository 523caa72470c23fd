"""How far a window reaches: without end means as far as there is anything that could be derived, or was."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Max, Min, Q, QuerySet

from server.attendance.correction_models import ManualPass
from server.attendance.facts_of import count_for
from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.seal_models import Discrepancy
from server.people.models import Membership, Person
from server.schedules.models import Session
from server.sightings.models import Sighting
from server.sites.days import local_day
from server.sites.models import Door, Site

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Local days, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))

    def longer_than(self, days: int) -> bool:
        return (self.last - self.first).days >= days

    def wider(self) -> "Days":
        """With the day before and the day after."""
        return Days(self.first - ONE_DAY, self.last + ONE_DAY)

    def parts(self, length: int) -> list["Days"]:
        """The same days in parts of at most so many."""
        days = list(self)
        return [Days(days[begin], days[min(begin + length, len(days)) - 1]) for begin in range(0, len(days), length)]

    def shared_with(self, first: date | None, last: date | None) -> "Days | None":
        """What lies between these two; None: nothing."""
        begin, end = max(self.first, first or self.first), min(self.last, last or self.last)
        return Days(begin, end) if begin <= end else None


def days_at_site(site: Site, *, now: datetime) -> Days | None:
    """Every day on which anything was seen, expected or told at the site; nobody is expected yet after tomorrow. None: there is none."""
    doors = list(Door.objects.filter(site=site).values_list("pk", flat=True))
    moments = [at for door in doors for at in _ends(Sighting.objects.filter(door=door, time_known=True), "captured_at")]
    moments += _outermost(ManualPass.objects.filter(door__in=doors), "at")
    sessions = Session.objects.filter(site=site)
    told = _told(Q(session__site=site), Q(area__site=site), Q(site=site))
    return _days([site], moments, _outermost(sessions, "local_date"), told, now)


def days_of_person(person: Person, *, now: datetime) -> Days | None:
    """Every day on which this person was seen or expected anywhere, or something is told of them. None: there is none."""
    whose = _whose(person)
    moments = [at for key in whose for at in _ends(Sighting.objects.filter(counts_for=key, time_known=True), "captured_at")]
    moments += _outermost(ManualPass.objects.filter(person__in=whose), "at")
    groups = Membership.objects.filter(person=person).values("group")
    told = _told(*[Q(person=person)] * 3)
    sites = list(Site.objects.all())
    return _days(sites, moments, _outermost(Session.objects.filter(group__in=groups), "local_date"), told, now)


def sites_of_person(person: Person, days: Days) -> QuerySet[Site]:
    """The sites at which this person was seen or expected on these days, or at which something is told of them."""
    whose = _whose(person)
    first, last = days.first - ONE_DAY, days.last + ONE_DAY
    begins_at, ends_at = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, last + ONE_DAY))
    dates = {"local_date__range": (first, last)}
    sighted = Sighting.objects.filter(counts_for__in=whose, captured_at__gte=begins_at, captured_at__lt=ends_at, door__isnull=False)
    return Site.objects.filter(
        Q(doors__in=sighted.order_by().values("door"))
        | Q(doors__in=ManualPass.objects.filter(person__in=whose, at__gte=begins_at, at__lt=ends_at).values("door"))
        | Q(pk__in=Session.objects.filter(group__in=Membership.objects.filter(person=person).values("group"), **dates).values("site"))
        | Q(pk__in=AttendanceRecord.objects.filter(person=person, **dates).values("session__site"))
        | Q(pk__in=OpenDayRecord.objects.filter(person=person, **dates).values("site"))
        | Q(pk__in=VisitRow.objects.filter(person=person, **dates).values("area__site"))
        | Q(pk__in=Discrepancy.objects.filter(person=person, **dates).values("site"))
    ).distinct()


def _whose(person: Person) -> list[int]:
    """The person, and everybody merged into them."""
    return [key for key, target in count_for([person.pk]).items() if target == person.pk]


def _ends(rows: QuerySet[Sighting], name: str) -> list[datetime]:
    """The first and the last, each found through an index of the rows' owner and time."""
    found = (rows.order_by(order).values_list(name, flat=True).first() for order in (name, f"-{name}"))
    return [at for at in found if at is not None]


def _outermost(rows: QuerySet[ManualPass] | QuerySet[Session], name: str) -> list[datetime]:
    found = rows.order_by().aggregate(first=Min(name), last=Max(name))
    return [value for value in found.values() if value is not None]


def _told(sessions: Q, visits: Q, open_days: Q) -> list[date]:
    """The first and last days of which something is published."""
    found: list[date] = []
    for rows in (
        AttendanceRecord.objects.filter(sessions, gone_at__isnull=True),
        VisitRow.objects.filter(visits, gone_at__isnull=True),
        OpenDayRecord.objects.filter(open_days, gone_at__isnull=True),
    ):
        outer = rows.order_by().aggregate(first=Min("local_date"), last=Max("local_date"))
        found += [day for day in outer.values() if day is not None]
    return found


def _days(sites: Iterable[Site], moments: Iterable[datetime], expected: Iterable[date], told: Iterable[date], now: datetime) -> Days | None:
    places = list(sites)
    today = [local_day(now, site.zone, site.day_cut) for site in places]
    if not today:
        return None
    seen = [local_day(at, site.zone, site.day_cut) for at in moments for site in places]
    days = [*seen, *told, *(min(day, max(today) + ONE_DAY) for day in expected)]
    return Days(min(days), max(days)) if days else None
