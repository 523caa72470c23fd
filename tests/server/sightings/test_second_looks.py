from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from server.core.errors import Conflict
from server.gallery.models import Template
from server.people.models import Person
from server.sightings.models import Probe, SecondLook, Sighting
from server.sightings.second_look_runs import sightings_renew
from server.sightings.second_look_services import second_look_make
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_person, a_site, as_role
from tests.server.sightings.second_looks import between_the_bars, enrolled, face, passed, template

pytestmark = pytest.mark.django_db


def look(sighting: Sighting) -> SecondLook:
    return second_look_make(sighting=sighting, now=timezone.now())[0]


def renew() -> dict[str, int]:
    return dict(sightings_renew(since=LONG_AGO, now=timezone.now(), progress=lambda _done, _total: None))


def test_somebody_enrolled_after_the_pass_is_named_and_the_sighting_stays_as_it_was() -> None:
    sighting = passed(FakeNode.hung(), face(1))
    before = Sighting.objects.filter(pk=sighting.pk).values().get()
    grace = enrolled(1, "Grace", added_at=NOON + timedelta(days=2))
    found = look(sighting)
    assert (found.outcome, found.person, found.difference, found.reason) == ("match", grace, "named", "late_enrolment")
    assert found.similarity == pytest.approx(1.0, abs=1e-6)
    assert Sighting.objects.filter(pk=sighting.pk).values().get() == before


def test_without_anybody_new_nothing_differs() -> None:
    enrolled(2)
    found = look(passed(FakeNode.hung(), face(1)))
    assert (found.outcome, found.person, found.difference, found.reason) == ("unknown", None, "same", "asked")


def test_a_repeat_changes_nothing() -> None:
    sighting = passed(FakeNode.hung(), face(1))
    enrolled(1)
    first, made = second_look_make(sighting=sighting, now=timezone.now())
    again, made_again = second_look_make(sighting=sighting, now=timezone.now())
    assert (made, made_again, first.pk) == (True, False, again.pk)
    assert SecondLook.objects.count() == 1


def test_another_gallery_makes_another_row() -> None:
    sighting = passed(FakeNode.hung(), face(1))
    look(sighting)
    enrolled(1)
    look(sighting)
    assert list(SecondLook.objects.order_by("id").values_list("difference", flat=True)) == ["same", "named"]


def gone(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(erased_at=timezone.now())


def without_consent(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(consent_at=None)


def left_before(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(active_until=NOON.date() - timedelta(days=1))


def merged(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(merged_into=a_person())


@pytest.mark.parametrize(
    ("change", "reason"), [(gone, "person_left"), (without_consent, "person_left"), (left_before, "person_left"), (merged, "person_merged")]
)
def test_whoever_may_not_be_named_any_more_is_not_named_again(change: object, reason: str) -> None:
    grace = enrolled(1)
    sighting = passed(FakeNode.hung(), face(1), person=grace)
    assert callable(change)
    assert look(sighting).difference == "same"
    change(grace)
    found = look(sighting)
    assert (found.outcome, found.person, found.difference, found.reason) == ("unknown", None, "unnamed", reason)


def test_the_same_person_after_a_merge_is_no_difference() -> None:
    double = enrolled(1)
    sighting = passed(FakeNode.hung(), face(1), person=double)
    Template.objects.all().delete()
    Person.objects.filter(pk=double.pk).update(merged_into=enrolled(1))
    assert look(sighting).difference == "same"


@pytest.mark.parametrize(("hour", "outcome"), [(18, "match"), (20, "unknown")])
def test_the_local_day_of_the_pass_decides_who_belonged_here(hour: int, outcome: str) -> None:
    """In Tokyo the 9th of June ends with the day cut at 04:00, which is 19:00 in UTC."""
    node = FakeNode.hung(a_door(a_site(time_zone="Asia/Tokyo")))
    enrolled(1, active_until=date(2026, 6, 9))
    assert look(passed(node, face(1), at=datetime(2026, 6, 9, hour, tzinfo=UTC))).outcome == outcome


def test_a_changed_sample_renames() -> None:
    ada = enrolled(1, added_at=LONG_AGO)
    sighting = passed(FakeNode.hung(), face(2), person=ada)
    grace = enrolled(2, added_at=LONG_AGO)
    found = look(sighting)
    assert (found.person, found.difference, found.reason) == (grace, "renamed", "bar_changed")


def test_a_moved_bar_is_told_as_the_reason() -> None:
    grace = enrolled(1, added_at=LONG_AGO)
    sighting = passed(FakeNode.hung(), between_the_bars(1), person=grace)
    found = look(sighting)
    assert (found.outcome, found.difference, found.reason, found.doubts) == ("unsure", "unnamed", "bar_changed", ["near"])
    assert found.similarity is not None
    assert found.unsure_similarity < found.similarity < found.min_similarity


def test_frames_and_flags_of_the_pass_are_carried_over() -> None:
    enrolled(1)
    node = FakeNode.hung()
    assert look(passed(node, face(1), doubts=("pad",))).outcome == "unsure"
    assert look(passed(node, face(1))).outcome == "match"


def test_another_model_an_erased_probe_and_a_damaged_one_are_not_compared() -> None:
    node = FakeNode.hung()
    other, erased, damaged = (passed(node, face(1)) for _ in range(3))
    enrolled(1)
    Sighting.objects.filter(pk=other.pk).update(model_id="an older model")
    Probe.objects.filter(pk=erased.pk).update(ciphertext=None, erased_at=timezone.now())
    Probe.objects.filter(pk=damaged.pk).update(ciphertext=b"\x00" * 600)
    for sighting, code in ((other, "other_model"), (erased, "probe_erased"), (damaged, "probe_unreadable")):
        with pytest.raises(Conflict) as refused:
            look(sighting)
        assert refused.value.code == code
    assert renew() == {"other_model": 1, "probe_erased": 1, "probe_unreadable": 1}
    assert not SecondLook.objects.exists()


def test_a_renewal_writes_only_what_differs_and_nothing_the_second_time() -> None:
    node, ada = FakeNode.hung(), enrolled(3)
    for number in (1, 1, 2):
        passed(node, face(number))
    passed(node, face(3), person=ada)
    passed(node, face(4), person=ada)
    enrolled(1)
    assert renew() == {"named": 2, "same": 2, "unnamed": 1}
    rows = set(SecondLook.objects.values_list("pk", flat=True))
    assert len(rows) == 3
    enrolled(5)
    assert renew() == {"named": 2, "same": 2, "unnamed": 1}
    assert set(SecondLook.objects.values_list("pk", flat=True)) == rows


def test_an_answer_that_is_the_nodes_again_is_written_beside_the_one_before() -> None:
    passed(FakeNode.hung(), face(1))
    grace = enrolled(1)
    renew()
    gone(grace)
    renew()
    renew()
    assert list(SecondLook.objects.order_by("id").values_list("difference", flat=True)) == ["named", "same"]


def test_rows_cannot_be_changed_behind_the_services() -> None:
    made = look(passed(FakeNode.hung(), face(1)))
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        SecondLook.objects.filter(pk=made.pk).update(outcome="match")


def test_two_templates_of_different_people_at_one_distance_name_nobody() -> None:
    sighting = passed(FakeNode.hung(), face(1))
    enrolled(1)
    template(enrolled(2), face(1))
    assert (look(sighting).outcome, look(sighting).doubts) == ("unsure", ["margin"])


def test_asking_over_the_api_needs_the_right_to_change_sightings() -> None:
    sighting = passed(FakeNode.hung(), face(1))
    enrolled(1)
    answer = as_role(None).post(f"/api/v1/sightings/{sighting.uuid}/second-look")
    assert answer.status_code == 401
    assert not SecondLook.objects.exists()
