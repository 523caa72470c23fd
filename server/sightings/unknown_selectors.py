"""Reading groups of unknown passes. Strangers are nobody's own, so only those who may see every pass see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, Min, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from server.core.permissions import Scope
from server.sightings.decision_models import GroupState, SightingDecision, UnknownGroup, UnknownMember
from server.sightings.models import CropState, Outcome, Sighting
from server.sites.models import Door


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group with where its passes were, and the newest of them that have an image, the newest first."""

    group: UnknownGroup
    doors: Sequence[Door]
    faces: Sequence[Sighting]


def groups_visible(*, user: object, scope: Scope) -> QuerySet[UnknownGroup]:  # noqa: ARG001 (as every selector)
    """With `first_at`, `unsure` (the door was in doubt about somebody) and `unconfirmed` (joined after the group was assigned)."""
    groups = UnknownGroup.objects.filter(size__gt=0).select_related("person", "decided_by")
    if scope is not Scope.ALL:
        return groups.none()
    members = UnknownMember.objects.filter(group=OuterRef("pk")).order_by().values("group")
    decided = SightingDecision.objects.filter(sighting=OuterRef("sighting"), undone_at__isnull=True)
    return groups.annotate(
        first_at=Subquery(members.annotate(first=Min("sighting__captured_at")).values("first")),
        unsure=_count(members.filter(sighting__outcome=Outcome.UNSURE)),
        unconfirmed=_count(members.filter(~Exists(decided), group__state=GroupState.ASSIGNED)),
    )


def groups_shown(groups: Iterable[UnknownGroup], *, faces: int) -> list[GroupShown]:
    """In two queries, however many groups; at most so many `faces` each."""
    found = list(groups)
    keys = [group.pk for group in found]
    doors: dict[int, list[Door]] = {}
    seen_at = UnknownMember.objects.filter(group__in=keys, sighting__door__isnull=False).order_by()
    pairs = list(seen_at.values_list("group", "sighting__door").distinct())
    names = Door.objects.select_related("site").in_bulk({door for _, door in pairs if door is not None})
    for group, door in pairs:
        if door is not None:
            doors.setdefault(group, []).append(names[door])
    newest = _newest_with_crops(keys, faces)
    return [GroupShown(group, sorted(doors.get(group.pk, ()), key=str), newest.get(group.pk, ())) for group in found]


def members_of(group: UnknownGroup) -> QuerySet[Sighting]:
    """The passes of a group, newest first, each with `decided`: whether something was decided about it."""
    decided = SightingDecision.objects.filter(sighting=OuterRef("pk"), undone_at__isnull=True)
    passes = Sighting.objects.filter(unknown_member__group=group).select_related("door__site", "crop", "node", "counts_for")
    return passes.annotate(decided=Exists(decided)).order_by("-captured_at", "-record_id")


def _newest_with_crops(groups: Sequence[int], most: int) -> dict[int, list[Sighting]]:
    rank = Window(RowNumber(), partition_by=F("unknown_member__group"), order_by=(F("captured_at").desc(), F("pk").desc()))
    stored = Sighting.objects.filter(unknown_member__group__in=groups, crop__state=CropState.STORED).annotate(
        rank=rank, group_key=F("unknown_member__group")
    )
    found: dict[int, list[Sighting]] = {}
    for sighting in stored.filter(rank__lte=most).select_related("crop").order_by("rank"):
        found.setdefault(sighting.group_key, []).append(sighting)
    return found


def _count(members: QuerySet[UnknownMember, Any]) -> Coalesce:
    return Coalesce(Subquery(members.annotate(count=Count("pk")).values("count"), output_field=IntegerField()), 0)
