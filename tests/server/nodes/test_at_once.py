"""What many do at the same time, each with a connection and a transaction of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from server.core import cipher
from server.gallery.models import GalleryChange, GalleryRevision, Template
from server.gallery.pipeline import embedder
from server.nodes.alarms import alarm_raise
from server.nodes.claims import claim_create_for, node_claim
from server.nodes.epochs import epoch_grant
from server.nodes.models import AlarmKind, EpochGrant, Node, NodeAlarm, NodeKey, SpentToken
from server.nodes.tokens import node_by_token, token_next, token_used
from server.people.models import Person
from shared_schema.node import ClaimRequest, EpochRequest
from tests.factories import FakeNode
from tests.factories_people import make_person

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6
T = TypeVar("T")


def at_once(what: Callable[[int], T]) -> list[T]:
    def alone(number: int) -> T:
        try:
            return what(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(alone, range(AT_ONCE)))


def test_no_two_copies_get_the_same_epoch() -> None:
    node = FakeNode.hung().node
    asked = [EpochRequest(boot_id=uuid4(), epoch=1, last_seq=number) for number in range(AT_ONCE)]
    given = at_once(lambda number: epoch_grant(node, asked[number], now=timezone.now()).epoch)
    assert sorted(given) == list(range(2, 2 + AT_ONCE))
    assert NodeAlarm.objects.get().count == AT_ONCE


def test_one_question_asked_many_times_at_once_has_one_answer() -> None:
    node, asked = FakeNode.hung().node, EpochRequest(boot_id=uuid4(), epoch=1, last_seq=5)
    assert len(set(at_once(lambda _: epoch_grant(node, asked, now=timezone.now()).epoch))) == 1
    assert EpochGrant.objects.count() == 1


def test_one_claim_made_many_times_at_once_gives_one_card() -> None:
    node = FakeNode.hung()
    token = claim_create_for(node=node.node, by=None, now=timezone.now()).token
    request = ClaimRequest.signed(token=token, public_key=node.key.public_key().public_bytes_raw(), hostname="pi", signer=node.key)
    answers = at_once(lambda _: node_claim(request, now=timezone.now()).model_dump_json())
    assert len(set(answers)) == 1
    assert Node.objects.get().token_generation == 2
    assert NodeKey.objects.filter(valid_until__isnull=True).count() <= 1


def test_the_newer_token_used_first_by_many_at_once_spends_the_older_once() -> None:
    node = FakeNode.hung().node
    token = token_next(node).token

    def use(_: int) -> int:
        found = node_by_token(token)
        assert found is not None
        return token_used(found, token, now=timezone.now()).token_generation

    assert set(at_once(use)) == {2}
    assert SpentToken.objects.count() == 1


def test_one_alarm_raised_by_many_at_once_is_one_and_counted() -> None:
    node = FakeNode.hung().node
    at_once(lambda _: alarm_raise(node, AlarmKind.CLONED, "x", now=timezone.now()))
    assert NodeAlarm.objects.get().count == AT_ONCE


def test_changes_of_the_gallery_at_once_have_revisions_of_their_own_and_are_all_logged() -> None:
    people = [make_person(f"Person {number}") for number in range(AT_ONCE)]
    before = GalleryRevision.objects.values_list("revision", flat=True).first() or 1
    sealed = cipher.current().encrypt(b"x" * 512, purpose=cipher.TEMPLATE)

    def enrol(number: int) -> None:
        Template.objects.create(person=people[number], model_id=embedder().model_id, dimension=128, ciphertext=sealed, samples=1)
        Person.objects.filter(pk=people[number].pk).update(consent_at=None)

    at_once(enrol)
    assert GalleryRevision.objects.get().revision == before + 2 * AT_ONCE
    revisions = list(GalleryChange.objects.values_list("revision", flat=True))
    assert sorted(revisions) == list(range(before + 1, before + 1 + 2 * AT_ONCE))
