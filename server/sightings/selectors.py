"""Reading sightings, as far as the caller may see."""

from django.db.models import Q, QuerySet

from server.core.permissions import Scope
from server.nodes.models import Node
from server.people.selectors import people_visible
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
