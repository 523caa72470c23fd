"""Whose attendance a sighting is: what staff decided, over a second look they accepted, over the node's match. Derived here alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from server.people.models import Person
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.sightings.decision_models import SightingDecision
from server.sightings.models import Outcome, SecondLookVerdict, Sighting
from server.sightings.second_look import Verdict
from server.sightings.services import windows_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who may say so says; `person` None: nobody."""

    person: int | None


def whose(*, staff: Answer | None, second_look: Answer | None, node: int | None) -> int | None:
    """The key of the person it counts for, None for nobody. `staff` and `second_look` None: they did not say anything. Pure."""
    for answer in (staff, second_look):
        if answer is not None:
            return answer.person
    return node


def standing_decisions(sightings: Sequence[Sighting]) -> dict[int, SightingDecision]:
    """The newest decision that was not undone, by the sighting's key. One query."""
    standing = SightingDecision.objects.filter(sighting__in=[sighting.pk for sighting in sightings], undone_at__isnull=True)
    newest = standing.order_by("sighting_id", "-id").distinct("sighting_id").select_related("person")
    return {decision.sighting_id: decision for decision in newest}


def sightings_attribute(sightings: Sequence[Sighting]) -> int:
    """Derive whose these are, and mark the windows of who it was and who it is now. Returns how many changed.

    The caller holds the locks of their rows, and of nothing that was read before them. `door__site` and `person` are read with them.
    """
    staff, looks = standing_decisions(sightings), _accepted(sightings)
    changed: list[Sighting] = []
    windows: set[Window] = set()
    for sighting in sightings:
        decision = staff.get(sighting.pk)
        person = whose(
            staff=None if decision is None else Answer(_key(decision.person)),
            second_look=looks.get(sighting.pk),
            node=_key(sighting.person) if sighting.outcome == Outcome.MATCH else None,
        )
        if person != sighting.counts_for_id:
            windows |= windows_of([sighting])
            sighting.counts_for_id = person
            changed.append(sighting)
    if changed:
        Sighting.objects.bulk_update(changed, ["counts_for"])
        mark(windows | windows_of(changed), why=Why.DECISION)
    return len(changed)


def _accepted(sightings: Sequence[Sighting]) -> dict[int, Answer]:
    """What the second look accepted last says, by the sighting's key."""
    about = SecondLookVerdict.objects.filter(second_look__sighting__in=[sighting.pk for sighting in sightings])
    newest = about.order_by("second_look_id", "-id").distinct("second_look_id").select_related("second_look__person")
    accepted = [verdict for verdict in newest if verdict.verdict == Verdict.ACCEPTED]
    in_order = sorted(accepted, key=attrgetter("pk"))
    return {verdict.second_look.sighting_id: Answer(_key(verdict.second_look.person)) for verdict in in_order}


def _key(person: Person | None) -> int | None:
    """Somebody merged is who they were merged into."""
    return None if person is None else person.merged_into_id or person.pk
