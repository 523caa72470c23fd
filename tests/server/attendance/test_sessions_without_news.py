"""What nobody tells: a session begins, and the wait for its doors is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from server.attendance.models import AttendanceRecord
from server.attendance.seal_models import RecordChange
from server.attendance.tasks import sweep
from server.nodes.models import Mount
from server.recompute import windows
from server.recompute.models import Mark
from server.recompute.services import mark, work_off
from server.recompute.why import Why
from tests.factories import NOON, FakeNode, a_door, a_member
from tests.server.attendance.lecture import HOUR, MINUTE, Lecture, looked

pytestmark = pytest.mark.django_db
DAY_LATER = NOON + timedelta(hours=25, minutes=31)


@pytest.fixture
def lecture() -> Lecture:
    return Lecture()


def swept(time_machine: Any, at: datetime) -> int:
    time_machine.move_to(at, tick=False)
    marked = sweep()
    work_off()
    return marked


def test_everybody_expected_is_on_the_sheet_once_the_margin_begins(lecture: Lecture, time_machine: Any) -> None:
    assert swept(time_machine, NOON - 31 * MINUTE) == 0
    assert lecture.states() == {}
    assert swept(time_machine, NOON - 30 * MINUTE) == 1
    assert lecture.states() == {lecture.ada: "pending", lecture.grace: "pending"}
    assert not RecordChange.objects.exists()
    assert swept(time_machine, NOON - 29 * MINUTE) == 0


def test_who_came_before_the_sheet_was_made_keeps_nobody_else_off_it(lecture: Lecture, time_machine: Any) -> None:
    time_machine.move_to(NOON - 10 * MINUTE, tick=False)
    lecture.send(lecture.seen(lecture.ada, NOON - 20 * MINUTE))
    assert lecture.states() == {lecture.ada: "present"}
    swept(time_machine, NOON)
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "pending"}


def test_a_session_of_the_future_makes_no_records_but_of_what_is_said(lecture: Lecture, time_machine: Any) -> None:
    time_machine.move_to(NOON - timedelta(hours=5), tick=False)
    mark([windows.session(lecture.session.pk)], why=Why.SCHEDULE)
    work_off()
    assert not AttendanceRecord.objects.exists()
    lecture.ada.manual_marks.create(session=lecture.session, state="excused", made_at=timezone.now())
    mark([windows.session(lecture.session.pk)], why=Why.MARK)
    work_off()
    assert lecture.states() == {lecture.ada: "excused"}


def test_a_blind_door_is_waited_for_then_given_up_and_may_still_be_heard_later(lecture: Lecture, time_machine: Any) -> None:
    time_machine.move_to(NOON + 2 * HOUR, tick=False)
    lecture.send(lecture.covers(until=NOON), lecture.seen(lecture.ada))
    swept(time_machine, NOON + 3 * HOUR)
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "pending"}
    assert swept(time_machine, DAY_LATER - 2 * MINUTE) == 0
    assert swept(time_machine, DAY_LATER) == 1
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "not_covered"}
    assert RecordChange.objects.filter(person=lecture.grace)[0].why == ["waited"]
    assert swept(time_machine, DAY_LATER + MINUTE) == 0
    lecture.send(looked(lecture.node, NOON, NOON + 3 * HOUR))
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "absent"}
    assert RecordChange.objects.filter(person=lecture.grace)[0].why == ["coverage"]


def test_coverage_whose_mark_was_lost_is_found_by_the_sweep(lecture: Lecture, time_machine: Any) -> None:
    time_machine.move_to(NOON + 3 * HOUR, tick=False)
    lecture.node.send(lecture.covers())
    Mark.objects.all().delete()
    assert lecture.states() == {}
    assert swept(time_machine, NOON + 3 * HOUR) == 2
    assert lecture.states() == {lecture.ada: "absent", lecture.grace: "absent"}
    assert swept(time_machine, NOON + 3 * HOUR + MINUTE) == 0


def test_coverage_that_ends_before_the_session_decides_nothing_and_derives_nothing(lecture: Lecture) -> None:
    lecture.node.send(lecture.covers(until=NOON + HOUR))
    assert work_off() > 0
    assert not Mark.objects.exists()
    assert not AttendanceRecord.objects.exists()


def test_a_late_person_is_uncertain_as_long_as_another_entrance_was_not_looked_at(lecture: Lecture) -> None:
    other = FakeNode.hung(a_door(lecture.site, direction="in"))
    lecture.send(looked(lecture.node, NOON - HOUR, NOON + HOUR), lecture.seen(lecture.ada, NOON + 20 * MINUTE))
    row = AttendanceRecord.objects.get(person=lecture.ada)
    assert (row.late_by_s, row.late_uncertain) == (1200, True)
    other.send(looked(other, NOON - HOUR, NOON + 30 * MINUTE))
    work_off()
    row.refresh_from_db()
    assert (row.late_by_s, row.late_uncertain, row.decided) == (1200, False, False)


def test_a_node_that_moves_in_the_middle_leaves_both_doors_unseen_for_a_part(lecture: Lecture, time_machine: Any) -> None:
    """Who was not seen may have come by either door while nobody looked at it."""
    time_machine.move_to(NOON + 3 * HOUR, tick=False)
    moved_at, other = NOON + 30 * MINUTE, a_door(lecture.site, direction="in")
    lecture.node.node.mounts.update(valid_until=moved_at)
    Mount.objects.create(node=lecture.node.node, door=other, valid_from=moved_at)
    lecture.send(lecture.covers(), lecture.seen(lecture.ada, NOON + 40 * MINUTE))
    row = AttendanceRecord.objects.get(person=lecture.ada)
    assert (row.late_by_s, row.late_uncertain) == (2400, True)
    other.used_from = lecture.door.used_until = moved_at
    other.save()
    lecture.door.save()
    mark([windows.session(lecture.session.pk)], why=Why.PLACE)
    work_off()
    row.refresh_from_db()
    assert (row.late_by_s, row.late_uncertain) == (2400, False)
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "absent"}


def test_a_door_that_was_chosen_and_has_no_camera_leaves_the_session_not_covered(lecture: Lecture, time_machine: Any) -> None:
    lecture.session.doors.set([lecture.door, a_door(lecture.site)])
    time_machine.move_to(NOON + 3 * HOUR, tick=False)
    lecture.send(lecture.covers())
    swept(time_machine, DAY_LATER)
    assert lecture.states() == {lecture.ada: "not_covered", lecture.grace: "not_covered"}


def test_somebody_who_joins_while_the_session_runs_comes_onto_the_sheet(lecture: Lecture, time_machine: Any) -> None:
    swept(time_machine, NOON)
    late = a_member(lecture.group)
    swept(time_machine, NOON + MINUTE)
    assert lecture.states()[late] == "pending"


def test_without_sessions_nothing_is_marked(time_machine: Any) -> None:
    assert swept(time_machine, datetime(2030, 1, 1, tzinfo=UTC)) == 0
