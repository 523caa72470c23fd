"""Assign, reject, ignore and undo: who it counts for afterwards, in every combination."""

from datetime import date, timedelta
from itertools import product

import pytest
from django.utils import timezone

from server.accounts.models import User
from server.audit.models import AuditEntry
from server.core.errors import Conflict, Rejected
from server.people.models import Person
from server.recompute.models import Mark
from server.recompute.why import Why
from server.sightings.decision_models import Decision, SightingDecision
from server.sightings.decisions import Ruling, decision_undo, sighting_decide, sightings_decide
from server.sightings.models import SecondLook, Sighting
from server.sightings.second_look import Verdict
from server.sightings.second_look_decisions import verdict_give
from server.sightings.second_look_services import second_look_make
from server.sightings.whose import Answer, whose
from tests.factories import NOON, FakeNode, a_person, an_account
from tests.server.sightings.second_looks import enrolled, face, passed

NODE, LOOK, STAFF = 1, 2, 3
SILENT = None
NOBODY = Answer(None)


def test_staff_stand_above_an_accepted_second_look_and_that_above_the_node() -> None:
    said = {
        (staff, look, node): whose(staff=staff, second_look=look, node=node)
        for staff, look, node in product((SILENT, NOBODY, Answer(STAFF)), (SILENT, NOBODY, Answer(LOOK)), (None, NODE))
    }
    assert len(said) == 18
    assert {said[Answer(STAFF), look, node] for look, node in product((SILENT, NOBODY, Answer(LOOK)), (None, NODE))} == {STAFF}
    assert {said[NOBODY, look, node] for look, node in product((SILENT, NOBODY, Answer(LOOK)), (None, NODE))} == {None}
    assert {said[SILENT, Answer(LOOK), node] for node in (None, NODE)} == {LOOK}
    assert {said[SILENT, NOBODY, node] for node in (None, NODE)} == {None}
    assert {node: said[SILENT, SILENT, node] for node in (None, NODE)} == {None: None, NODE: NODE}


@pytest.fixture
def staff(db: None) -> User:
    return an_account()


def now_counts(sighting: Sighting) -> Person | None:
    return Sighting.objects.get(pk=sighting.pk).counts_for


def decide(sighting: Sighting, decision: Decision, by: User, person: Person | None = None) -> SightingDecision:
    return sighting_decide(sighting=sighting, decision=decision, person=person, by=by, now=timezone.now())


def undo(decision: SightingDecision, by: User) -> SightingDecision:
    return decision_undo(decision=decision, by=by, now=timezone.now())


def accepted(sighting: Sighting, by: User) -> SecondLook:
    look, _ = second_look_make(sighting=sighting, now=timezone.now())
    return verdict_give(look=look, verdict=Verdict.ACCEPTED, by=by, now=timezone.now())


def test_decisions_stack_and_come_off_again_one_by_one(staff: User) -> None:
    ada, grace, eve = enrolled(2, "Ada"), enrolled(1, "Grace"), a_person("Eve", consent_at=None)
    sighting = passed(FakeNode.hung(), face(1), person=ada)
    accepted(sighting, staff)
    assert now_counts(sighting) == grace
    made = [
        decide(sighting, Decision.ASSIGN, staff, eve),
        decide(sighting, Decision.REJECT, staff),
        decide(sighting, Decision.IGNORE, staff),
    ]
    assert now_counts(sighting) is None
    with pytest.raises(Conflict) as refusal:
        undo(made[0], staff)
    assert refusal.value.code == "later_decision"
    after = []
    for decision in reversed(made):
        undo(decision, staff)
        after.append(now_counts(sighting))
    assert after == [None, eve, grace]
    assert undo(made[0], staff).undone_by == staff
    assert now_counts(sighting) == grace


def test_a_second_look_is_not_accepted_over_what_staff_decided(staff: User) -> None:
    ada = enrolled(2, "Ada")
    grace = enrolled(1, "Grace")
    sighting = passed(FakeNode.hung(), face(1), person=ada)
    look, _ = second_look_make(sighting=sighting, now=timezone.now())
    decision = decide(sighting, Decision.ASSIGN, staff, ada)
    with pytest.raises(Conflict) as refusal:
        verdict_give(look=look, verdict=Verdict.ACCEPTED, by=staff, now=timezone.now())
    assert refusal.value.code == "decided"
    undo(decision, staff)
    verdict_give(look=look, verdict=Verdict.ACCEPTED, by=staff, now=timezone.now())
    assert now_counts(sighting) == grace
    verdict_give(look=look, verdict=Verdict.UNDONE, by=staff, now=timezone.now())
    assert now_counts(sighting) == ada


def test_a_repeat_changes_nothing_and_a_change_marks_both_days_with_why(staff: User) -> None:
    ada, eve = enrolled(2, "Ada"), a_person("Eve")
    sighting = passed(FakeNode.hung(), face(1), person=ada)
    Mark.objects.all().delete()
    first = decide(sighting, Decision.ASSIGN, staff, eve)
    marks = list(Mark.objects.values_list("key", "why"))
    assert {key.rsplit(":")[-1] for key, _ in marks} == {str(ada.pk), str(eve.pk)}
    assert {why for _, why in marks} == {Why.DECISION}
    assert decide(sighting, Decision.ASSIGN, staff, eve) == first
    assert (SightingDecision.objects.count(), Mark.objects.count()) == (1, len(marks))
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.person, entry.before) == ("sighting.assigned", eve.uuid, {"counts_for": str(ada.uuid)})
    undo(first, staff)
    assert Mark.objects.count() == 2 * len(marks)
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"sighting.assigned", "sighting_decision.undone"}


def test_only_people_who_are_here_are_named_and_only_somebody_is_rejected(staff: User) -> None:
    sighting = passed(FakeNode.hung(), face(1))
    grace = a_person("Grace")
    gone = {
        "person_merged": a_person("Double", merged_into=grace),
        "person_erased": a_person("Erased", erased_at=NOON),
        "person_not_active": a_person("Left", active_until=NOON.date() - timedelta(days=1)),
    }
    for code, person in gone.items():
        with pytest.raises(Conflict) as refusal:
            decide(sighting, Decision.ASSIGN, staff, person)
        assert refusal.value.code == code
    with pytest.raises(Conflict) as refusal:
        decide(sighting, Decision.REJECT, staff)
    assert refusal.value.code == "nothing_to_reject"
    garbled: list[tuple[Decision, Person | None, str]] = [
        (Decision.ASSIGN, None, "person_missing"), (Decision.IGNORE, grace, "person_not_asked")
    ]  # fmt: skip
    for decision, named, code in garbled:
        with pytest.raises(Rejected) as rejected:
            decide(sighting, decision, staff, named)
        assert rejected.value.code == code
    assert not SightingDecision.objects.exists()
    then, today = (a_person(active_until=NOON.date()), a_person(active_from=date(2025, 1, 1)))
    for person in (then, today):
        decide(sighting, Decision.ASSIGN, staff, person)
        assert now_counts(sighting) == person


def test_several_are_decided_together_or_not_at_all(staff: User) -> None:
    node, ada = FakeNode.hung(), enrolled(2)
    named, nobody = passed(node, face(2), person=ada), passed(node, face(5))
    with pytest.raises(Conflict):
        sightings_decide(sightings=[named.pk, nobody.pk], ruling=Ruling(Decision.REJECT), by=staff, now=timezone.now())
    assert now_counts(named) == ada
    sightings_decide(sightings=[named.pk, nobody.pk], ruling=Ruling(Decision.IGNORE), by=staff, now=timezone.now())
    assert now_counts(named) is None
    assert SightingDecision.objects.count() == AuditEntry.objects.count() == 2
