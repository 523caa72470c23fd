"""Groups of unknown passes for tests."""

from datetime import datetime, timedelta

from django.utils import timezone

from server.people.models import Person
from server.sightings.decision_models import UnknownGroup
from server.sightings.models import Sighting
from server.sightings.unknown_groups import groups_update
from tests.factories import FakeNode
from tests.server.sightings.second_looks import face, passed


def strangers(node: FakeNode, *numbers: int) -> list[Sighting]:
    """A pass of each of these faces, a minute after each other, some hours ago."""
    begun = timezone.now() - timedelta(hours=3)
    return [passed(node, face(number), at=begun + timedelta(minutes=at)) for at, number in enumerate(numbers)]


def grouped(now: datetime | None = None) -> list[set[int]]:
    """Group what is there; the sightings of each group, the largest first."""
    while groups_update(now=now or timezone.now()):
        pass
    groups = [set(group.members.values_list("sighting", flat=True)) for group in UnknownGroup.objects.all()]
    return sorted(groups, key=lambda members: (-len(members), min(members)))


def group_of(sighting: Sighting) -> UnknownGroup:
    return UnknownGroup.objects.get(members__sighting=sighting)


def counts(*sightings: Sighting) -> list[Person | None]:
    return [Sighting.objects.get(pk=sighting.pk).counts_for for sighting in sightings]
