"""Reading people. Every list starts from whom the caller may see."""

from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from server.accounts.models import User
from server.core.errors import NotFound
from server.core.permissions import Scope
from server.people.models import Group, Membership, Person, Sample, SampleState


def on_day(day: date, *, prefix: str = "valid_") -> Q:
    """The validity interval covers the day; both ends are included."""
    begun = Q(**{f"{prefix}from__isnull": True}) | Q(**{f"{prefix}from__lte": day})
    return begun & (Q(**{f"{prefix}until__isnull": True}) | Q(**{f"{prefix}until__gte": day}))


def people_visible(*, user: object, scope: Scope) -> QuerySet[Person]:
    """Whom this account sees: everybody, the members of its groups, itself, or nobody. Merged and erased people are not listed."""
    people = Person.objects.filter(merged_into__isnull=True, erased_at__isnull=True)
    if scope is Scope.ALL:
        return people
    if scope is Scope.OWN and isinstance(user, User):
        return people.filter(account=user)
    if scope is Scope.OWN_GROUPS and isinstance(user, User):
        return people.filter(pk__in=_members_of_groups_of(user)) | people.filter(account=user)
    return people.none()


def _members_of_groups_of(user: User) -> QuerySet[Membership, int]:
    return Membership.objects.filter(on_day(timezone.localdate()), group__managers=user).values_list("person_id", flat=True)


def groups_visible(*, user: object, scope: Scope) -> QuerySet[Group]:
    """The groups this account sees: all, those it manages, those it belongs to, or none."""
    if scope is Scope.ALL:
        return Group.objects.all()
    if scope is Scope.OWN_GROUPS and isinstance(user, User):
        return Group.objects.filter(managers=user)
    if scope is Scope.OWN and isinstance(user, User):
        return Group.objects.filter(pk__in=Membership.objects.filter(person__account=user).values("group_id"))
    return Group.objects.none()


def with_sample_counts(people: QuerySet[Person]) -> QuerySet[Person]:
    """Adds `sample_count`: samples that are part of the template."""
    return people.annotate(sample_count=Count("samples", filter=Q(samples__state=SampleState.ACTIVE)))


def person_get(people: QuerySet[Person], uuid: UUID) -> Person:
    """One of these people. Raises NotFound."""
    found = people.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("not_found", "There is no such person here.")
    return found


def sample_get(person: Person, uuid: UUID) -> Sample:
    """A sample of this person. Raises NotFound."""
    found = person.samples.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("not_found", "There is no such sample of this person.")
    return found


def is_active(person: Person, day: date) -> bool:
    """Whether the person belongs here on that day."""
    begun = person.active_from is None or person.active_from <= day
    return begun and (person.active_until is None or day <= person.active_until)
