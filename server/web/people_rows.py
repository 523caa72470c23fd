"""What the list of people shows, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from server.attendance.rules.facts import State
from server.attendance.selectors import attendance_visible, open_days_visible
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Membership, Person, Sample, SampleState
from server.people.selectors import on_day, people_visible, with_sample_counts
from server.sightings.models import Sighting

PRESENCE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody in the list. `days`: on how many of the last thirty they were here; `photo`: a sample, for who may see samples."""

    person: Person
    groups: Sequence[str]
    days: int
    photo: UUID | None

    @property
    def initials(self) -> str:
        """Of the first and the last word of the name."""
        words = self.person.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def people_found(*, user: object, search: str, group: UUID | None, today: date) -> QuerySet[Person]:
    """People by name with their samples and `last_seen`; of a group those who are in it today."""
    people = with_sample_counts(people_visible(user=user, scope=scope_for(user, Resource.PEOPLE, Verb.VIEW)))
    if search:
        people = people.filter(Q(name__icontains=search) | Q(number__icontains=search))
    if group is not None:
        people = people.filter(pk__in=Membership.objects.filter(on_day(today), group__uuid=group).values("person_id"))
    # A subquery: joined sightings would multiply the samples that are counted.
    newest = Sighting.objects.filter(counts_for=OuterRef("pk")).order_by("-captured_at").values("captured_at")[:1]
    return people.annotate(last_seen=Subquery(newest)).order_by("name", "id")


def rows_of(people: Iterable[Person], *, user: object, now: datetime) -> list[Row]:
    """One page of the list."""
    found = list(people)
    keys, today = [person.pk for person in found], now.date()
    groups: dict[int, list[str]] = {}
    memberships = Membership.objects.filter(on_day(today), person__in=keys).order_by("group__name")
    for key, name in memberships.values_list("person", "group__name"):
        groups.setdefault(key, []).append(name)
    days, photos = _days(keys, user, today), photos_of(keys, user=user)
    return [Row(person, groups.get(person.pk, ()), len(days.get(person.pk, ())), photos.get(person.pk)) for person in found]


def photos_of(people: Sequence[int], *, user: object) -> dict[int, UUID]:
    """A sample that is in use, by the key of its person; nothing for who may not see samples."""
    if scope_for(user, Resource.SAMPLES, Verb.VIEW) is not Scope.ALL:
        return {}
    best = Sample.objects.filter(person__in=people, state=SampleState.ACTIVE).order_by("person_id", "-quality", "id").distinct("person_id")
    return dict(best.values_list("person", "uuid"))


def _days(people: Sequence[int], user: object, today: date) -> dict[int, set[date]]:
    """The local days on which they were here: seen by a door, or present at a session in any other way."""
    scope = scope_for(user, Resource.ATTENDANCE, Verb.VIEW)
    since = today - timedelta(days=PRESENCE_DAYS)
    seen = open_days_visible(user=user, scope=scope).filter(person__in=people, local_date__gt=since)
    told = attendance_visible(user=user, scope=scope).filter(person__in=people, local_date__gt=since, state=State.PRESENT)
    found: dict[int, set[date]] = {}
    for key, day in [*seen.order_by().values_list("person", "local_date"), *told.order_by().values_list("person", "local_date")]:
        found.setdefault(key, set()).add(day)
    return found
