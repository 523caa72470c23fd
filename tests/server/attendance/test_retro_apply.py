"""Deciding about passes of the past changes the attendance of the past, says why, and undoing it gives it back."""

from datetime import timedelta

import pytest

from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.attendance.seal_models import RecordChange, Subject
from server.people.models import Person
from server.recompute.services import work_off
from server.recompute.why import Why
from server.sightings.decision_models import Decision
from server.sightings.decisions import decision_undo, sighting_decide
from server.sightings.unknown_groups import group_assign, group_undo, groups_update
from tests.factories import NOON, a_member, an_account
from tests.server.attendance.lecture import MINUTE, Lecture
from tests.server.sightings.second_looks import enrolled, face, passed
from tests.server.sightings.unknown import group_of

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=9)


def told(lecture: Lecture, person: Person) -> tuple[str, list[str]]:
    """The state of a record, and why it became so."""
    record = AttendanceRecord.objects.get(session=lecture.session, person=person, gone_at__isnull=True)
    return record.state, RecordChange.objects.filter(subject=Subject.SESSION, person=person).latest("id").why


def test_assigning_a_group_of_strangers_makes_the_absent_present_and_undo_makes_them_absent_again() -> None:
    lecture, by = Lecture(), an_account()
    first, later = (passed(lecture.node, face(1), at=NOON + minutes * MINUTE) for minutes in (0, 5))
    lecture.send(lecture.covers())
    groups_update(now=LATER)
    assert told(lecture, lecture.ada)[0] == "absent"
    group = group_of(first)
    group_assign(group=group, person=lecture.ada, by=by, now=LATER)
    work_off()
    assert told(lecture, lecture.ada) == ("present", [Why.DECISION])
    record = AttendanceRecord.objects.get(session=lecture.session, person=lecture.ada)
    assert (record.first_in, len(record.evidence)) == (NOON, 2)
    assert OpenDayRecord.objects.get(person=lecture.ada, gone_at__isnull=True).sightings == 2
    assert told(lecture, lecture.grace)[0] == "absent"
    group_undo(group=group, by=by, now=LATER)
    work_off()
    assert told(lecture, lecture.ada) == ("absent", [Why.DECISION])
    assert not OpenDayRecord.objects.filter(person=lecture.ada, gone_at__isnull=True).exists()
    assert later.door == lecture.door


def test_a_wrong_match_given_to_the_right_person_moves_the_attendance_with_it() -> None:
    lecture, by = Lecture(), an_account()
    wrong = a_member(lecture.group, enrolled(2))
    sighting = passed(lecture.node, face(1), person=wrong, at=NOON)
    lecture.send(lecture.covers())
    assert lecture.states()[wrong] == "present"
    decision = sighting_decide(sighting=sighting, decision=Decision.ASSIGN, person=lecture.ada, by=by, now=LATER)
    work_off()
    assert (told(lecture, wrong), told(lecture, lecture.ada)) == (("absent", [Why.DECISION]), ("present", [Why.DECISION]))
    rejected = sighting_decide(sighting=sighting, decision=Decision.REJECT, by=by, now=LATER)
    work_off()
    assert set(lecture.states().values()) == {"absent"}
    for taken_back in (rejected, decision):
        decision_undo(decision=taken_back, by=by, now=LATER)
    work_off()
    assert (lecture.states()[wrong], lecture.states()[lecture.ada]) == ("present", "absent")
