"""What everybody at a site has in common on some days: sessions with the doors that serve them, coverage, holidays, areas and rules.

A bounded number of queries however many days, sessions and doors there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from json import dumps, loads

from django.db.models import Q

from server.attendance.rules.facts import AreaFact, Covered, HolidayFact, Interval, Serving, SessionFact, Way
from server.nodes.models import Mount
from server.schedules.models import Area, Holiday, OpenDayRule, Session
from server.schedules.term_values import terms_read
from server.schedules.terms import AreaTerms, AutoClose, OpenDayTerms, Terms
from server.sightings.coverage import covered
from server.sites.days import day_bounds
from server.sites.models import Door, Site

ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class DayGround:
    """What the facts of all people at the site share on one local day."""

    day: date
    begins_at: datetime
    ends_at: datetime
    """Passes count from `begins_at` until `ends_at`: of the day before, the day and the day after."""
    sessions: Mapping[int, frozenset[SessionFact]]
    """By group: those of the three days."""
    holidays: frozenset[HolidayFact]
    covered: frozenset[Covered]


@dataclass(frozen=True, slots=True)
class SiteGround:
    """The days in order, with what does not depend on the person."""

    site: Site
    days: tuple[DayGround, ...]
    rows: Mapping[int, Session]
    facts: Mapping[int, SessionFact]
    ways: Mapping[int, Way]
    areas: frozenset[AreaFact]
    open_day: OpenDayTerms

    @property
    def begins_at(self) -> datetime:
        return self.days[0].begins_at

    @property
    def ends_at(self) -> datetime:
        return self.days[-1].ends_at

    def of_day(self, day: date) -> list[SessionFact]:
        """The sessions of this local date."""
        return [fact for fact in self.facts.values() if fact.local_date == day]


def ground_of(site: Site, days: Iterable[date]) -> SiteGround:
    """Load it for these days, at least one."""
    wanted = sorted(set(days))
    sessions = _sessions(site, wanted[0] - ONE_DAY, wanted[-1] + ONE_DAY)
    doors = {door.pk: door for door in Door.objects.filter(site=site)}
    facts = session_facts_at(doors, sessions)
    holidays = _holidays(site, wanted[0] - ONE_DAY, wanted[-1] + ONE_DAY)
    looked_at = coverage_of([facts[row.pk] for row in sessions if row.local_date in set(wanted)])
    shared = [_day(site, day, facts.values(), holidays, looked_at) for day in wanted]
    ways = {door.pk: Way(door.direction) for door in doors.values()}
    return SiteGround(site, tuple(shared), {row.pk: row for row in sessions}, facts, ways, _areas(site), _open_day(site))


def _sessions(site: Site, first: date, last: date) -> list[Session]:
    return list(Session.objects.filter(site=site, local_date__range=(first, last), cancelled_at__isnull=True).order_by("begins_at", "id"))


def session_facts(sessions: Sequence[Session]) -> dict[int, SessionFact]:
    """The facts of these sessions, by key, with the doors that serve them: in three queries."""
    doors = {door.pk: door for door in Door.objects.filter(site__in={row.site_id for row in sessions})}
    return session_facts_at(doors, sessions)


def session_facts_at(doors: Mapping[int, Door], sessions: Sequence[Session]) -> dict[int, SessionFact]:
    """The same, where all doors of their sites are known already."""
    if not sessions:
        return {}
    chosen = _chosen_doors(sessions)
    begins, ends = min(row.window_begins_at for row in sessions), max(row.ends_at for row in sessions)
    open_still = Q(valid_until__isnull=True) | Q(valid_until__gt=begins)
    mounts = list(Mount.objects.filter(open_still, door__in=doors, valid_from__lt=ends))
    return {row.pk: _session_fact(row, _serving_doors(row, chosen.get(row.pk), mounts, doors)) for row in sessions}


def _chosen_doors(sessions: Sequence[Session]) -> dict[int, set[int]]:
    chosen: dict[int, set[int]] = {}
    through = Session.doors.through.objects.filter(session_id__in=[row.pk for row in sessions])
    for session, door in through.values_list("session_id", "door_id"):
        chosen.setdefault(session, set()).add(door)
    return chosen


def _serving_doors(row: Session, chosen: set[int] | None, mounts: Sequence[Mount], doors: Mapping[int, Door]) -> list[Door]:
    """Those chosen, or every door of the site at which a node hung at some time until the end."""
    if chosen is not None:
        return [doors[key] for key in sorted(chosen) if key in doors]
    keys = {mount.door_id for mount in mounts if _overlaps(mount, row.window_begins_at, row.ends_at)}
    return [doors[key] for key in sorted(keys) if doors[key].site_id == row.site_id]


def _overlaps(mount: Mount, begins_at: datetime, ends_at: datetime) -> bool:
    return mount.valid_from < ends_at and (mount.valid_until is None or mount.valid_until > begins_at)


def _session_fact(row: Session, serving: Iterable[Door]) -> SessionFact:
    terms = terms_of(row)
    window = row.begins_at - timedelta(seconds=terms.before_s), row.ends_at + timedelta(seconds=terms.after_s)
    return SessionFact(
        key=row.pk,
        group=row.group_id,
        local_date=row.local_date,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        terms=terms,
        serving=frozenset(part for door in serving if (part := _serving(door, window)) is not None),
        breaks=frozenset(Interval(datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in row.breaks),
        given_up=has_been_given_up(row, terms),
    )


def has_been_given_up(row: Session, terms: Terms) -> bool:
    """Whether the wait for coverage is over; a session that was moved to a later time is waited for again."""
    return row.given_up_at is not None and row.given_up_at >= row.ends_at + timedelta(seconds=terms.wait_s)


def _serving(door: Door, window: Span) -> Serving | None:
    """A door serves while it is in use, whether or not a node hangs there: what nobody looked at is not covered."""
    begins_at, ends_at = max(door.used_from or window[0], window[0]), min(door.used_until or window[1], window[1])
    return Serving(door.pk, Way(door.direction), begins_at, ends_at) if begins_at < ends_at else None


def coverage_of(sessions: Sequence[SessionFact]) -> list[Covered]:
    """How the doors of these sessions were looked at, from the first margin until the last end."""
    doors = {serving.door for fact in sessions for serving in fact.serving}
    if not doors:
        return []
    begins_at = min(fact.begins_at - timedelta(seconds=fact.terms.before_s) for fact in sessions)
    found = covered(doors=sorted(doors), begins_at=begins_at, ends_at=max(fact.ends_at for fact in sessions))
    return [Covered(cover.door, cover.begins_at, cover.ends_at) for cover in found]


def _day(
    site: Site, day: date, sessions: Iterable[SessionFact], holidays: Iterable[HolidayFact], looked_at: Iterable[Covered]
) -> DayGround:
    begins_at, ends_at = day_bounds(day - ONE_DAY, site.zone, site.day_cut)[0], day_bounds(day + ONE_DAY, site.zone, site.day_cut)[1]
    near: dict[int, set[SessionFact]] = {}
    today = []
    for fact in sessions:
        if abs(fact.local_date - day) <= ONE_DAY:
            near.setdefault(fact.group, set()).add(fact)
        if fact.local_date == day:
            today.append(fact)
    first = min((fact.begins_at - timedelta(seconds=fact.terms.before_s) for fact in today), default=ends_at)
    last = max((fact.ends_at for fact in today), default=begins_at)
    return DayGround(
        day,
        begins_at,
        ends_at,
        {group: frozenset(found) for group, found in near.items()},
        frozenset(holiday for holiday in holidays if holiday.first <= day + ONE_DAY and holiday.last >= day - ONE_DAY),
        frozenset(cover for cover in looked_at if cover.begins_at < last and cover.ends_at > first),
    )


def _holidays(site: Site, first: date, last: date) -> list[HolidayFact]:
    found = Holiday.objects.filter(Q(site=site) | Q(site__isnull=True), first_day__lte=last, last_day__gte=first)
    return [HolidayFact(*values) for values in found.values_list("id", "first_day", "last_day")]


def _areas(site: Site) -> frozenset[AreaFact]:
    areas = Area.objects.filter(site=site).prefetch_related("doors")
    return frozenset(
        AreaFact(
            area.pk, frozenset(door.pk for door in area.doors.all()), AreaTerms(area.min_gap_s, AutoClose(area.auto_close), area.max_s)
        )
        for area in areas
    )


def _open_day(site: Site) -> OpenDayTerms:
    row = OpenDayRule.objects.filter(site=site).first()
    return OpenDayTerms() if row is None else terms_read(row.terms, OpenDayTerms())


def terms_of(row: Session) -> Terms:
    """The terms a session was made with. Many sessions have the same ones, and they are read once."""
    return _terms(dumps(row.terms, sort_keys=True))


@lru_cache(maxsize=256)
def _terms(written: str) -> Terms:
    return terms_read(loads(written), Terms())
