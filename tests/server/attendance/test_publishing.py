from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from server.attendance.correction_models import CorrectionState
from server.attendance.corrections import correction_make, correction_undo
from server.attendance.corrections_values import Changes
from server.attendance.marks import Said, mark_make, mark_undo
from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.passes import pass_add, pass_undo
from server.attendance.publishing import person_days_publish
from server.attendance.rules.facts import State, Way
from server.attendance.seal_models import RecordChange
from server.core.permissions import Role
from server.people.models import Membership
from server.people.services import membership_save
from server.recompute import windows
from server.recompute.models import Mark
from server.recompute.services import Window, mark, work_off
from server.recompute.why import Why
from server.schedules.leave import leave_cancel, leave_save
from server.schedules.models import Leave
from server.schedules.sessions import session_cancel, session_restore, session_update
from server.sightings.models import Sighting
from tests.factories import NOON, FakeNode, a_door, a_member, a_person, a_site, an_account
from tests.factories_attendance import an_area
from tests.server.attendance.lecture import DAY, HOUR, MINUTE, Lecture

pytestmark = pytest.mark.django_db
LATER = NOON + 2 * HOUR


@pytest.fixture
def lecture() -> Lecture:
    return Lecture()


def record(lecture: Lecture) -> AttendanceRecord:
    return AttendanceRecord.objects.get(session=lecture.session, person=lecture.ada)


def published() -> list[list[object]]:
    rows = (AttendanceRecord.objects, VisitRow.objects, OpenDayRecord.objects)
    return [list(found.order_by("pk").values_list()) for found in rows]


def derive_again(lecture: Lecture) -> int:
    people = [lecture.ada.pk, lecture.grace.pk]
    return person_days_publish(site=lecture.site, days=[DAY], people=people, why=frozenset({Why.REBUILD}), now=LATER)


def test_who_was_seen_is_present_and_who_was_never_seen_is_absent_once_the_door_is_covered(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada))
    assert lecture.states() == {lecture.ada: "present"}
    lecture.send(lecture.covers())
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "absent"}
    lecture.session.refresh_from_db()
    assert lecture.session.covered_at is not None
    assert not Mark.objects.exists()


def test_deriving_again_changes_no_row_and_notes_no_change(lecture: Lecture) -> None:
    an_area(lecture.site, lecture.door)
    lecture.send(lecture.seen(lecture.ada), lecture.covers())
    before, changes = published(), RecordChange.objects.count()
    assert all(before)
    assert derive_again(lecture) == 0
    for days, people in (([], None), ([DAY], [])):
        assert person_days_publish(site=lecture.site, days=days, people=people, why=frozenset(), now=LATER) == 0
    assert (published(), RecordChange.objects.count()) == (before, changes)


def test_what_is_wrong_in_the_rows_is_put_right(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada), lecture.covers())
    AttendanceRecord.objects.filter(person=lecture.ada).update(late_by_s=99)
    assert derive_again(lecture) == 1
    assert (record(lecture).late_by_s, record(lecture).version) == (0, 2)


def test_what_is_derived_no_more_goes_and_comes_back_under_the_same_name(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada))
    name = record(lecture).uuid
    Sighting.objects.update(counts_for=None)
    Membership.objects.filter(person=lecture.ada).delete()
    derive_again(lecture)
    gone = record(lecture)
    assert (gone.gone_at, gone.version) == (LATER, 2)
    a_member(lecture.group, lecture.ada)
    Sighting.objects.update(counts_for=lecture.ada)
    derive_again(lecture)
    back = record(lecture)
    assert (back.gone_at, back.version, back.uuid) == (None, 3, name)
    assert derive_again(lecture) == 0


def test_a_change_keeps_how_it_was_how_it_is_and_why(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada, NOON + 10 * MINUTE))
    lecture.send(lecture.seen(lecture.ada, NOON + 2 * MINUTE))
    newest, first = RecordChange.objects.filter(subject="session", person=lecture.ada)
    assert (first.before, first.why, newest.why) == (None, ["sighting"], ["sighting"])
    assert newest.before == first.after
    assert newest.before is not None
    assert newest.after is not None
    assert (newest.before["late_by_s"], newest.after["late_by_s"]) == (600, 0)
    assert newest.after["first_in"] == "2024-11-20T12:02:00+00:00"
    assert newest.key == f"{lecture.session.pk}:{lecture.ada.pk}"


def test_a_pass_that_changes_what_was_decided_is_late_evidence(lecture: Lecture) -> None:
    lecture.send(lecture.covers())
    lecture.send(lecture.seen(lecture.grace))
    change = RecordChange.objects.filter(subject="session", person=lecture.grace)[0]
    assert change.why == ["late_evidence"]
    assert (change.before or {})["state"] == "absent"
    assert lecture.states()[lecture.grace] == "present"


def test_a_correction_is_laid_over_the_record_and_undone(lecture: Lecture) -> None:
    lecture.send(lecture.covers())
    by = an_account(Role.ADMIN)
    row = correction_make(
        person=lecture.ada, session=lecture.session, changes=Changes(state=State.PRESENT), reason="came", by=by, now=LATER
    )
    assert row.state == CorrectionState.APPROVED
    work_off()
    assert (record(lecture).state, record(lecture).corrections) == ("present", [row.approval])
    assert RecordChange.objects.filter(person=lecture.ada, subject="session")[0].why == ["correction"]
    correction_undo(correction=row, reason="was somebody else", by=by, now=LATER)
    work_off()
    assert (record(lecture).state, record(lecture).corrections) == ("absent", [])


def test_a_mark_of_staff_counts_until_it_is_undone(lecture: Lecture) -> None:
    by = an_account(Role.ADMIN)
    lecture.send(lecture.covers())
    row = mark_make(person=lecture.ada, session=lecture.session, said=Said(State.EXCUSED, note="train"), by=by, now=LATER)
    work_off()
    assert (record(lecture).state, record(lecture).note, record(lecture).mark_id) == ("excused", "train", row.pk)
    mark_undo(row=row, by=by, now=LATER)
    work_off()
    assert (record(lecture).state, record(lecture).note, record(lecture).mark_id) == ("absent", "", None)


def test_a_pass_entered_by_hand_counts_like_a_sighting_until_it_is_undone(lecture: Lecture) -> None:
    by = an_account(Role.ADMIN)
    lecture.send(lecture.covers())
    row = pass_add(person=lecture.ada, door=lecture.door, at=NOON + 20 * MINUTE, way=Way.IN, note="", by=by, now=LATER)
    work_off()
    found = record(lecture)
    assert (found.state, found.late_by_s, found.method, found.evidence) == ("present", 1200, "manual", [f"manual:{row.uuid}"])
    pass_undo(row=row, by=by, now=LATER)
    work_off()
    assert record(lecture).state == "absent"


def test_leave_excuses_and_cancelled_leave_does_not(lecture: Lecture) -> None:
    lecture.send(lecture.covers())
    leave = Leave(person=lecture.ada)
    leave = leave_save(leave=leave, values={"reason": "sick", "first_day": DAY, "last_day": DAY}, by=None, now=LATER)
    work_off()
    assert (record(lecture).state, record(lecture).excuse) == ("excused", "leave")
    assert RecordChange.objects.filter(person=lecture.ada)[0].why == ["leave"]
    leave_cancel(leave=leave, by=None, now=LATER)
    work_off()
    assert record(lecture).state == "absent"


def test_who_belonged_to_the_group_only_later_is_not_on_the_sheet(lecture: Lecture) -> None:
    lecture.send(lecture.covers())
    membership = Membership.objects.get(person=lecture.ada)
    membership_save(membership=membership, valid_from=DAY + timedelta(days=1), valid_until=None)
    work_off()
    assert lecture.states() == {lecture.grace: "absent"}
    membership.refresh_from_db()
    membership_save(membership=membership, valid_from=DAY, valid_until=DAY)
    work_off()
    assert lecture.states() == {lecture.ada: "absent", lecture.grace: "absent"}


def test_nobody_was_expected_at_a_cancelled_session_until_it_is_restored(lecture: Lecture) -> None:
    lecture.send(lecture.covers())
    session_cancel(session=lecture.session, by=None, now=LATER)
    work_off()
    assert lecture.states() == {}
    session_restore(session=lecture.session, by=None, now=LATER)
    work_off()
    assert lecture.states() == {lecture.ada: "absent", lecture.grace: "absent"}


def test_a_session_that_is_moved_takes_its_records_with_it(lecture: Lecture) -> None:
    lecture.send(lecture.covers(), lecture.seen(lecture.ada))
    name, begins_at = record(lecture).uuid, NOON - timedelta(days=1)
    changes = {"begins_at": begins_at, "ends_at": begins_at + HOUR}
    session_update(session=lecture.session, changes=changes, by=None, now=LATER)
    work_off()
    moved = record(lecture)
    assert (moved.local_date, moved.uuid, moved.state, moved.gone_at) == (DAY - timedelta(days=1), name, "pending", None)
    assert AttendanceRecord.objects.count() == 2


def test_passes_of_somebody_who_was_merged_count_for_whom_they_have_become(lecture: Lecture) -> None:
    twin = a_person(merged_into=lecture.ada)
    lecture.send(lecture.seen(lecture.grace))
    Sighting.objects.update(counts_for=twin)
    mark([windows.person_day(site=lecture.site.pk, day=DAY, person=twin.pk)])
    work_off()
    assert lecture.states()[lecture.ada] == "present"
    assert not OpenDayRecord.objects.filter(person=twin).exists()


def test_an_exit_of_the_day_after_closes_the_visit_of_the_day_before(lecture: Lecture) -> None:
    area, night = an_area(lecture.site, lecture.door), NOON.replace(hour=23)
    lecture.send(lecture.seen(lecture.ada, night))
    assert VisitRow.objects.get().state == "open"
    pass_add(person=lecture.ada, door=lecture.door, at=night + 6 * HOUR, way=Way.OUT, note="", by=an_account(), now=night + 7 * HOUR)
    work_off()
    visit = VisitRow.objects.get(gone_at__isnull=True)
    assert (visit.area, visit.state, visit.duration_s, visit.local_date) == (area, "closed", 21_600, DAY)


def test_a_change_that_is_rolled_back_leaves_no_mark(lecture: Lecture) -> None:
    with transaction.atomic():
        mark_make(person=lecture.ada, session=lecture.session, said=Said(State.EXCUSED), by=an_account(), now=LATER)
        assert Mark.objects.exists()
        transaction.set_rollback(True)
    assert not Mark.objects.exists()


def test_a_person_is_derived_wherever_they_were_or_are_expected_and_nowhere_else(
    lecture: Lecture, django_assert_max_num_queries: Any
) -> None:
    annexe = FakeNode.hung(a_door(a_site(name="Annexe")))
    for _ in range(30):
        a_site()
    lecture.node.send(lecture.seen(lecture.ada))
    annexe.send(annexe.sighting(person=lecture.ada, at=NOON + 3 * HOUR))
    Mark.objects.all().delete()
    mark([windows.person_days(person=lecture.ada.pk, first=DAY, last=DAY)], why=Why.MEMBERSHIP)
    with django_assert_max_num_queries(120):
        work_off()
    assert set(OpenDayRecord.objects.values_list("site__name", flat=True)) == {"Annexe", lecture.site.name}
    assert lecture.states() == {lecture.ada: "present"}


def test_a_long_time_is_derived_in_parts_and_only_as_far_as_there_is_anything(lecture: Lecture) -> None:
    lecture.node.send(*(lecture.seen(lecture.ada, NOON + timedelta(days=days)) for days in (0, 50, 100)))
    Mark.objects.all().delete()
    mark([windows.person_days(person=lecture.ada.pk, first=None, last=None)], why=Why.MEMBERSHIP)
    assert work_off(limit=1) == 1
    assert Mark.objects.filter(kind="person", why="membership").count() == 4
    work_off()
    assert OpenDayRecord.objects.count() == 3
    OpenDayRecord.objects.all().delete()
    mark([windows.site_days(site=None, first=DAY, last=None)], why=Why.RULE)
    assert work_off(limit=1) == 1
    assert {row.why for row in Mark.objects.all()} == {"rule"}
    work_off()
    assert OpenDayRecord.objects.count() == 3


@pytest.mark.parametrize(
    "window",
    [
        windows.person_days(person=10**9, first=None, last=None),
        windows.person_day(site=10**9, day=DAY, person=1),
        windows.session(10**9),
        windows.site_days(site=10**9, first=None, last=None),
        windows.site_days(site=None, first=date.min, last=date.max),
        windows.coverage(door=10**9, hour=NOON),
    ],
)
def test_a_window_of_what_has_gone_meanwhile_is_done(window: Window) -> None:
    mark([window])
    assert work_off() == 1
    assert not Mark.objects.exists()


def test_days_at_the_end_of_all_calendars_stop_nobody(lecture: Lecture) -> None:
    mark([windows.person_days(person=lecture.ada.pk, first=date.max, last=date.max)])
    mark([windows.person_days(person=lecture.ada.pk, first=date.min, last=date.max)])
    assert work_off() == 2
