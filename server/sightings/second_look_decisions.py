"""What staff make of a second look. Only an accepted one changes whose attendance a sighting is; every step is a new row."""

from datetime import datetime

from django.db import transaction

from server.accounts.models import User
from server.audit.services import Target, audit_note
from server.core.errors import Conflict
from server.sightings.models import Outcome, SecondLook, SecondLookVerdict, Sighting
from server.sightings.second_look import Difference, Verdict
from server.sightings.whose import sightings_attribute, standing_decisions


def verdict_give(*, look: SecondLook, verdict: Verdict, by: User | None, now: datetime) -> SecondLook:
    """Accept, dismiss, or undo the last of the two. Giving the same verdict again changes nothing.

    Raises Conflict: nothing_to_decide, superseded, decided, person_gone, and nothing_to_undo.
    """
    with transaction.atomic():
        locked = Sighting.objects.select_for_update(of=("self",), no_key=True).select_related("door__site", "person")
        sighting = locked.get(pk=look.sighting_id)
        current = _standing(look)
        if current == verdict:
            return look
        _refuse(look, verdict, current)
        if verdict is Verdict.ACCEPTED:
            _refuse_decided(sighting)
        SecondLookVerdict.objects.create(second_look=look, verdict=verdict, by=by, at=now)
        sightings_attribute([sighting])
        person = None if look.person is None else look.person.uuid
        audit_note(by=by, action=f"second_look.{verdict.value}", target=Target("sighting", sighting.uuid, person), now=now)
    return look


def _refuse_decided(sighting: Sighting) -> None:
    """What staff said of the pass itself stands above every second look."""
    if standing_decisions([sighting]):
        raise Conflict("decided", "Staff decided about this pass already, and that stands above a second look; undo that decision first.")


def _standing(look: SecondLook) -> Verdict | None:
    newest = look.verdicts.order_by("-id").values_list("verdict", flat=True).first()
    return None if newest is None or newest == Verdict.UNDONE else Verdict(newest)


def _refuse(look: SecondLook, verdict: Verdict, current: Verdict | None) -> None:
    if verdict is Verdict.UNDONE:
        if current is None:
            raise Conflict("nothing_to_undo", "This second look was neither accepted nor dismissed, so there is nothing to undo.")
        return
    if look.difference == Difference.SAME:
        raise Conflict("nothing_to_decide", "This second look says what the node said; there is nothing to accept or dismiss.")
    if SecondLook.objects.filter(sighting_id=look.sighting_id, pk__gt=look.pk).exists():
        raise Conflict("superseded", "The sighting was looked at again since; decide about the newest second look.")
    if verdict is Verdict.ACCEPTED and look.outcome == Outcome.MATCH and not _may_be_named(look):
        raise Conflict("person_gone", "The person named here may not be named any more; look at the sighting again.")


def _may_be_named(look: SecondLook) -> bool:
    person = look.person
    return person is not None and person.consent_at is not None and person.erased_at is None and person.merged_into_id is None
