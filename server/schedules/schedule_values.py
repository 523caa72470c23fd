"""What a schedule may say: each value is checked, and a refusal says what to do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta

from server.core.errors import Rejected
from server.schedules.models import Schedule
from server.schedules.term_values import terms_read, terms_values
from server.schedules.terms import Terms
from server.schedules.times import DAY, after_beginning
from server.sites.models import Door, Site

PLAIN = ("name", "kind", "site", "group", "weekdays", "every_weeks", "begins", "ends", "valid_from", "valid_until")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
MOST_WEEKS = 52
MOST_BREAKS = 20
Values = Mapping[str, object]
Breaks = Sequence[tuple[time, time]]


def schedule_fill(schedule: Schedule, values: Values) -> None:
    """Take over the values given and check the whole. Terms that are not given stay. Raises Rejected."""
    for name in PLAIN:
        if name in values:
            setattr(schedule, name, values[name])
    schedule.name = schedule.name.strip()
    schedule.weekdays = sorted(set(schedule.weekdays))
    schedule.begins, schedule.ends = schedule.begins.replace(microsecond=0), schedule.ends.replace(microsecond=0)
    schedule.terms = terms_values(terms_read(values.get("terms", {}), terms_read(schedule.terms, Terms())))
    _check_days(schedule)
    if "breaks" in values or {"begins", "ends"} & values.keys():
        schedule.breaks = _breaks(schedule, values.get("breaks", schedule.breaks))


def _check_days(schedule: Schedule) -> None:
    if not schedule.name:
        raise _wrong("name", "Give the schedule a name.")
    days_ok("valid_from", schedule.valid_from, "valid_until", schedule.valid_until)
    if not all(0 <= day <= 6 for day in schedule.weekdays):
        raise _wrong("weekdays", "Use 0 for Monday until 6 for Sunday.")
    if not schedule.weekdays and schedule.valid_from != schedule.valid_until:
        raise _wrong("weekdays", "Name at least one day of the week, or let valid_from and valid_until be the one day that is meant.")
    if not 1 <= schedule.every_weeks <= MOST_WEEKS:
        raise _wrong("every_weeks", f"Use 1 for every week, 2 for every other week, at most {MOST_WEEKS}.")


def days_ok(first_name: str, first: date, last_name: str, last: date | None, *, most_days: int | None = None) -> None:
    """Raises Rejected unless the days are in order, in this century and, where there is a limit, not too many."""
    for name, day in ((first_name, first), (last_name, last)):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise _wrong(name, f"Use a day from {FIRST_DAY} to {LAST_DAY}.")
    if last is not None and last < first:
        raise _wrong(last_name, f"{last_name} lies before {first_name}; swap them.")
    if most_days is not None and last is not None and (last - first).days >= most_days:
        raise _wrong(last_name, f"That is more than {most_days} days; use several shorter ones.")


def _breaks(schedule: Schedule, given: object) -> list[list[str]]:
    """Pairs of local times within the session, in order and apart from each other."""
    pairs = [_pair(item) for item in given] if isinstance(given, list | tuple) else []
    length = after_beginning(schedule.begins, schedule.ends) or DAY
    reached = timedelta()
    for begin, end in pairs:
        from_, until = after_beginning(schedule.begins, begin), after_beginning(schedule.begins, end) or DAY
        if not reached <= from_ < until <= length:
            raise _wrong("breaks", f"The break from {begin:%H:%M} until {end:%H:%M} lies outside of the session or over another break.")
        reached = until
    if len(pairs) > MOST_BREAKS:
        raise _wrong("breaks", f"Use at most {MOST_BREAKS} breaks.")
    return [[begin.isoformat(), end.isoformat()] for begin, end in pairs]


def _pair(item: object) -> tuple[time, time]:
    if not isinstance(item, list | tuple) or len(item) != 2:
        raise _wrong("breaks", "Write each break as two times: from, until.")
    try:
        begin, end = (at if isinstance(at, time) else time.fromisoformat(str(at)) for at in item)
    except ValueError as error:
        raise _wrong("breaks", "Write each break as two times such as 12:30.") from error
    return begin.replace(microsecond=0), end.replace(microsecond=0)


def doors_at(site: Site, doors: Iterable[Door]) -> frozenset[int]:
    """The keys of these doors. Raises Rejected where one belongs to another site."""
    found = list(doors)
    for door in found:
        if door.site_id != site.pk:
            raise _wrong("doors", f"{door.name} is a door of another site; use doors of {site.name}.")
    return frozenset(door.pk for door in found)


def _wrong(field: str, sentence: str) -> Rejected:
    return Rejected("invalid", sentence, errors={field: [sentence]})
