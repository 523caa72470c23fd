"""A gallery that changes at random, as staff, time and other models make it."""

from datetime import datetime, timedelta
from random import Random

import pytest
import time_machine
from django.utils import timezone

from server.gallery.models import GalleryDigest, GalleryRevision
from server.people.models import Person
from shared_schema.gallery import GallerySnapshot
from tests.factories import FakeNode
from tests.server.gallery.test_gallery_delta import (
    deleted,
    delta,
    drawn,
    enrolled,
    erased,
    merged,
    template,
    whole,
    withdrawn,
    without_template,
)

pytestmark = pytest.mark.django_db


class Changes:
    """Random changes to a gallery, as staff, time and other models make them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.people = [enrolled(f"Person {number}", seed=number) for number in range(3)]
        self.now = timezone.now()

    def one(self) -> None:
        self.random.choice([self.enrol, self.change, self.other_model, self.toggle, self.days, self.leave, self.a_day_passes])()

    def enrol(self) -> None:
        self.people.append(enrolled(f"Person {len(self.people)}", seed=self.random.randrange(10**9)))

    def change(self) -> None:
        template(self.random.choice(self.people), self.random)

    def other_model(self) -> None:
        template(self.random.choice(self.people), self.random, model_id="another")

    def toggle(self) -> None:
        person = self.random.choice(self.people)
        consent = self.random.choice([None, self.now])
        Person.objects.filter(pk=person.pk).update(consent_at=consent)

    def days(self) -> None:
        first = self.now.date() + timedelta(days=self.random.randrange(-3, 3))
        last = first + timedelta(days=self.random.randrange(4))
        Person.objects.filter(pk=self.random.choice(self.people).pk).update(active_from=first, active_until=last)

    def leave(self) -> None:
        if len(self.people) > 1:
            person = self.people.pop(self.random.randrange(len(self.people)))
            self.random.choice([merged, erased, withdrawn, deleted, without_template])(person)

    def a_day_passes(self) -> None:
        self.now += timedelta(days=1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_delta_from_any_earlier_gallery_makes_the_present_one(seed: int) -> None:
    _changes_at_random(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 22))
def test_many_more_deltas_make_the_present_gallery(seed: int) -> None:
    _changes_at_random(seed)


def _changes_at_random(seed: int) -> None:
    random = drawn(seed)
    changes, node = Changes(random), FakeNode.hung()
    seen = [_at(changes.now, node)]
    for _ in range(12):
        changes.one()
        seen.append(_at(changes.now, node))
        _leads_to_the_newest(random.choice(seen), seen[-1], node, changes.now)
    for earlier in seen:
        _leads_to_the_newest(earlier, seen[-1], node, changes.now)


def _at(now: datetime, node: FakeNode) -> GallerySnapshot:
    with time_machine.travel(now, tick=False):
        return whole(node)


def _leads_to_the_newest(earlier: GallerySnapshot, newest: GallerySnapshot, node: FakeNode, now: datetime) -> None:
    assert earlier.revision >= GalleryRevision.objects.get().log_from, "then there is nothing to be shown here"
    with time_machine.travel(now, tick=False):
        found = delta(node, earlier.revision)
        GalleryDigest.objects.all().delete()
        assert delta(node, earlier.revision) == found, "the digest is the same, kept or worked out"
    made = found.applied_to(earlier)
    assert made is not None
    assert (made.revision, made.digest()) == (newest.revision, newest.digest())
