from datetime import timedelta

import pytest
from django.db import IntegrityError

from server.core.permissions import Role
from server.nodes.models import Mount
from server.nodes.mounts import mount_delete, mount_save
from server.recompute.models import Mark
from server.recompute.why import Why
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, as_role

pytestmark = pytest.mark.django_db
URL = "/api/v1/mounts"


def test_a_node_hangs_at_one_door_at_a_time() -> None:
    node = FakeNode.hung()
    body = {"node": str(node.node.uuid), "door": str(a_door().uuid), "valid_from": NOON.isoformat()}
    response = as_role(Role.OPERATOR).post(URL, body, format="json")
    assert response.status_code == 400
    assert "already hangs" in str(response.json()["errors"])
    with pytest.raises(IntegrityError):
        Mount.objects.create(node=node.node, door=a_door(), valid_from=LONG_AGO)


def test_a_node_moves_when_its_mount_has_ended() -> None:
    node = FakeNode.hung()
    operator = as_role(Role.OPERATOR)
    old = Mount.objects.get()
    assert operator.patch(f"{URL}/{old.uuid}", {"valid_until": NOON.isoformat()}, format="json").status_code == 200
    body = {"node": str(node.node.uuid), "door": str(a_door().uuid), "valid_from": NOON.isoformat()}
    assert operator.post(URL, body, format="json").status_code == 201
    assert len(operator.get(URL).json()["results"]) == 2


def test_a_mount_ends_after_it_began() -> None:
    FakeNode.hung()
    mount = Mount.objects.get()
    response = as_role(Role.ADMIN).patch(f"{URL}/{mount.uuid}", {"valid_until": LONG_AGO.isoformat()}, format="json")
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("role", "view", "change"), [(None, 401, 401), ("self", 403, 403), ("auditor", 200, 403), ("operator", 200, 403), ("admin", 200, 204)]
)
def test_who_may_see_and_who_may_remove_mounts(role: str | None, view: int, change: int) -> None:
    FakeNode.hung()
    client = as_role(None if role is None else Role(role))
    assert client.get(URL).status_code == view
    assert client.delete(f"{URL}/{Mount.objects.get().uuid}").status_code == change


def days_marked() -> set[str]:
    return set(Mark.objects.filter(kind="site_days", why=Why.PLACE).values_list("key", flat=True))


def test_a_mount_that_ends_marks_the_days_from_then_on() -> None:
    node = FakeNode.hung(door := a_door())
    mount = Mount.objects.get()
    mount.valid_until = NOON
    mount_save(mount)
    assert days_marked() == {f"{door.site_id}:2024-11-20:"}
    assert Mark.objects.get(kind="times").key == f"{node.node.pk}:*:*"


def test_a_mount_that_is_moved_in_time_marks_the_days_between() -> None:
    FakeNode.hung(door := a_door())
    Mount.objects.update(valid_until=NOON)
    mount = Mount.objects.get()
    mount.valid_until = NOON + timedelta(days=2)
    mount.valid_from = LONG_AGO - timedelta(days=1)
    mount_save(mount)
    assert days_marked() == {f"{door.site_id}:2024-11-20:2024-11-22", f"{door.site_id}:2019-12-30:2019-12-31"}


def test_a_mount_at_another_door_marks_the_days_of_both() -> None:
    FakeNode.hung(here := a_door())
    mount, there = Mount.objects.get(), a_door()
    mount.door, mount.valid_until = there, NOON
    mount_save(mount)
    assert days_marked() == {f"{here.site_id}:2019-12-31:", f"{there.site_id}:2019-12-31:2024-11-20"}


def test_a_mount_that_is_taken_away_marks_its_days_and_one_that_stays_as_it_was_none() -> None:
    FakeNode.hung(door := a_door())
    mount = Mount.objects.get()
    mount_save(mount)
    assert days_marked() == set()
    mount_delete(mount)
    assert days_marked() == {f"{door.site_id}:2019-12-31:"}
