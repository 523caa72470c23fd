"""Reading sightings, as far as the caller may see."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from server.core.permissions import Scope
from server.nodes.models import Node
from server.people.selectors import people_visible
from server.sightings.decision_models import Decision, SightingDecision
from server.sightings.models import Record, Sighting
from shared_schema.node import HighWater


def high_water(node: Node) -> HighWater | None:
    """The highest record of a node that is stored; None before its first one."""
    newest = Record.objects.filter(node=node).order_by("-epoch", "-seq").values("epoch", "seq", "sha256").first()
    return None if newest is None else HighWater(**newest)


def sightings_visible(*, user: object, scope: Scope) -> QuerySet[Sighting]:
    """Everybody's for those who may see everybody, otherwise only those that count for people the caller may see."""
    found = Sighting.objects.select_related("door__site", "person", "counts_for", "node", "crop")
    if scope is Scope.ALL:
        return found
    if scope is Scope.NONE:
        return found.none()
    return found.filter(Q(counts_for__in=people_visible(user=user, scope=scope)))


def decided_exists() -> Exists:
    """A condition on sightings: staff decided about it, and did not take that back."""
    return Exists(SightingDecision.objects.filter(sighting=OuterRef("pk"), undone_at__isnull=True))


def ignored_exists() -> Exists:
    """A condition on sightings: what stands is that it is nobody of ours."""
    later = SightingDecision.objects.filter(sighting=OuterRef("sighting"), undone_at__isnull=True, pk__gt=OuterRef("pk"))
    ignoring = SightingDecision.objects.filter(~Exists(later), sighting=OuterRef("pk"), undone_at__isnull=True, decision=Decision.IGNORE)
    return Exists(ignoring)
