"""What corrections do, through their services."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.corrections import (
    comment_add,
    correction_make,
    correction_request,
    correction_undo,
    correction_withdraw,
    corrections_decide,
)
from server.attendance.corrections_guards import record_of
from server.attendance.corrections_preview import computed_for
from server.attendance.corrections_values import Changes, diff_of, published_for, values_of
from server.attendance.marks import Said, mark_make, mark_undo
from server.attendance.passes import pass_add, pass_undo
from server.attendance.publishing import person_days_publish
from server.attendance.rules.facts import State, Way
from server.attendance.seals import seal_make
from server.audit.models import AuditEntry
from server.core.errors import Conflict, Forbidden, LintelError, Rejected
from server.core.permissions import Role
from server.people.models import Person
from server.recompute.models import Mark
from tests.factories import NOON, FakeNode, a_door, an_account
from tests.server.attendance.said import LATER, Class, marked, person_day

pytestmark = pytest.mark.django_db
HERE = Changes(state=State.PRESENT, first_in=NOON)


def asked(school: Class, person: Person | None = None, by: User | None = None, changes: Changes = HERE) -> Correction:
    found = person or school.kim
    account = by or school.kims_account
    return correction_request(person=found, session=school.session, changes=changes, reason="I was there", by=account, now=LATER)


def approved(row: Correction, by: User) -> Correction:
    return corrections_decide(corrections=[row], verdict=CorrectionState.APPROVED, reason="", by=by, now=LATER)[0]


def test_a_request_changes_nothing_until_somebody_else_approves_it_and_is_undone_again() -> None:
    school = Class()
    record = school.record(school.kim)
    row = asked(school)
    assert (row.before["state"], Mark.objects.count()) == ("absent", 0)
    approved(row, school.teacher)
    row.refresh_from_db()
    assert (row.state, row.approval, row.decided_by, row.version) == ("approved", 1, school.teacher, 2)
    assert marked() == {person_day(school, school.kim, "correction")}
    record.refresh_from_db()
    assert record.state == "absent"  # it is derived anew, never edited
    Mark.objects.all().delete()
    correction_undo(correction=row, reason="the wrong Kim", by=school.teacher, now=LATER)
    row.refresh_from_db()
    assert (row.state, row.comments.get().text) == ("undone", "Undone: the wrong Kim")
    assert marked() == {person_day(school, school.kim, "correction")}
    told = list(AuditEntry.objects.order_by("id").values_list("action", "reason", "person", "before__state", "after__state"))
    assert told == [
        ("correction.requested", "I was there", school.kim.uuid, "absent", "present"),
        ("correction.approved", "", school.kim.uuid, "absent", "present"),
        ("correction.undone", "the wrong Kim", school.kim.uuid, "absent", None),
    ]


def test_approvals_are_numbered_in_the_order_in_which_they_were_given() -> None:
    school = Class()
    first, second = asked(school), asked(school, school.lee)
    assert [approved(second, school.teacher).approval, approved(first, school.teacher).approval] == [1, 2]


def test_the_diff_shows_each_field_and_whether_the_record_has_changed_since() -> None:
    school = Class()
    record = school.record(school.kim)
    row = asked(school)
    diff = diff_of(row, published=published_for([row])[row.session_id, row.person_id])
    assert [(field.name, field.before, field.now, field.after) for field in diff.fields] == [
        ("state", "absent", "absent", "present"),
        ("first_in", None, None, NOON.isoformat()),
    ]
    assert not diff.stale
    record.state, record.late_by_s = "present", 600
    record.save()
    diff = diff_of(row, published=record)
    assert diff.stale
    assert {field.name: field.stale for field in diff.fields} == {"state": True, "first_in": False, "late_by_s": True}


def test_the_preview_says_what_the_rules_make_of_a_wish_and_what_is_published_then_is_the_same() -> None:
    school = Class()
    assert school.kim.memberships.exists()
    publish(school)
    row = asked(school, changes=Changes(first_in=NOON + timedelta(minutes=12), last_out=NOON + timedelta(minutes=72)))
    foreseen = computed_for(row)
    assert foreseen is not None
    assert (foreseen["state"], foreseen["late_by_s"], foreseen["worked_s"], foreseen["method"]) == ("present", 720, 3600, "manual")
    approved(row, school.teacher)
    publish(school)
    assert values_of(record_of(person=school.kim, session=school.session)) == foreseen
    row.refresh_from_db()
    assert computed_for(row) is None
    correction_undo(correction=row, reason="x", by=school.teacher, now=LATER)
    publish(school)
    assert values_of(record_of(person=school.kim, session=school.session)) == row.before


def publish(school: Class) -> None:
    person_days_publish(site=school.site, days=[school.session.local_date], people=None, why=frozenset(), now=LATER)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (Changes(), "no_change"),
        (Changes(state=State.PENDING), "no_such_state"),
        (Changes(state=State.ABSENT, first_in=NOON), "times_of_nobody"),
        (Changes(first_in=LATER + timedelta(hours=1)), "in_the_future"),
        (Changes(last_out=NOON - timedelta(days=2)), "far_away"),
        (Changes(first_in=NOON, last_out=NOON - timedelta(minutes=1)), "wrong_order"),
        (Changes(last_out=NOON - timedelta(minutes=20)), "wrong_order"),  # before the published first_in
    ],
)
def test_a_wish_that_cannot_be_is_refused(changes: Changes, code: str) -> None:
    school = Class()
    school.record(school.kim, state="present", first_in=NOON - timedelta(minutes=5))
    with pytest.raises(Rejected) as refusal:
        asked(school, changes=changes)
    assert (refusal.value.code, Correction.objects.count(), AuditEntry.objects.count()) == (code, 0, 0)


def test_a_request_needs_a_reason_a_record_a_session_that_was_and_no_other_open_request() -> None:
    school = Class()
    with pytest.raises(Rejected, match="Say why"):
        correction_request(person=school.kim, session=school.session, changes=HERE, reason=" ", by=school.kims_account, now=LATER)
    with pytest.raises(Conflict, match="not expected"):
        asked(school, school.zoe)
    with pytest.raises(Conflict, match="has not begun"):
        correction_request(
            person=school.kim, session=school.session, changes=HERE, reason="x", by=school.kims_account, now=NOON - timedelta(days=1)
        )
    asked(school)
    with pytest.raises(Conflict, match="waits for a decision already"):
        asked(school)
    school.session.cancelled_at = LATER
    school.session.save()
    with pytest.raises(Conflict, match="was cancelled"):
        asked(school, school.lee)


def test_nobody_decides_about_themselves_or_approves_their_own_request_but_an_administrator() -> None:
    school = Class()
    row = asked(school, school.lee, by=school.teacher)
    with pytest.raises(Forbidden, match="made this request yourself"):
        approved(row, school.teacher)
    school.lee.account = an_account(Role.OPERATOR)
    school.lee.save()
    with pytest.raises(Forbidden, match="your own attendance"):
        approved(row, school.lee.account)
    with pytest.raises(Forbidden, match="your own attendance"):
        correction_make(person=school.lee, session=school.session, changes=HERE, reason="x", by=school.lee.account, now=LATER)
    admin = an_account(Role.ADMIN)
    mine = asked(school, school.kim, by=admin)
    assert approved(mine, admin).state == "approved"
    assert approved(row, an_account(Role.OPERATOR)).state == "approved"


def test_staff_correct_somebody_elses_record_at_once() -> None:
    school = Class()
    row = correction_make(person=school.kim, session=school.session, changes=HERE, reason="seen", by=school.teacher, now=LATER)
    assert (row.state, row.approval, row.requested_by, row.decided_by) == ("approved", 1, school.teacher, school.teacher)
    assert marked() == {person_day(school, school.kim, "correction")}
    assert AuditEntry.objects.get().action == "correction.made"


def test_many_are_decided_together_or_not_at_all_and_each_obstacle_is_told() -> None:
    school = Class()
    first, second = asked(school), asked(school, school.lee)
    correction_withdraw(correction=first, by=school.kims_account, now=LATER)
    with pytest.raises(Conflict) as refusal:
        corrections_decide(corrections=[first, second], verdict=CorrectionState.REJECTED, reason="no", by=school.teacher, now=LATER)
    assert refusal.value.errors == {str(first.uuid): ["This request is withdrawn already; look at it again."]}
    second.refresh_from_db()
    assert second.state == "requested"
    corrections_decide(corrections=[second], verdict=CorrectionState.REJECTED, reason="no", by=school.teacher, now=LATER)
    second.refresh_from_db()
    assert (second.state, second.decision_reason, Mark.objects.count()) == ("rejected", "no", 0)


def test_what_is_decided_stays_decided() -> None:
    school = Class()
    row = approved(asked(school), school.teacher)
    with pytest.raises(Conflict, match="approved already"):
        approved(row, school.teacher)
    with pytest.raises(Conflict, match="approved already"):
        correction_withdraw(correction=row, by=school.kims_account, now=LATER)
    correction_undo(correction=row, reason="x", by=school.teacher, now=LATER)
    with pytest.raises(Conflict, match="nothing to undo"):
        correction_undo(correction=row, reason="x", by=school.teacher, now=LATER)
    with pytest.raises(Forbidden, match="Only who requested"):
        correction_withdraw(correction=asked(school), by=school.teacher, now=LATER)
    with pytest.raises(Rejected, match="Say why"):
        corrections_decide(corrections=[row], verdict=CorrectionState.REJECTED, reason=" ", by=school.teacher, now=LATER)


def test_a_sealed_day_takes_no_correction_and_gives_none_back() -> None:
    school = Class()
    waiting, laid = asked(school), approved(asked(school, school.lee), school.teacher)
    day, admin = school.session.local_date, an_account()
    seal_make(site=school.site, first_day=day, last_day=day, note="", by=admin, now=LATER, unsettled_too=True)
    sealed = pytest.raises(Conflict, match="lift the seal first")
    with sealed:
        approved(waiting, school.teacher)
    with sealed:
        correction_undo(correction=laid, reason="x", by=school.teacher, now=LATER)
    with sealed:
        correction_make(person=school.lee, session=school.session, changes=HERE, reason="x", by=admin, now=LATER)
    corrections_decide(corrections=[waiting], verdict=CorrectionState.REJECTED, reason="too late", by=school.teacher, now=LATER)


def test_sightings_are_never_edited_whatever_is_said() -> None:
    school = Class()
    door = a_door(school.site)
    node = FakeNode.hung(door)
    node.send(node.sighting(at=NOON, person=school.kim))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        row = approved(asked(school), school.teacher)
        comment_add(correction=row, text="thanks", by=school.kims_account, now=LATER)
        correction_undo(correction=row, reason="x", by=school.teacher, now=LATER)
        mark_undo(
            row=mark_make(person=school.kim, session=school.session, said=Said(State.ABSENT), by=school.teacher, now=LATER),
            by=school.teacher,
            now=LATER,
        )
        pass_undo(
            row=pass_add(person=school.kim, door=door, at=NOON, way=Way.OUT, note="", by=school.teacher, now=LATER),
            by=school.teacher,
            now=LATER,
        )
    writes = [query["sql"] for query in queries if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert len(writes) > 10
    assert [sql for sql in writes if "sightings_" in sql or "attendance_attendancerecord" in sql] == []


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_give_one_approval() -> None:
    school = Class()
    row, together, outcomes = asked(school), Barrier(2), []
    accounts = [school.teacher, an_account()]

    def approve(by: User) -> None:
        together.wait()
        try:
            outcomes.append(approved(row, by).state)
        except LintelError as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [Thread(target=approve, args=(by,)) for by in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "decided_already"]
    row.refresh_from_db()
    assert (row.approval, row.version, AuditEntry.objects.filter(action="correction.approved").count()) == (1, 2, 1)
