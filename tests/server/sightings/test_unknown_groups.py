"""Unknown passes grouped by face: which join, who decides, and that nobody of ours is ever swallowed."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from server.accounts.models import User
from server.audit.models import AuditEntry
from server.core.errors import Conflict, NotFound
from server.recompute.models import Mark
from server.recompute.why import Why
from server.sightings.decision_models import Decision, GroupState, SightingDecision, UnknownGroup, UnknownMember
from server.sightings.decisions import decision_undo, sighting_decide
from server.sightings.models import Probe, SecondLook, Sighting
from server.sightings.second_look import Verdict
from server.sightings.second_look_decisions import verdict_give
from server.sightings.second_look_services import second_look_make
from server.sightings.unknown_groups import group_assign, group_ignore, group_split, group_undo, groups_update
from server.sightings.unknown_update import WINDOW
from tests.factories import FakeNode, a_person, an_account
from tests.server.sightings.second_looks import between_the_bars, enrolled, face, passed
from tests.server.sightings.unknown import counts, group_of, grouped, strangers

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> User:
    return an_account()


@pytest.fixture
def node() -> FakeNode:
    return FakeNode.hung()


def test_passes_of_one_face_are_one_group_and_later_ones_join_it(node: FakeNode) -> None:
    one, two, other = strangers(node, 1, 1, 2)
    assert grouped() == [{one.pk, two.pk}, {other.pk}]
    before = dict(UnknownMember.objects.values_list("sighting", "group__uuid"))
    (again,) = strangers(node, 1)
    assert grouped() == [{one.pk, two.pk, again.pk}, {other.pk}]
    after = dict(UnknownMember.objects.values_list("sighting", "group__uuid"))
    assert after == before | {again.pk: before[one.pk]}
    assert groups_update(now=timezone.now()) == 0
    assert group_of(one).size == 3
    assert group_of(one).newest_at == max(Sighting.objects.filter(pk__in=[one.pk, two.pk, again.pk]).values_list("captured_at", flat=True))


def test_only_nameless_undecided_readable_passes_of_this_model_and_these_weeks_are_grouped(node: FakeNode, by: User) -> None:
    ada = enrolled(9, "Ada")
    passed(node, face(9), person=ada, at=timezone.now() - timedelta(hours=1))
    passed(node, face(1), at=timezone.now() - WINDOW - timedelta(days=1))
    node.send(node.sighting(at=timezone.now() - timedelta(hours=1)))
    erased, decided, damaged, kept = strangers(node, 1, 1, 2, 1)
    Probe.objects.filter(pk=erased.pk).update(ciphertext=None)
    Probe.objects.filter(pk=damaged.pk).update(ciphertext=b"damaged")
    decision = sighting_decide(sighting=decided, decision=Decision.IGNORE, by=by, now=timezone.now())
    assert grouped() == [{damaged.pk}, {kept.pk}]
    decision_undo(decision=decision, by=by, now=timezone.now())
    assert grouped() == [{decided.pk, kept.pk}, {damaged.pk}]


def test_assigning_a_group_reattributes_the_past_once_and_undo_gives_it_back(node: FakeNode, by: User) -> None:
    eve = a_person("Eve")
    passes = strangers(node, 1, 1, 1)
    grouped()
    Mark.objects.all().delete()
    for _ in range(2):
        group_assign(group=group_of(passes[0]), person=eve, by=by, now=timezone.now())
    assert counts(*passes) == [eve] * 3
    assert set(Mark.objects.values_list("why", flat=True)) == {Why.DECISION}
    assert {decision.batch for decision in SightingDecision.objects.all()} == {group_of(passes[0]).batch}
    assert SightingDecision.objects.count() == 3
    corrected = sighting_decide(sighting=passes[1], decision=Decision.ASSIGN, person=a_person("Al"), by=by, now=timezone.now())
    group_undo(group=group_of(passes[0]), by=by, now=timezone.now())
    assert counts(*passes) == [None, corrected.person, None]
    assert group_of(passes[0]).state == GroupState.OPEN
    decision_undo(decision=corrected, by=by, now=timezone.now())
    assert counts(*passes) == [None] * 3
    assert not SightingDecision.objects.filter(undone_at__isnull=True).exists()
    actions = AuditEntry.objects.filter(target_kind="unknown_group").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["unknown_group.assigned", "unknown_group.undone"]


def test_a_pass_that_joins_an_assigned_group_counts_for_nobody_until_staff_confirm_it(node: FakeNode, by: User) -> None:
    eve = a_person("Eve")
    (first,) = strangers(node, 1)
    grouped()
    group = group_assign(group=group_of(first), person=eve, by=by, now=timezone.now())
    (later,) = strangers(node, 1)
    grouped()
    assert (group_of(later), counts(later)) == (group, [None])
    group_assign(group=group, person=eve, by=by, now=timezone.now())
    assert counts(first, later) == [eve, eve]
    group_undo(group=group, by=by, now=timezone.now())
    assert counts(first, later) == [None, None]


def test_ignoring_sticks_to_later_passes_and_comes_off_with_them(node: FakeNode, by: User) -> None:
    (first,) = strangers(node, 1)
    grouped()
    group = group_ignore(group=group_of(first), by=by, now=timezone.now())
    later, other = strangers(node, 1, 2)
    grouped()
    assert group_of(later) == group != group_of(other)
    made = SightingDecision.objects.get(sighting=later)
    assert (made.decision, made.batch, made.by) == (Decision.IGNORE, group.batch, None)
    group_undo(group=group, by=by, now=timezone.now())
    assert not SightingDecision.objects.filter(undone_at__isnull=True).exists()
    assert group_of(later) == group


def test_an_ignored_group_takes_nobody_who_is_like_somebody_enrolled(node: FakeNode, by: User) -> None:
    (first,) = strangers(node, 1)
    grouped()
    group = group_ignore(group=group_of(first), by=by, now=timezone.now())
    (control,) = strangers(node, 1)
    grouped()
    assert group_of(control) == group
    enrolled(1, "Ada")
    near = between_the_bars(1)
    passes = [passed(node, near, at=timezone.now() - timedelta(minutes=5 - at)) for at in range(2)]
    passes += strangers(node, 1)
    grouped()
    assert {group_of(one) for one in passes}.isdisjoint({group})
    assert not SightingDecision.objects.filter(sighting__in=passes).exists()


def test_an_ignored_group_takes_no_pass_that_the_door_was_unsure_about(node: FakeNode, by: User) -> None:
    (first,) = strangers(node, 1)
    grouped()
    group = group_ignore(group=group_of(first), by=by, now=timezone.now())
    (unsure,) = strangers(node, 1)
    Sighting.objects.filter(pk=unsure.pk).update(outcome="unsure")
    grouped()
    assert group_of(unsure) != group


@pytest.mark.parametrize("ignored", [True, False])
def test_a_pass_that_a_second_look_names_leaves_its_group_and_is_seen_again(node: FakeNode, by: User, *, ignored: bool) -> None:
    first, second = strangers(node, 1, 1)
    grouped()
    group = group_of(first)
    if ignored:
        group_ignore(group=group, by=by, now=timezone.now())
    ada = enrolled(1, "Ada")
    look, _ = second_look_make(sighting=first, now=timezone.now())
    assert list(group.members.values_list("sighting", flat=True)) == [second.pk]
    assert not SightingDecision.objects.filter(sighting=first, undone_at__isnull=True).exists()
    assert SightingDecision.objects.filter(sighting=second, undone_at__isnull=True).exists() is ignored
    assert grouped() == [{second.pk}]
    verdict_give(look=look, verdict=Verdict.ACCEPTED, by=by, now=timezone.now())
    assert counts(first) == [ada]
    verdict_give(look=look, verdict=Verdict.UNDONE, by=by, now=timezone.now())
    verdict_give(look=look, verdict=Verdict.DISMISSED, by=by, now=timezone.now())
    assert {first.pk} in grouped() or {first.pk, second.pk} in grouped()
    assert (group_of(first) != group) is ignored


def test_what_staff_assigned_stays_when_a_second_look_names_somebody(node: FakeNode, by: User) -> None:
    (first,) = strangers(node, 1)
    grouped()
    eve = a_person("Eve")
    group = group_assign(group=group_of(first), person=eve, by=by, now=timezone.now())
    enrolled(1, "Ada")
    second_look_make(sighting=first, now=timezone.now())
    assert (SecondLook.objects.get().difference, group_of(first), counts(first)) == ("named", group, [eve])


def test_a_pass_taken_out_is_a_group_of_its_own_and_stays_out(node: FakeNode, by: User) -> None:
    first, second, third = strangers(node, 1, 1, 1)
    grouped()
    group = group_ignore(group=group_of(first), by=by, now=timezone.now())
    apart = group_split(group=group, sightings=[second.uuid], by=by, now=timezone.now())
    assert (apart.state, group_of(second)) == (GroupState.OPEN, apart)
    assert not SightingDecision.objects.filter(sighting=second, undone_at__isnull=True).exists()
    assert grouped() == [{first.pk, third.pk}, {second.pk}]
    with pytest.raises(Conflict) as refusal:
        group_split(group=group, sightings=[first.uuid, third.uuid], by=by, now=timezone.now())
    assert refusal.value.code == "nothing_left"
    for wrong in ([second.uuid], [uuid4()], []):
        with pytest.raises(NotFound):
            group_split(group=group, sightings=wrong, by=by, now=timezone.now())


def test_undoing_one_ignored_pass_takes_it_out_so_that_it_is_not_ignored_again(node: FakeNode, by: User) -> None:
    first, second = strangers(node, 1, 1)
    grouped()
    group = group_ignore(group=group_of(first), by=by, now=timezone.now())
    decision_undo(decision=SightingDecision.objects.get(sighting=first), by=by, now=timezone.now())
    grouped()
    assert (group_of(second), group_of(first).state) == (group, GroupState.OPEN)
    assert group_of(first) != group


def test_what_contradicts_the_state_of_a_group_is_refused_in_words(node: FakeNode, by: User) -> None:
    one, two = strangers(node, 1, 2)
    grouped()
    eve, now = a_person("Eve"), timezone.now()
    with pytest.raises(Conflict) as refusal:
        group_undo(group=group_of(one), by=by, now=now)
    assert refusal.value.code == "nothing_to_undo"
    with pytest.raises(Conflict) as refusal:
        group_assign(group=group_of(one), person=a_person(active_until=(now - timedelta(days=9)).date()), by=by, now=now)
    assert refusal.value.code == "person_not_active"
    group_assign(group=group_of(one), person=eve, by=by, now=now)
    group_ignore(group=group_of(two), by=by, now=now)
    deeds: list[tuple[Callable[[], object], str]] = [
        (lambda: group_ignore(group=group_of(one), by=by, now=now), "assigned"),
        (lambda: group_assign(group=group_of(one), person=a_person(), by=by, now=now), "other_person"),
        (lambda: group_assign(group=group_of(two), person=eve, by=by, now=now), "ignored"),
    ]
    for refused, code in deeds:
        with pytest.raises(Conflict) as refusal:
            refused()
        assert refusal.value.code == code
    alone = group_of(two)
    sighting_decide(sighting=two, decision=Decision.ASSIGN, person=eve, by=by, now=now)
    group_undo(group=alone, by=by, now=now)
    assert counts(two) == [eve]
    assert UnknownGroup.objects.filter(pk=alone.pk, size=0).exists()
