"""What staff make of a group of unknown passes: it is this person, it is nobody of ours, or neither, and any of it taken back.

A pass that joins an assigned group later counts for nobody until the group is assigned to the same person once more: that confirms it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from server.accounts.models import User
from server.audit.services import Target, audit_note
from server.core.errors import Conflict, NotFound
from server.people.models import Person
from server.sightings.decision_models import Decision, GroupState, SightingDecision, UnknownGroup
from server.sightings.decisions import Ruling, day_of, decisions_make, decisions_undo, refuse_person
from server.sightings.models import Sighting
from server.sightings.unknown_members import members_lock, members_set_apart, sightings_lock
from server.sightings.unknown_update import groups_update as groups_update  # noqa: PLC0414 (part of what groups can do)
from server.sightings.whose import standing_decisions

IGNORED, ASSIGNED = GroupState.IGNORED, GroupState.ASSIGNED


def group_assign(*, group: UnknownGroup, person: Person, by: User | None, now: datetime) -> UnknownGroup:
    """Every pass of the group was this person, and counts for them from now on. Again with the same person confirms what came since.

    Raises Conflict: other_person, ignored, and what `decisions.refuse_person` raises.
    """
    with transaction.atomic():
        current, passes = _locked(group)
        if current.state == IGNORED:
            raise Conflict("ignored", "This group is ignored; undo that first, then assign it.")
        if current.state == ASSIGNED and current.person_id != person.pk:
            raise Conflict("other_person", f"This group is assigned to {current.person or 'somebody'} already; undo that first.")
        if passes:
            newest = max(passes, key=lambda sighting: sighting.captured_at)
            refuse_person(person, (day_of(newest, newest.captured_at), day_of(newest, now)))
        return _decide(current, passes, Ruling(Decision.ASSIGN, person, batch=current.batch or uuid4()), by, now)


def group_ignore(*, group: UnknownGroup, by: User | None, now: datetime) -> UnknownGroup:
    """Nobody of ours: its passes, and those that join it later, are left out. Doing it again changes nothing. Raises Conflict: assigned."""
    with transaction.atomic():
        current, passes = _locked(group)
        if current.state == ASSIGNED:
            raise Conflict("assigned", f"This group is assigned to {current.person or 'somebody'}; undo that first, then ignore it.")
        return _decide(current, passes, Ruling(Decision.IGNORE, batch=current.batch or uuid4()), by, now)


def group_undo(*, group: UnknownGroup, by: User | None, now: datetime) -> UnknownGroup:
    """Take assigning or ignoring back: every pass counts for whom it counted before. Raises Conflict: nothing_to_undo."""
    with transaction.atomic():
        current, _ = _locked(group)
        if current.batch is None:
            raise Conflict("nothing_to_undo", "This group is neither assigned nor ignored, so there is nothing to undo.")
        decisions_undo(SightingDecision.objects.filter(batch=current.batch), by=by, now=now)
        _note("undone", current, by, now)
        current.state, current.person, current.batch, current.decided_by, current.decided_at = GroupState.OPEN, None, None, None, None
        current.save()
    return current


def group_split(*, group: UnknownGroup, sightings: Collection[UUID], by: User | None, now: datetime) -> UnknownGroup:
    """Take passes out, into an open group of their own; what the group decided about them is taken back. Returns the new group.

    Raises NotFound when one is not in the group, Conflict when all of them are to go.
    """
    with transaction.atomic():
        current, passes = _locked(group, every=True)
        chosen = [sighting for sighting in passes if sighting.uuid in set(sightings)]
        if len(chosen) != len(set(sightings)) or not chosen:
            raise NotFound("not_in_group", "Not all of these passes are in this group; load it again.")
        if len(chosen) == len(passes):
            raise Conflict("nothing_left", "That would leave no pass in the group; decide about the whole group instead.")
        if current.batch is not None:
            decisions_undo(SightingDecision.objects.filter(batch=current.batch, sighting__in=chosen), by=by, now=now)
        apart = members_set_apart(chosen, now=now)
        audit_note(by=by, action="unknown_group.split", target=Target("unknown_group", current.uuid), now=now, after=_told(apart, chosen))
    return apart


def _locked(group: UnknownGroup, *, every: bool = False) -> tuple[UnknownGroup, list[Sighting]]:
    """The group as it is now, and its passes: those that nothing was decided about yet, or every one."""
    members_lock()
    current = UnknownGroup.objects.select_related("person").filter(pk=group.pk).first()
    if current is None:
        raise NotFound("not_found", "This group is gone: nothing is left in it.")
    passes = sightings_lock(current.members.values_list("sighting", flat=True))
    if every:
        return current, passes
    decided = standing_decisions(passes)
    return current, [sighting for sighting in passes if sighting.pk not in decided]


def _decide(group: UnknownGroup, passes: list[Sighting], ruling: Ruling, by: User | None, now: datetime) -> UnknownGroup:
    if not passes:
        return group
    decisions_make(passes, ruling, by=by, now=now)
    group.state = ASSIGNED if ruling.decision == Decision.ASSIGN else IGNORED
    group.person, group.batch, group.decided_by, group.decided_at = ruling.person, ruling.batch, by, now
    group.save()
    _note(group.state, group, by, now, passes)
    return group


def _note(word: str, group: UnknownGroup, by: User | None, now: datetime, passes: Iterable[Sighting] = ()) -> None:
    person = None if group.person is None else group.person.uuid
    target = Target("unknown_group", group.uuid, person)
    audit_note(by=by, action=f"unknown_group.{word}", target=target, now=now, after=_told(group, passes))


def _told(group: UnknownGroup, passes: Iterable[Sighting]) -> dict[str, object]:
    return {"group": str(group.uuid), "sightings": [str(sighting.uuid) for sighting in passes]}
