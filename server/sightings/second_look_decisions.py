"""What staff make of a second look. Only an accepted one changes whose attendance a sighting is; every step is a new row."""

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

from django.db import transaction

from server.accounts.models import User
from server.core.errors import Conflict
from server.recompute.services import mark
from server.sightings.models import Outcome, SecondLook, SecondLookVerdict, Sighting
from server.sightings.second_look import Difference, Verdict
from server.sightings.services import windows_of


def verdict_give(*, look: SecondLook, verdict: Verdict, by: User | None, now: datetime) -> SecondLook:
    """Accept, dismiss, or undo the last of the two. Giving the same verdict again changes nothing.

    Raises Conflict: nothing_to_decide, superseded, person_gone, and nothing_to_undo.
    """
    with transaction.atomic():
        sighting = Sighting.objects.select_for_update(of=("self",), no_key=True).select_related("door__site").get(pk=look.sighting_id)
        current = _standing(look)
        if current == verdict:
            return look
        _refuse(look, verdict, current)
        SecondLookVerdict.objects.create(second_look=look, verdict=verdict, by=by, at=now)
        _attribute(sighting)
    return look


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


def _attribute(sighting: Sighting) -> None:
    """Derive whose attendance the sighting is, and mark the windows of who it was and who it is now."""
    windows = windows_of([sighting])
    sighting.counts_for_id = _counts_for(sighting)
    sighting.save(update_fields=["counts_for"])
    mark(windows | windows_of([sighting]))


def _counts_for(sighting: Sighting) -> int | None:
    """The answer accepted last, otherwise the node's match."""
    accepted = _newest_accepted(SecondLook.objects.filter(sighting=sighting).prefetch_related("verdicts"))
    if accepted is not None:
        return accepted.person_id
    return sighting.person_id if sighting.outcome == Outcome.MATCH else None


def _newest_accepted(looks: Iterable[SecondLook]) -> SecondLook | None:
    newest = [(verdicts[0], look) for look in looks if (verdicts := list(look.verdicts.all()))]
    accepted = [(verdict.pk, look) for verdict, look in newest if verdict.verdict == Verdict.ACCEPTED]
    return max(accepted, key=itemgetter(0))[1] if accepted else None
