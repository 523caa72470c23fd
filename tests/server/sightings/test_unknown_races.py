"""Two workers, and two members of staff, at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from server.core.errors import Conflict
from server.sightings.decision_models import Decision, SightingDecision, UnknownMember
from server.sightings.decisions import sighting_decide
from server.sightings.unknown_groups import group_assign, group_ignore, groups_update
from tests.factories import FakeNode, a_person, an_account
from tests.server.sightings.unknown import counts, group_of, strangers

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Every deed in a thread of its own, begun together; what each returned, or the conflict it met."""
    together = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> object:
        try:
            together.wait()
            return deed()
        except Conflict as conflict:
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(run, deeds))


def test_two_workers_group_everything_once() -> None:
    node = FakeNode.hung()
    strangers(node, 1, 1, 2, 3)
    done = at_once(*[lambda: groups_update(now=timezone.now())] * 3)
    assert sum(int(str(grouped)) for grouped in done) + groups_update(now=timezone.now()) == 4
    assert (UnknownMember.objects.count(), UnknownMember.objects.values("group").distinct().count()) == (4, 3)


def test_staff_who_decide_at_once_leave_one_answer_standing() -> None:
    first, second = strangers(FakeNode.hung(), 1, 1)
    groups_update(now=timezone.now())
    group, by, eve, al = group_of(first), an_account(), a_person("Eve"), a_person("Al")
    said = at_once(
        lambda: group_assign(group=group, person=eve, by=by, now=timezone.now()),
        lambda: group_ignore(group=group, by=by, now=timezone.now()),
        lambda: sighting_decide(sighting=second, decision=Decision.ASSIGN, person=al, by=by, now=timezone.now()),
        lambda: groups_update(now=timezone.now()),
    )
    assert sum(isinstance(answer, Conflict) for answer in said) == 1
    assert counts(second) == [al]
    assert counts(first) in ([eve], [None])
    assert SightingDecision.objects.filter(sighting=first).count() == 1
    assert not UnknownMember.objects.filter(sighting=second).exists()


def test_one_pass_decided_by_two_at_once_is_decided_once() -> None:
    (sighting,) = strangers(FakeNode.hung(), 1)
    by, eve = an_account(), a_person("Eve")
    decide = [lambda: sighting_decide(sighting=sighting, decision=Decision.ASSIGN, person=eve, by=by, now=timezone.now())] * 4
    assert len({getattr(answer, "pk", None) for answer in at_once(*decide)}) == SightingDecision.objects.count() == 1
