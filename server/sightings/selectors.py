"""Reading sightings, as far as the caller may see."""

from django.db.models import Q, QuerySet

from server.core.permissions import Scope
from server.people.selectors import people_visible
from server.sightings.models import Sighting


def sightings_visible(*, user: object, scope: Scope) -> QuerySet[Sighting]:
    """Everybody's for those who may see everybody, otherwise only those that count for people the caller may see."""
    found = Sighting.objects.select_related("door__site", "person", "counts_for", "node", "crop")
    if scope is Scope.ALL:
        return found
    if scope is Scope.NONE:
        return found.none()
    return found.filter(Q(counts_for__in=people_visible(user=user, scope=scope)))
