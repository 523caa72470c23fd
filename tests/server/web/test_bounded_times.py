from datetime import timedelta

import pytest
from django.utils import timezone

from server.core.permissions import Role
from server.sightings.models import Sighting
from tests.factories import FakeNode, a_door, a_site
from tests.server.web.signed_in import signed_in


@pytest.mark.django_db
def test_a_time_that_is_only_bounded_is_shown_as_between_two_times() -> None:
    node = FakeNode.hung(a_door(a_site(name="Main building", time_zone="Asia/Tokyo"), name="Front door"))
    node.send(node.sighting(at=timezone.now() - timedelta(minutes=5), changes={"at": node.reading(synchronised=False)}))
    page = signed_in(Role.ADMIN).get("/").content.decode()
    seen = Sighting.objects.get()
    assert "1 Jan 09:00" in page
    assert f'between <time datetime="{seen.earliest_at.astimezone(node.node.mounts.get().door.site.zone).isoformat()}">' in page


@pytest.mark.django_db
def test_a_known_time_is_shown_alone() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(at=timezone.now() - timedelta(minutes=5)))
    assert "between <time" not in signed_in(Role.ADMIN).get("/").content.decode()
