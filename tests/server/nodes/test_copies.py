"""Rolled back and cloned cards: found out, told of, and given numbers of their own."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from server.core.errors import Rejected
from server.core.permissions import Role
from server.nodes.epochs import KEPT_BOOTS, epoch_grant
from server.nodes.models import AlarmKind, EpochGrant, Node, NodeAlarm, NodeBoot
from server.sightings.models import Record
from shared_schema.node import EpochRequest
from tests.factories import FakeNode, as_role, heartbeat

pytestmark = pytest.mark.django_db
URL = "/api/v1/node/epoch"


def beat(node: FakeNode, **values: object) -> dict[str, Any]:
    response = node.client.post("/api/v1/node/heartbeat", heartbeat(node, **values), format="json")
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def copy_of(node: FakeNode) -> FakeNode:
    """The same card in another computer: same key, token, epoch and numbers."""
    return FakeNode(node.node, node.token, node.key, epoch=node.epoch)


def ask(node: FakeNode, **values: object) -> Any:
    body = {"boot_id": str(node.boot_id), "epoch": 1, "last_seq": 5, **values}
    return node.client.post(URL, body, format="json")


def alarms() -> list[str]:
    return sorted(NodeAlarm.objects.values_list("kind", flat=True))


def test_one_computer_that_boots_again_and_again_is_no_copy() -> None:
    node = FakeNode.hung()
    for _ in range(4):
        beat(node)
        beat(node)
        node.boot_id = uuid4()
    assert alarms() == []


def test_boots_of_long_ago_are_forgotten() -> None:
    node = FakeNode.hung()
    NodeBoot.objects.bulk_create(NodeBoot(node=node.node, boot_id=uuid4(), first_at=timezone.now()) for _ in range(KEPT_BOOTS + 50))
    beat(node)
    assert NodeBoot.objects.count() == KEPT_BOOTS
    assert NodeBoot.objects.filter(boot_id=node.boot_id).exists()


@pytest.mark.parametrize("first_is_copy", [False, True])
def test_two_copies_that_are_heard_in_turns_are_found_out(*, first_is_copy: bool) -> None:
    original = FakeNode.hung()
    beat(original)
    copies = [original, copy_of(original)]
    one, other = reversed(copies) if first_is_copy else copies
    one.boot_id = uuid4()
    beat(one)
    beat(other)
    assert NodeAlarm.objects.count() == (1 if first_is_copy else 0)
    beat(one)
    beat(other)
    alarm = NodeAlarm.objects.get()
    assert (alarm.kind, alarm.count) == (AlarmKind.CLONED, 3 if first_is_copy else 2)


@pytest.mark.parametrize("first_is_copy", [False, True])
def test_two_copies_that_both_recorded_are_found_out_and_nothing_of_either_is_lost(*, first_is_copy: bool) -> None:
    original = FakeNode.hung()
    original.send(original.sighting(seq=1))
    copies = [original, copy_of(original)]
    one, other = reversed(copies) if first_is_copy else copies
    one.send(one.sighting(seq=2))
    (refused,) = other.send(other.observation(seq=2))
    assert refused["code"] == "conflict"
    assert alarms() == [AlarmKind.CONFLICT]
    other.epoch = ask(other, last_seq=2).json()["epoch"]
    (kept,) = other.send(other.observation(seq=1))
    assert kept["status"] == "archived"
    assert Record.objects.count() == 3


def test_a_record_sent_twice_is_no_conflict() -> None:
    node = FakeNode.hung()
    item = node.sighting(seq=1)
    node.send(item)
    node.send(item, item)
    assert alarms() == []


def test_a_heartbeat_is_answered_with_the_highest_record_there_is(django_assert_max_num_queries: Any) -> None:
    node, other = FakeNode.hung(), FakeNode.hung()
    assert beat(node)["high_water"] is None
    other.epoch = 9
    other.send(other.observation(seq=50))
    node.send(node.observation(seq=7))
    node.epoch = 2
    items = [node.observation(seq=seq) for seq in (3, 2)]
    node.send(*items)
    digest = items[0]["envelope"]["sha256"]
    assert beat(node)["high_water"] == {"epoch": 2, "seq": 3, "sha256": digest}


def test_the_highest_record_is_read_from_an_index() -> None:
    node = FakeNode.hung()
    newest = Record.objects.filter(node=node.node).order_by("-epoch", "-seq")[:1]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # of a table this small the whole is read at once
    plan = newest.explain()
    assert "record_once" in plan
    assert "Sort" not in plan


def test_every_copy_gets_an_epoch_of_its_own_above_everything_seen() -> None:
    node = FakeNode.hung()
    node.epoch = 4
    node.send(node.observation(seq=1))
    given = [ask(copy_of(node), epoch=4).json()["epoch"] for _ in range(3)]
    assert given == [5, 6, 7]
    assert Node.objects.get().next_epoch == 8
    alarm = NodeAlarm.objects.get()
    assert (alarm.kind, alarm.count) == (AlarmKind.ROLLED_BACK, 3)


def test_the_same_question_gets_the_same_answer() -> None:
    node = FakeNode.hung()
    first = ask(node).json()
    assert [ask(node).json() for _ in range(3)] == [first] * 3
    assert EpochGrant.objects.count() == 1
    assert NodeAlarm.objects.get().count == 1
    assert ask(node, last_seq=6).json() != first


def test_an_epoch_lies_above_the_one_the_node_is_in() -> None:
    assert ask(FakeNode.hung(), epoch=40).json() == {"epoch": 41}


def test_nodes_have_epochs_of_their_own() -> None:
    assert ask(FakeNode.hung()).json() == ask(FakeNode.hung()).json()


@pytest.mark.parametrize("epoch", [5_000, 2**63 - 1])
def test_an_epoch_no_node_can_be_in_uses_nothing_up(epoch: int) -> None:
    node = FakeNode.hung()
    response = ask(node, epoch=epoch)
    assert (response.status_code, response.json()["code"]) == (422, "epoch_not_believed")
    assert Node.objects.get().next_epoch == 1
    with pytest.raises(Rejected):
        epoch_grant(node.node, EpochRequest(boot_id=node.boot_id, epoch=epoch, last_seq=0), now=timezone.now())


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"boot_id": "x", "epoch": 1, "last_seq": 0}', 422)],
)
def test_what_is_no_question_is_a_problem(body: bytes, status: int) -> None:
    response = FakeNode.hung().client.post(URL, body, content_type="application/json")
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("values", [{"epoch": 0}, {"epoch": 2**63}, {"last_seq": -1}, {"boot_id": None}])
def test_a_question_with_impossible_numbers_is_refused(values: dict[str, object]) -> None:
    assert ask(FakeNode.hung(), **values).status_code == 422


LIST = "/api/v1/node-alarms"


def an_alarm(node: FakeNode | None = None) -> NodeAlarm:
    found = node or FakeNode.hung()
    ask(found)
    return NodeAlarm.objects.get(node=found.node)


def test_alarms_are_listed_with_what_to_do() -> None:
    alarm = an_alarm()
    an_alarm()
    listed = as_role(Role.AUDITOR).get(LIST, {"node": str(alarm.node.uuid)}).json()["results"]
    assert [one["id"] for one in listed] == [str(alarm.uuid)]
    assert (listed[0]["kind"], listed[0]["node_name"]) == ("rolled_back", alarm.node.name)
    assert "replace its card" in listed[0]["what_to_do"]


def test_alarms_are_found_by_kind_and_by_whether_they_are_open() -> None:
    operator, alarm = as_role(Role.OPERATOR), an_alarm()

    def count(**query: str) -> int:
        return len(operator.get(LIST, query).json()["results"])

    assert (count(kind="rolled_back"), count(kind="cloned"), count(open="true"), count(open="false")) == (1, 0, 1, 0)
    assert operator.get(LIST, {"kind": "boring"}).status_code == 400
    assert operator.get(LIST, {"node": "x"}).status_code == 400
    assert operator.post(f"{LIST}/{alarm.uuid}/resolve", {"note": "restored by us"}, format="json").status_code == 200
    assert (count(open="true"), count(open="false")) == (0, 1)


def test_an_alarm_is_resolved_once_and_opens_anew_when_its_cause_is_still_there() -> None:
    node = FakeNode.hung()
    operator, alarm = as_role(Role.OPERATOR), an_alarm(node)
    told = operator.post(f"{LIST}/{alarm.uuid}/resolve", {"note": "restored by us"}, format="json").json()
    assert (told["note"], told["resolved_by"] is not None) == ("restored by us", True)
    again = operator.post(f"{LIST}/{alarm.uuid}/resolve", {"note": "no, by them"}, format="json").json()
    assert (again["note"], again["resolved_at"]) == (told["note"], told["resolved_at"])
    ask(node, last_seq=99)
    assert NodeAlarm.objects.filter(node=node.node, resolved_at__isnull=True).count() == 1


@pytest.mark.parametrize(
    ("role", "view", "change"),
    [(None, 401, 401), ("self", 403, 403), ("manager", 403, 403), ("auditor", 200, 403), ("operator", 200, 200), ("admin", 200, 200)],
)
def test_who_may_see_and_who_may_resolve_alarms(role: str | None, view: int, change: int) -> None:
    alarm, client = an_alarm(), as_role(None if role is None else Role(role))
    assert client.get(LIST).status_code == view
    assert client.get(f"{LIST}/{alarm.uuid}").status_code == view
    assert client.post(f"{LIST}/{alarm.uuid}/resolve", {}, format="json").status_code == change
    assert client.delete(f"{LIST}/{alarm.uuid}").status_code in {401, 403, 405}


@pytest.mark.parametrize("body", [{"note": "x" * 501}, {"note": ["x"]}, [], {"note": "a\u0000"}])
def test_a_note_that_is_none_resolves_nothing(body: object) -> None:
    alarm = an_alarm()
    assert as_role(Role.ADMIN).post(f"{LIST}/{alarm.uuid}/resolve", body, format="json").status_code == 400
    alarm.refresh_from_db()
    assert alarm.resolved_at is None


def test_an_alarm_that_is_none_is_not_found() -> None:
    assert as_role(Role.ADMIN).post(f"{LIST}/{UUID(int=1)}/resolve", {}, format="json").status_code == 404


def test_a_list_of_alarms_asks_no_more_for_more_of_them(django_assert_num_queries: Any) -> None:
    operator = as_role(Role.OPERATOR)
    for _ in range(5):
        an_alarm()
    with django_assert_num_queries(1):
        assert len(operator.get(LIST).json()["results"]) == 5
