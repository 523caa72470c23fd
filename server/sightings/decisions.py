"""What staff decide about passes: it was this person, it was not, or it is nobody of ours. Each decision is a row that can be undone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from server.accounts.models import User
from server.audit.services import Target, audit_note
from server.core.errors import Conflict, NotFound, Rejected
from server.people.models import Person
from server.people.selectors import is_active
from server.sightings.decision_models import Decision, GroupState, SightingDecision, UnknownGroup, UnknownMember
from server.sightings.models import Sighting
from server.sightings.unknown_members import members_leave, members_lock, members_set_apart, sightings_lock
from server.sightings.whose import sightings_attribute, standing_decisions
from server.sites.days import local_day

WORDS = {Decision.ASSIGN: "sighting.assigned", Decision.REJECT: "sighting.rejected", Decision.IGNORE: "sighting.ignored"}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What staff say of a pass. `person`: whom it is assigned to. `batch`: of many decided at once."""

    decision: Decision
    person: Person | None = None
    note: str = ""
    batch: UUID | None = None


def sighting_decide(  # noqa: PLR0913 (a decision has so many sides)
    *,
    sighting: Sighting,
    decision: Decision,
    person: Person | None = None,
    note: str = "",
    by: User | None,
    now: datetime,
    batch: UUID | None = None,
) -> SightingDecision:
    """Assign, reject or ignore a sighting. The same again changes nothing. Raises Rejected and Conflict as `sightings_decide` does."""
    ruling = Ruling(decision, person, note, batch)
    return sightings_decide(sightings=[sighting.pk], ruling=ruling, by=by, now=now)[sighting.pk]


def sightings_decide(*, sightings: Iterable[int], ruling: Ruling, by: User | None, now: datetime) -> dict[int, SightingDecision]:
    """Decide about sightings, all or none of them. Returns what stands now, by their keys; what stood already has an earlier `at`.

    Raises Rejected (person_missing, person_not_asked) and Conflict (person_merged, person_erased, person_not_active, nothing_to_reject).
    """
    _refuse_garbled(ruling)
    with transaction.atomic():
        members_lock()
        locked = sightings_lock(sightings)
        standing = standing_decisions(locked)
        new = [sighting for sighting in locked if not _says(standing.get(sighting.pk), ruling)]
        _refuse(ruling, new, now)
        counted = {sighting.pk: sighting.counts_for for sighting in new}
        made = decisions_make(new, ruling, by=by, now=now)
        members_leave(sighting.pk for sighting in new)
        for decision in made:
            _note(decision, counted[decision.sighting_id], by, now)
    return standing | {decision.sighting_id: decision for decision in made}


def decisions_make(sightings: Sequence[Sighting], ruling: Ruling, *, by: User | None, now: datetime) -> list[SightingDecision]:
    """The rows, and what follows from them. The caller holds the locks of the sightings."""
    said = {"decision": ruling.decision, "person": ruling.person, "note": ruling.note, "batch": ruling.batch, "by": by, "at": now}
    made = SightingDecision.objects.bulk_create(SightingDecision(sighting=sighting, **said) for sighting in sightings)
    sightings_attribute(sightings)
    return made


def decision_undo(*, decision: SightingDecision, by: User | None, now: datetime) -> SightingDecision:
    """Take a decision back: what stood before it stands again. Doing it twice changes nothing. Raises Conflict: later_decision.

    A decision that a whole group shared is taken back for this sighting alone, which leaves the group.
    """
    with transaction.atomic():
        members_lock()
        (sighting,) = sightings_lock([decision.sighting_id])
        current = SightingDecision.objects.select_related("person").get(pk=decision.pk)
        if current.undone_at is not None:
            return current
        if standing_decisions([sighting])[sighting.pk].pk != current.pk:
            raise Conflict("later_decision", "This pass was decided about again since; undo the later decision first.")
        decisions_undo(SightingDecision.objects.filter(pk=current.pk), by=by, now=now)
        shared = UnknownMember.objects.filter(sighting=sighting).exclude(group__state=GroupState.OPEN)
        if shared.exists():
            members_set_apart([sighting], now=now)
        audit_note(by=by, action="sighting_decision.undone", target=_target(current), now=now, before={"decision": current.decision})
        current.refresh_from_db()
    return current


def batch_undo(*, batch: UUID, by: User | None, now: datetime) -> int:
    """Take back what was decided about several sightings at once. Returns how many decisions; 0: it was done before.

    Raises NotFound, and Conflict for the batch of a group of unknown passes: that is undone with the group.
    """
    with transaction.atomic():
        members_lock()
        about = SightingDecision.objects.filter(batch=batch)
        if not about.exists():
            raise NotFound("not_found", "Nothing was decided under this batch.")
        if UnknownGroup.objects.filter(batch=batch).exists():
            raise Conflict("of_a_group", "A group of unknown passes was decided about here; undo that group instead.")
        standing = about.filter(undone_at__isnull=True).count()
        decisions_undo(about, by=by, now=now)
        if standing:
            audit_note(by=by, action="sighting_decisions.undone", target=Target("batch", batch), now=now, after={"sightings": standing})
    return standing


def decisions_undo(decisions: QuerySet[SightingDecision], *, by: User | None, now: datetime) -> int:
    """Take these back, as far as they were not. The caller holds the lock of memberships. Returns how many sightings changed hands."""
    found = decisions.filter(undone_at__isnull=True)
    sightings = sightings_lock(found.values_list("sighting", flat=True))
    found.update(undone_at=now, undone_by=by)
    return sightings_attribute(sightings)


def refuse_person(person: Person, days: Iterable[date]) -> None:
    """Raises Conflict unless passes may be assigned to this person, enrolled or not, on one of these days."""
    if person.merged_into is not None:
        raise Conflict(
            "person_merged", f"{person.name} was merged into {person.merged_into.name}; assign the pass to {person.merged_into.name}."
        )
    if person.erased_at is not None:
        raise Conflict("person_erased", "The data of this person was erased, so nothing may be assigned to them any more.")
    if not any(is_active(person, day) for day in days):
        raise Conflict(
            "person_not_active",
            f"{person.name} did not belong here on the day of the pass, nor today; change the days of the person first.",
        )


def day_of(sighting: Sighting, at: datetime) -> date:
    """The local day of a moment at the sighting's door; where the door is not known, the day in UTC."""
    door = sighting.door
    return at.date() if door is None else local_day(at, door.site.zone, door.site.day_cut)


def _says(standing: SightingDecision | None, ruling: Ruling) -> bool:
    if standing is None or standing.decision != ruling.decision:
        return False
    return standing.person_id == (None if ruling.person is None else ruling.person.pk)


def _refuse_garbled(ruling: Ruling) -> None:
    if ruling.decision == Decision.ASSIGN and ruling.person is None:
        raise Rejected("person_missing", "Say who it was: an assignment names a person.", errors={"person": ["needed"]})
    if ruling.decision != Decision.ASSIGN and ruling.person is not None:
        raise Rejected("person_not_asked", "Only an assignment names a person; leave the person out.", errors={"person": ["not here"]})


def _refuse(ruling: Ruling, sightings: Sequence[Sighting], now: datetime) -> None:
    for sighting in sightings:
        if ruling.person is not None:
            refuse_person(ruling.person, (day_of(sighting, sighting.captured_at), day_of(sighting, now)))
        if ruling.decision == Decision.REJECT and sighting.counts_for is None:
            raise Conflict("nothing_to_reject", "This pass counts for nobody, so there is nobody to reject; ignore it, or say who it was.")


def _note(decision: SightingDecision, before: Person | None, by: User | None, now: datetime) -> None:
    about = decision.person or before
    audit_note(
        by=by,
        action=WORDS[Decision(decision.decision)],
        target=Target("sighting", decision.sighting.uuid, None if about is None else about.uuid),
        now=now,
        reason=decision.note,
        before={"counts_for": None if before is None else str(before.uuid)},
        after={"counts_for": None if decision.person is None else str(decision.person.uuid)},
    )


def _target(decision: SightingDecision) -> Target:
    person = decision.person
    return Target("sighting", decision.sighting.uuid, None if person is None else person.uuid)
