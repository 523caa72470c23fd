"""Which passes belong to which group of unknown passes. Every change of that takes one short lock, before any row's."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from server.sightings.decision_models import GroupState, SightingDecision, UnknownGroup, UnknownMember
from server.sightings.models import Outcome, SecondLook, Sighting
from server.sightings.second_look_selectors import State, with_state
from server.sightings.whose import sightings_attribute

LOCK = "unknown members"


def members_lock() -> None:
    """Wait until nobody else changes memberships; held until the transaction ends. Taken before the locks of any rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])


def sightings_lock(keys: Iterable[int]) -> list[Sighting]:
    """These sightings as they are now, in the order of their keys, waiting for this transaction from here on."""
    locked = Sighting.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(keys))
    return list(locked.select_related("door__site", "person", "counts_for").order_by("pk"))


def ungrouped() -> QuerySet[Sighting]:
    """Passes that may join a group: nobody's, undecided, and no second look that names somebody waits for a decision."""
    decided = SightingDecision.objects.filter(sighting=OuterRef("pk"), undone_at__isnull=True)
    naming = with_state(SecondLook.objects.filter(sighting=OuterRef("pk"), person__isnull=False)).filter(Q(state=State.OPEN))
    return Sighting.objects.filter(
        ~Exists(decided),
        ~Exists(naming),
        ~Exists(UnknownMember.objects.filter(sighting=OuterRef("pk"))),
        counts_for__isnull=True,
        outcome__in=(Outcome.UNKNOWN, Outcome.UNSURE),
    )


def members_leave(keys: Iterable[int]) -> set[int]:
    """These sightings leave their groups, if they are in any; an open group that nobody is left in goes. Returns the groups they left."""
    members = UnknownMember.objects.filter(sighting__in=list(keys))
    groups = set(members.values_list("group_id", flat=True))
    if groups:
        members.delete()
        groups_refresh(groups)
    return groups


def members_set_apart(sightings: Iterable[Sighting], *, now: datetime) -> UnknownGroup:
    """Sightings that staff took out of a group make an open one of their own, so that they do not slip back into it."""
    kept = list(sightings)
    members_leave(sighting.pk for sighting in kept)
    newest = max(sighting.captured_at for sighting in kept)
    group = UnknownGroup.objects.create(model_id=kept[0].model_id, made_at=now, newest_at=newest, size=len(kept))
    UnknownMember.objects.bulk_create(UnknownMember(sighting=sighting, group=group, added_at=now) for sighting in kept)
    return group


def groups_refresh(groups: Iterable[int]) -> None:
    """Count the members of these groups anew; open ones without any are gone."""
    found = UnknownGroup.objects.filter(pk__in=list(groups)).annotate(count=Count("members"), newest=Max("members__sighting__captured_at"))
    changed = []
    for group in found:
        group.size, group.newest_at = group.count, group.newest or group.newest_at
        changed.append(group)
    UnknownGroup.objects.bulk_update(changed, ["size", "newest_at"])
    UnknownGroup.objects.filter(pk__in=[group.pk for group in changed], size=0, state=GroupState.OPEN).delete()


def passes_named(keys: Iterable[int], *, now: datetime) -> int:
    """Second looks name somebody for these sightings: they leave their groups, also an ignored one. Returns how many left.

    In the transaction that writes the second looks. An ignored group's decision about them is taken back, so that staff see them again;
    what staff assigned stays.
    """
    wanted = list(keys)
    if not wanted:
        return 0
    with transaction.atomic():
        members_lock()
        decided = SightingDecision.objects.filter(sighting=OuterRef("sighting"), undone_at__isnull=True)
        members = UnknownMember.objects.filter(~Q(group__state=GroupState.ASSIGNED) | ~Exists(decided), sighting__in=wanted)
        batches = dict(members.values_list("sighting", "group__batch"))
        if not batches:
            return 0
        sightings = sightings_lock(batches)
        about = SightingDecision.objects.filter(sighting__in=sightings, batch__in=[b for b in batches.values() if b is not None])
        about.filter(undone_at__isnull=True).update(undone_at=now)
        members_leave(batches)
        sightings_attribute(sightings)
    return len(batches)
