"""Writing people, groups and memberships."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Model

from server.core.errors import Conflict
from server.people.models import Group, Membership, Person
from server.people.storage import forget_objects
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why

OWN_APPS = frozenset({"people", "gallery"})
ONE_DAY = timedelta(days=1)
PERSON_FIELDS = frozenset({"name", "number", "position", "email", "phone", "active_from", "active_until"})


def person_create(*, values: Mapping[str, object], consent: bool, now: datetime) -> Person:
    """A new person. Raises ValidationError for fields that are not acceptable, Conflict when the number is taken."""
    return person_save(person=_filled(Person(consent_at=now if consent else None), values))


def person_update(*, person: Person, values: Mapping[str, object], consent: bool | None, now: datetime) -> Person:
    """Change the fields given. `consent` False withdraws it: the person leaves the gallery; True keeps an earlier date."""
    if consent is True:
        person.consent_at = person.consent_at or now
    if consent is False:
        person.consent_at = None
    return person_save(person=_filled(person, values))


def _filled(person: Person, values: Mapping[str, object]) -> Person:
    for name in PERSON_FIELDS & values.keys():
        setattr(person, name, values[name])
    person.number = person.number or None
    return person


def person_save(*, person: Person) -> Person:
    """Keep a person as they are filled in. Days on which they are active now, or no more, are derived again."""
    if person.number and Person.objects.filter(number=person.number).exclude(pk=person.pk).exists():
        raise Conflict("number_taken", f"Number {person.number} belongs to somebody else already; every number is given once.")
    person.full_clean(exclude={"account", "merged_into"})
    try:
        with transaction.atomic():
            before = Person.objects.select_for_update().filter(pk=person.pk).values_list("active_from", "active_until").first()
            person.save()
            _mark_days(person.pk, before, (person.active_from, person.active_until))
    except IntegrityError as error:
        raise Conflict("number_taken", "This number was given to somebody else just now; every number is given once.") from error
    return person


def person_delete(*, person: Person) -> None:
    """Remove somebody who was never seen, with all samples. Raises Conflict for a person with history: that would rewrite the past."""
    if _has_history(person):
        raise Conflict(
            "person_has_history",
            f"{person.name} has sightings or attendance, which stay as they are; set active_until instead, and the doors forget the face.",
        )
    with transaction.atomic():
        keys = [key for pair in person.samples.values_list("object_key", "crop_key") for key in pair]
        person.delete()
        transaction.on_commit(lambda: forget_objects(keys))


def _has_history(person: Person) -> bool:
    return any(model._default_manager.filter(**{field: person}).exists() for model, field in _histories())  # noqa: SLF001 (documented)


def _histories() -> Iterator[tuple[type[Model], str]]:
    """What other parts of Lintel keep about a person. They lie above this app, so they are found by their foreign keys."""
    for relation in Person._meta.related_objects:  # noqa: SLF001 (Django's documented name)
        model = relation.related_model
        if not isinstance(model, str) and model._meta.app_label not in OWN_APPS:  # noqa: SLF001
            yield model, relation.field.name


def group_save(*, group: Group, name: str) -> Group:
    """Make or rename a group. Raises ValidationError when the name is empty or taken."""
    group.name = name
    group.full_clean()
    group.save()
    return group


def group_delete(*, group: Group) -> None:
    """Remove a group nobody ever belonged to. Raises Conflict otherwise: its memberships are history."""
    if group.memberships.exists():
        raise Conflict("group_has_members", f"{group.name} has or had members; end their memberships instead of deleting the group.")
    group.delete()


def membership_save(*, membership: Membership, valid_from: date, valid_until: date | None) -> Membership:
    """Make a membership or change its days. Raises ValidationError for wrong order, Conflict for two at a time."""
    membership.valid_from, membership.valid_until = valid_from, valid_until
    membership.full_clean(validate_constraints=False)
    if valid_until is not None and valid_until < valid_from:
        raise Conflict("wrong_order", "valid_until lies before valid_from; swap them.")
    try:
        with transaction.atomic():
            before = Membership.objects.select_for_update().filter(pk=membership.pk).values_list("valid_from", "valid_until").first()
            membership.save()
            _mark_days(membership.person_id, before or NEVER, (valid_from, valid_until))
    except IntegrityError as error:
        raise Conflict("overlap", "The person already belongs to this group in that time; end that membership first.") from error
    return membership


def membership_delete(*, membership: Membership) -> None:
    """It was a mistake: the person never belonged to the group in that time."""
    with transaction.atomic():
        days = (membership.valid_from, membership.valid_until)
        membership.delete()
        _mark_days(membership.person_id, days, NEVER)


Days = tuple[date | None, date | None]
"""From–until, both included; None has no end."""
NEVER: Days = (date.max, date.min)


def _mark_days(person: int, before: Days | None, after: Days) -> None:
    """Derive the person's attendance again where the two differ. `before` None: there was nobody, so there is nothing to derive."""
    if before is None or before == after:
        return
    first, last = changed_days(before, after)
    mark([windows.person_days(person=person, first=first, last=last)], why=Why.MEMBERSHIP)


def changed_days(before: Days, after: Days) -> Days:
    """The days that belong to one of two different intervals and not to the other, or what lies around them."""
    if NEVER in (before, after):
        return after if before == NEVER else before
    firsts, lasts = (before[0], after[0]), (before[1], after[1])
    first = None if None in firsts else min(day for day in firsts if day)
    last = None if None in lasts else max(day for day in lasts if day)
    if before[0] == after[0]:
        first = min(day for day in lasts if day) + ONE_DAY
    elif before[1] == after[1]:
        last = max(day for day in firsts if day) - ONE_DAY
    return first, last
