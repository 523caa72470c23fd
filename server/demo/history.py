"""A history of a school and office that never was, laid through the same services that people and nodes use. Read `history_lay` first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from server.attendance.models import AttendanceRecord
from server.attendance.rebuild import rebuild_left, rebuild_mark, rebuild_work
from server.attendance.seal_models import Discrepancy
from server.attendance.session_sweep import sessions_sweep
from server.audit.models import AuditEntry
from server.audit.services import Target, audit_note
from server.core.errors import Conflict
from server.demo import staff as deeds
from server.demo.cameras import Camera, Story
from server.demo.days import Doorkeeper, Passing
from server.demo.school import DOORS, HALL_B, LABORATORY, SERVER_ROOM, SITE, SYNTHETIC, TEAMS, TIME_ZONE, WEEK, Somebody, everybody
from server.people.models import Group, Membership, Person
from server.people.services import group_save, membership_save, person_create
from server.recompute import windows
from server.recompute.models import Mark
from server.recompute.services import work_off
from server.schedules.areas import area_save
from server.schedules.holidays import holiday_save
from server.schedules.leave import leave_save
from server.schedules.models import Area, Holiday, Leave, Schedule
from server.schedules.services import schedule_save
from server.schedules.sessions import lecture_create
from server.sightings.models import Sighting
from server.sites.models import Door, Site

LAID = "demo.laid"
CROPS_FOR = timedelta(days=14)
LATE_FOR = timedelta(hours=54)
"""Longer than the wait for coverage: what was given up is known after all."""
Tell = Callable[[str], None]
Summary = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much history: `days` until today, of `people`, drawn from `seed`, with `processes` to derive it."""

    people: int
    days: int
    seed: int
    now: datetime
    processes: int = 1

    @property
    def today(self) -> date:
        return self.now.astimezone(Site(time_zone=TIME_ZONE).zone).date()

    @property
    def first(self) -> date:
        return self.today - timedelta(days=self.days - 1)

    @property
    def begins_at(self) -> datetime:
        """The nodes hang from the evening before, so that the first night is covered."""
        return datetime.combine(self.first - timedelta(days=1), time(12), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """What has been set up."""

    site: Site
    doors: Mapping[str, Door]
    people: Mapping[int, Person]
    groups: Mapping[str, Group]
    staff: deeds.Staff


def history_lay(plan: Plan, tell: Tell, *, among_real: bool = False) -> Summary:
    """Lay the history. Raises Conflict where one was laid already, was left half-laid, or where real people would be among it."""
    refuse_where_not_wanted(plan, among_real=among_real)
    draw = Random(plan.seed)  # noqa: S311 (a story, no secret)
    tell("people, doors and timetables")
    place = _set_up(plan, everybody(plan.people))
    keeper = _calendar(place, plan, draw)
    cameras, late = _doors_watch(place, plan, keeper, tell)
    tell("deriving attendance")
    _derive_all(place, plan)
    tell("corrections, marks and late records")
    _staff_at_work(place, plan, draw)
    for camera, passings, since in late:
        camera.send(passings, since=since, until=plan.now)
    pictures = sum(camera.deliver_crops(plan.now) for camera in cameras)
    _work_off()
    audit_note(by=None, action=LAID, target=Target("site", place.site.uuid), now=plan.now, after=_terms_of(plan))
    return _summary(place, plan, pictures)


def refuse_where_not_wanted(plan: Plan, *, among_real: bool) -> None:
    """Raises Conflict: already_laid (with the same terms or others), half_laid, real_people."""
    laid = AuditEntry.objects.filter(action=LAID).order_by("pk").last()
    if laid is not None:
        same = (laid.after or {}).get("seed") == plan.seed
        said = (
            "is there already; nothing was done" if same else f"with seed {(laid.after or {}).get('seed')} is there; use another database"
        )
        raise Conflict("already_laid" if same else "other_laid", f"A demo history {said}.")
    if Site.objects.filter(name=SITE).exists():
        raise Conflict("half_laid", "A demo history was begun here and interrupted; make the database anew and begin again.")
    real = Person.objects.exclude(name__endswith=SYNTHETIC).count()
    if real and not among_real:
        raise Conflict(
            "real_people", f"There are {real} real people here; use an empty database, or --force to put made-up ones among them."
        )


def _terms_of(plan: Plan) -> Summary:
    return {"seed": plan.seed, "people": plan.people, "days": plan.days, "until": plan.today.isoformat()}


def _set_up(plan: Plan, somebodies: Sequence[Somebody]) -> Place:
    site = Site.objects.create(name=SITE, time_zone=TIME_ZONE)
    doors = {
        name: Door.objects.create(site=site, name=name, direction=direction, restricted=name == SERVER_ROOM)
        for name, direction in DOORS.items()
    }
    groups = {team.name: group_save(group=Group(), name=f"{team.name} {SYNTHETIC}") for team in TEAMS}
    hired = deeds.Staff.hired()
    hired.leads([groups[team.name] for team in TEAMS])
    people = {one.number: _join(one, groups[one.team.name], plan) for one in somebodies}
    _timetables(site, doors, groups, hired, plan)
    values = {"site": site, "name": "Server room", "doors": [doors[SERVER_ROOM]], "auto_close": "never"}
    area_save(area=Area(), values=values, by=hired.operator, now=plan.begins_at)
    return Place(site, doors, people, groups, hired)


def _join(one: Somebody, group: Group, plan: Plan) -> Person:
    values = {"name": one.name, "number": f"DEMO-{one.number:04}", "position": f"{one.team.position} {SYNTHETIC}"}
    person = person_create(values=values, consent=one.number % 20 != 0, now=plan.begins_at)
    joined = plan.first if one.number % 25 else plan.first + timedelta(days=plan.days // 3)
    membership_save(membership=Membership(person=person, group=group), valid_from=joined, valid_until=None)
    return person


def _timetables(site: Site, doors: Mapping[str, Door], groups: Mapping[str, Group], hired: deeds.Staff, plan: Plan) -> None:
    for team in TEAMS:
        for shift in team.shifts:
            values = {
                "name": shift.name, "kind": shift.kind, "site": site, "group": groups[team.name],
                "doors": [doors[name] for name in shift.doors], "weekdays": list(shift.weekdays),
                "begins": shift.begins, "ends": shift.ends, "breaks": list(shift.breaks), "valid_from": plan.first, "terms": shift.terms,
            }  # fmt: skip
            schedule_save(schedule=Schedule(), values=values, by=hired.operator, now=plan.now)


def _calendar(place: Place, plan: Plan, draw: Random) -> Doorkeeper:
    """A holiday, leave, and two lectures of their own; and who therefore stays away."""
    rest = _weekday(plan.first + timedelta(days=plan.days * 3 // 5))
    values = {"site": place.site, "name": f"School holiday {SYNTHETIC}", "first_day": rest, "last_day": rest}
    holiday_save(holiday=Holiday(), values=values, by=place.staff.operator, now=plan.begins_at)
    away = set()
    for number in sorted(draw.sample(sorted(place.people), max(1, len(place.people) // 6))):
        first = plan.first + timedelta(days=draw.randrange(plan.days))
        last = first + timedelta(days=draw.randrange(3))
        days: dict[str, object] = {"first_day": first, "last_day": last, "reason": draw.choice(("sick", "holiday", "training"))}
        if number % 5 == 0:
            days |= {"last_day": first, "from_time": time(8), "until_time": time(11)}
        else:
            away |= {(number, first + timedelta(days=day)) for day in range((last - first).days + 1)}
        leave_save(leave=Leave(person=place.people[number]), values=days, by=place.staff.manager, now=plan.begins_at)
    for days_ago in (3, -1):
        _guest_lecture(place, plan.today - timedelta(days=days_ago), plan)
    return Doorkeeper(plan.seed, everybody(plan.people), frozenset({rest}), frozenset(away))


def _guest_lecture(place: Place, day: date, plan: Plan) -> None:
    begins = datetime.combine(day, time(16, 30), tzinfo=place.site.zone).astimezone(UTC)
    values = {
        "name": "Guest lecture", "site": place.site, "group": place.groups["Class 1"], "doors": [place.doors[HALL_B]], "begins_at": begins,
        "ends_at": begins + timedelta(minutes=90),
    }  # fmt: skip
    lecture_create(values=values, by=place.staff.manager, now=plan.now)


def _weekday(day: date) -> date:
    while day.weekday() not in WEEK:
        day += timedelta(days=1)
    return day


def _doors_watch(
    place: Place, plan: Plan, keeper: Doorkeeper, tell: Tell
) -> tuple[list[Camera], list[tuple[Camera, list[Passing], datetime]]]:
    """Every node tells what it saw. One was without power for two days, one has not sent yet what it saw lately."""
    story = Story.told(plan.seed, {number: person.uuid for number, person in place.people.items()}, crops_from=plan.now - CROPS_FOR)
    days = [plan.first + timedelta(days=number) for number in range(plan.days)]
    passings = sorted(one for day in days for one in keeper.day(day) if one.at < plan.now)
    dark = (plan.now - timedelta(days=plan.days * 2 // 5), plan.now - timedelta(days=plan.days * 2 // 5 - 2))
    late_since = max(plan.now - LATE_FOR, plan.begins_at)
    cameras, late = [], []
    for number, (name, door) in enumerate(place.doors.items(), 1):
        tell(f"records of door {number} of {len(place.doors)}")
        camera = Camera.hung(door, story=story, by=place.staff.operator, at=plan.begins_at)
        seen = [one for one in passings if one.door == name]
        if name == HALL_B:
            camera.send(_between(seen, plan.begins_at, dark[0]), since=plan.begins_at, until=dark[0])
            camera.send(_between(seen, dark[1], plan.now), since=dark[1], until=plan.now)
        elif name == LABORATORY:
            camera.send(_between(seen, plan.begins_at, late_since), since=plan.begins_at, until=late_since)
            late.append((camera, _between(seen, late_since, plan.now), late_since))
        else:
            camera.send(seen, since=plan.begins_at, until=plan.now)
        cameras.append(camera)
    return cameras, late


def _between(passings: Sequence[Passing], since: datetime, until: datetime) -> list[Passing]:
    return [one for one in passings if since <= one.at < until]


def _derive_all(place: Place, plan: Plan) -> None:
    """A rebuild covers everything that was marked on the way; then sessions that waited too long for their doors are given up."""
    Mark.objects.filter(kind__in=(windows.PERSON_DAY, windows.PERSON, windows.SESSION, windows.SITE_DAYS, windows.COVERAGE)).delete()
    rebuild_mark(sites=[place.site], first=None, last=None)
    rebuild_work(processes=plan.processes, tell=_quietly)
    if left := rebuild_left():
        raise Conflict("not_derived", f"{left} parts of the history could not be derived; the server's log says why.")
    sessions_sweep(now=plan.now)
    _work_off()


def _work_off() -> None:
    while work_off():
        pass


def _quietly(parts_left: int) -> None:
    """Deriving takes seconds; nobody waits for a number."""


def _staff_at_work(place: Place, plan: Plan, draw: Random) -> None:
    newcomer = person_create(values={"name": f"Demo Newcomer {SYNTHETIC}", "position": f"Visitor {SYNTHETIC}"}, consent=True, now=plan.now)
    deeds.corrections_happen(place.site, place.staff, draw, plan.now)
    deeds.marks_happen(place.site, place.staff, plan.now)
    deeds.exit_entered(place.site, place.staff, plan.now)
    deeds.unknown_are_looked_at(place.staff, newcomer, plan.now)
    sealed = min(10, plan.days // 2)
    deeds.days_are_sealed(place.site, plan.first, plan.first + timedelta(days=sealed - 1), place.staff, plan.now)


def _summary(place: Place, plan: Plan, pictures: int) -> Summary:
    return {
        **_terms_of(plan),
        "sightings": Sighting.objects.filter(door__site=place.site).count(),
        "attendance": AttendanceRecord.objects.filter(session__site=place.site, gone_at__isnull=True).count(),
        "discrepancies": Discrepancy.objects.filter(site=place.site).count(),
        "pictures": pictures,
    }
