"""Which nodes have a gallery: whoever left it is gone from those."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.gallery.selectors import gallery_revision
from server.nodes.models import Node
from tests.factories import FakeNode, as_role, heartbeat
from tests.server.gallery.test_gallery_delta import enrolled, withdrawn

pytestmark = pytest.mark.django_db
CONFIRMATION = "/api/v1/gallery/confirmation"


def beat(node: FakeNode, revision: int) -> None:
    assert node.client.post("/api/v1/node/heartbeat", heartbeat(node, gallery_revision=revision), format="json").status_code == 200


def test_it_is_told_which_nodes_have_a_gallery_and_which_have_not() -> None:
    person, has, lags, unheard = enrolled(), FakeNode.hung(), FakeNode.hung(), FakeNode.hung()
    out, frozen = FakeNode.hung(), FakeNode.hung()
    Node.objects.filter(pk=out.node.pk).update(revoked_at=timezone.now())
    Node.objects.filter(pk=frozen.node.pk).update(frozen_at=timezone.now())
    old = gallery_revision()
    withdrawn(person)
    beat(has, gallery_revision())
    beat(lags, old)
    auditor = as_role(Role.AUDITOR)
    with CaptureQueriesContext(connection) as queries:
        told = auditor.get(CONFIRMATION).json()
    assert len(queries) == 2
    assert (told["revision"], told["complete"]) == (gallery_revision(), False)
    assert [node["id"] for node in told["confirmed"]] == [str(has.node.uuid)]
    assert {node["id"] for node in told["waiting"]} == {str(lags.node.uuid), str(unheard.node.uuid)}
    earlier = auditor.get(CONFIRMATION, {"revision": old}).json()
    assert {node["id"] for node in earlier["confirmed"]} == {str(has.node.uuid), str(lags.node.uuid)}


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.SELF, 403), (Role.MANAGER, 403), (Role.OPERATOR, 200)])
def test_not_everybody_is_told_which_nodes_have_a_gallery(role: Role | None, status: int) -> None:
    assert as_role(role).get(CONFIRMATION).status_code == status


@pytest.mark.parametrize("revision", ["x", "-1", "9" * 40])
def test_only_of_revisions_it_is_told(revision: str) -> None:
    assert as_role(Role.ADMIN).get(CONFIRMATION, {"revision": revision}).status_code == 400


def test_a_node_is_told_nothing_of_others() -> None:
    assert FakeNode.hung().client.get(CONFIRMATION).status_code == 401
    assert APIClient().get(CONFIRMATION).status_code == 401
