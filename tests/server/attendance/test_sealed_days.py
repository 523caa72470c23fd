from datetime import timedelta

import pytest

from server.attendance.discrepancies import discrepancy_acknowledge
from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.attendance.seal_models import Discrepancy, RecordChange
from server.attendance.seals import seal_lift, seal_make
from server.core.permissions import Role
from server.recompute import windows
from server.recompute.services import mark, work_off
from server.sightings.models import Sighting
from tests.factories import NOON, an_account
from tests.server.attendance.lecture import DAY, HOUR, MINUTE, Lecture

pytestmark = pytest.mark.django_db
NEXT_WEEK = NOON + timedelta(days=7)


@pytest.fixture
def lecture() -> Lecture:
    """Ada was there, Grace was absent, and the day is sealed."""
    lecture = Lecture()
    lecture.send(lecture.seen(lecture.ada), lecture.covers())
    seal_make(site=lecture.site, first_day=DAY, last_day=DAY, note="", by=an_account(), now=NEXT_WEEK)
    return lecture


def rows() -> list[list[object]]:
    return [list(model.objects.order_by("pk").values_list()) for model in (AttendanceRecord, OpenDayRecord)]


def test_a_sealed_day_never_changes_and_the_discrepancies_are_exactly_the_difference(lecture: Lecture) -> None:
    before, changes = rows(), RecordChange.objects.count()
    lecture.send(lecture.seen(lecture.grace, NOON + 10 * MINUTE))
    assert (rows(), RecordChange.objects.count()) == (before, changes)
    found = {row.subject: row for row in Discrepancy.objects.all()}
    assert set(found) == {"session", "open_day"}
    assert {row.person for row in found.values()} == {lecture.grace}
    session, open_day = found["session"], found["open_day"]
    assert session.published is not None
    assert session.derived is not None
    assert (session.published["state"], session.derived["state"], session.derived["late_by_s"]) == ("absent", "present", 600)
    assert (open_day.published, (open_day.derived or {})["sightings"]) == (None, 1)


def test_a_discrepancy_goes_when_the_facts_agree_again_and_opens_when_they_do_not(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada, NOON - 5 * MINUTE))
    assert set(Discrepancy.objects.values_list("state", flat=True)) == {"open"}
    early = Sighting.objects.order_by("captured_at")[0]
    Sighting.objects.filter(pk=early.pk).update(counts_for=None)
    lecture.send(lecture.seen(lecture.grace, NOON + 3 * HOUR))
    _again(lecture)
    assert set(Discrepancy.objects.filter(person=lecture.ada).values_list("state", flat=True)) == {"gone"}
    Sighting.objects.filter(pk=early.pk).update(counts_for=lecture.ada)
    _again(lecture)
    assert set(Discrepancy.objects.filter(person=lecture.ada).values_list("state", flat=True)) == {"open"}


def test_what_was_acknowledged_stays_so_until_the_difference_is_another(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.grace, NOON + 10 * MINUTE))
    row = Discrepancy.objects.get(subject="session")
    discrepancy_acknowledge(discrepancy=row, note="she told us", by=an_account(), now=NEXT_WEEK)
    _again(lecture)
    row.refresh_from_db()
    assert row.state == "acknowledged"
    lecture.send(lecture.seen(lecture.grace, NOON + 2 * MINUTE))
    row.refresh_from_db()
    assert (row.state, row.note, row.acknowledged_by) == ("open", "", None)
    assert Discrepancy.objects.filter(subject="session").count() == 1


def test_lifting_the_seal_publishes_what_the_facts_say_and_no_discrepancy_is_left(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.grace, NOON + 10 * MINUTE))
    seal_lift(seal=lecture.site.seals.get(), reason="she was there", by=an_account(Role.ADMIN), now=NEXT_WEEK)
    work_off()
    assert lecture.states()[lecture.grace] == "present"
    assert set(Discrepancy.objects.values_list("state", flat=True)) == {"gone"}
    assert "unsealed" in RecordChange.objects.filter(person=lecture.grace, subject="session")[0].why


def test_the_day_after_a_sealed_one_changes_as_ever(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada, NOON + timedelta(days=1)))
    assert OpenDayRecord.objects.filter(local_date=DAY + timedelta(days=1)).count() == 1
    assert not Discrepancy.objects.exists()


def test_a_session_that_is_moved_out_of_a_sealed_day_stays_published_there(lecture: Lecture) -> None:
    before = list(AttendanceRecord.objects.order_by("pk").values_list())
    lecture.session.local_date += timedelta(days=2)
    for name in ("begins_at", "ends_at", "window_begins_at", "window_ends_at"):
        setattr(lecture.session, name, getattr(lecture.session, name) + timedelta(days=2))
    lecture.session.save()
    for _ in range(2):
        _again(lecture)
        assert list(AttendanceRecord.objects.order_by("pk").values_list()) == before
        sides = Discrepancy.objects.filter(subject="session").values_list("person", "derived", "local_date")
        assert set(sides) == {(lecture.ada.pk, None, DAY), (lecture.grace.pk, None, DAY)}


def test_the_control_without_a_seal_changes(lecture: Lecture) -> None:
    lecture.site.seals.all().delete()
    lecture.send(lecture.seen(lecture.grace, NOON + 10 * MINUTE))
    assert lecture.states()[lecture.grace] == "present"
    assert not Discrepancy.objects.exists()


def _again(lecture: Lecture) -> None:
    mark([windows.session(lecture.session.pk), windows.site_days(site=lecture.site.pk, first=DAY, last=DAY)])
    work_off()
