"""What a report is asked about: read from an address or a form, checked, and narrowed to what the caller may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from server.core.errors import NotFound, Rejected
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Group, Person
from server.people.selectors import groups_visible, people_visible
from server.reports.tables import Kind
from server.schedules.models import Area
from server.sites.models import Door, Site

MAX_DAYS = {Kind.DAY: 1, Kind.MONTHLY: 31}
MAX_DAYS_ELSE = 366
NEEDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.DAY: ("site",), Kind.MONTHLY: ("group",), Kind.GROUP: ("group",), Kind.PERSON: ("person",), Kind.DOOR: ("door",),
}  # fmt: skip
_M = TypeVar("_M", bound=Model)


class Period(StrEnum):
    """By what hours are added up."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Question:
    """Which report about which days, both included, and about whom. `people`: whom the caller may see."""

    kind: Kind
    first: date
    last: date
    user: object
    scope: Scope
    by: Period = Period.WEEK
    site: Site | None = None
    group: Group | None = None
    person: Person | None = None
    door: Door | None = None
    area: Area | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def people(self) -> QuerySet[Person]:
        found = people_visible(user=self.user, scope=self.scope)
        return found if self.person is None else found.filter(pk=self.person.pk)


def question_read(kind: Kind, given: Mapping[str, str], *, user: object) -> Question:
    """Raises Rejected with what to do for what is missing or not acceptable, NotFound for what the caller does not see."""
    scope = scope_for(user, Resource.REPORTS, Verb.VIEW)
    missing = [name for name in ("from", *NEEDED.get(kind, ())) if not given.get(name)]
    if missing:
        raise Rejected("missing", f"This report needs {' and '.join(missing)}.", errors={name: ["This is needed."] for name in missing})
    first, last = _days(kind, given)
    return Question(
        kind=kind,
        first=first,
        last=last,
        user=user,
        scope=scope,
        by=_period(given.get("by") or Period.WEEK),
        site=_one(Site.objects.all(), given, "site"),
        group=_one(groups_visible(user=user, scope=scope), given, "group"),
        person=_one(people_visible(user=user, scope=scope), given, "person"),
        door=_one(Door.objects.select_related("site"), given, "door"),
        area=_one(Area.objects.select_related("site"), given, "area"),
    )


def _days(kind: Kind, given: Mapping[str, str]) -> tuple[date, date]:
    first = _date(given["from"], "from")
    last = _date(given["to"], "to") if given.get("to") else first
    if last < first:
        raise _wrong("to", "`to` lies before `from`; exchange them.")
    at_most = MAX_DAYS.get(kind, MAX_DAYS_ELSE)
    if (last - first).days >= at_most:
        raise _wrong("to", f"This report is about at most {at_most} {'day' if at_most == 1 else 'days'}; ask for fewer.")
    return first, last


def _date(text: str, name: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise _wrong(name, f"`{name}` is a day like 2026-01-31.") from error
    if not date(2000, 1, 1) <= found <= date(2200, 1, 1):
        raise _wrong(name, f"`{name}` lies outside of the years 2000 to 2199.")
    return found


def _period(text: str) -> Period:
    try:
        return Period(text)
    except ValueError as error:
        raise _wrong("by", "Add hours up by week or by month.") from error


def _one(rows: QuerySet[_M], given: Mapping[str, str], name: str) -> _M | None:
    text = given.get(name)
    if not text:
        return None
    try:
        found = rows.filter(uuid=UUID(text)).first()
    except ValueError as error:
        raise _wrong(name, f"`{name}` is the id (a UUID) of a {name}.") from error
    if found is None:
        raise NotFound("not_found", f"There is no such {name} here.")
    return found


def _wrong(name: str, sentence: str) -> Rejected:
    return Rejected("invalid", sentence, errors={name: [sentence]})
