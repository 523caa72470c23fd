from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.facts_of import day_facts_of
from server.attendance.rules.facts import (
    AreaFact,
    Belonging,
    CorrectionFact,
    Covered,
    DayFacts,
    HolidayFact,
    Interval,
    LeaveFact,
    MarkFact,
    Method,
    Pass,
    Serving,
    SessionFact,
    State,
    Way,
)
from server.schedules.models import Holiday, Leave, OpenDayRule
from server.schedules.terms import AreaTerms, ForgottenExit, OpenDayTerms, Terms
from server.sightings.models import Sighting
from server.sites.models import Direction
from tests.factories import NOON, FakeNode, a_door, a_member, a_person, a_session, a_site
from tests.factories_attendance import an_area
from tests.server.attendance.lecture import DAY, HOUR, MINUTE, Lecture, looked

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)


@pytest.fixture
def lecture() -> Lecture:
    return Lecture()


def facts(lecture: Lecture, day: date = DAY) -> DayFacts:
    (found,) = day_facts_of(site=lecture.site, days=[day], people=[lecture.ada.pk])
    return found


def with_a_break(lecture: Lecture) -> SessionFact:
    """The session as a fact, with its break and without a grace for being late."""
    session = lecture.session
    return SessionFact(
        key=session.pk,
        group=lecture.group.pk,
        local_date=DAY,
        begins_at=session.begins_at,
        ends_at=session.ends_at,
        terms=Terms(late_grace_s=None),
        serving=frozenset({Serving(lecture.door.pk, Way.IN, session.window_begins_at, session.window_ends_at)}),
        breaks=frozenset({Interval(NOON + 30 * MINUTE, NOON + 45 * MINUTE)}),
    )


def test_the_rows_of_a_day_are_its_facts(lecture: Lecture) -> None:
    site, session, ada = lecture.site, lecture.session, lecture.ada
    session.breaks = [["2024-11-20T12:30:00+00:00", "2024-11-20T12:45:00+00:00"]]
    session.terms = {"late_grace_s": None}
    session.save()
    area = an_area(site, lecture.door, min_gap_s=10)
    OpenDayRule.objects.create(site=site, terms={"forgotten_exit": "nothing"})
    leave = Leave.objects.create(person=ada, reason="x", first_day=DAY, last_day=DAY, from_time=time(8), until_time=time(9))
    holiday = Holiday.objects.create(site=None, name="x", first_day=DAY - ONE_DAY, last_day=DAY - ONE_DAY)
    marked = ada.manual_marks.create(session=session, state="present", arrived_at=NOON, note="seen", made_at=NOON)
    told = ada.manual_passes.create(door=lecture.door, at=NOON + HOUR, way="out", made_at=NOON)
    Correction.objects.create(
        person=ada, session=session, to_note="", reason="x", state=CorrectionState.APPROVED, approval=7, requested_at=NOON
    )
    lecture.node.send(lecture.seen(ada, NOON + MINUTE), lecture.covers())
    seen = Sighting.objects.get()
    assert facts(lecture) == DayFacts(
        person=ada.pk,
        site=site.pk,
        local_date=DAY,
        zone="UTC",
        day_cut=time(4),
        belongings=frozenset({Belonging(lecture.group.pk, date(2020, 1, 1), None)}),
        passes=frozenset(
            {
                Pass(NOON + MINUTE, str(seen.uuid), lecture.door.pk, Way.IN, Method.FACE, seen.earliest_at),
                Pass(NOON + HOUR, f"manual:{told.uuid}", lecture.door.pk, Way.OUT, Method.MANUAL),
            }
        ),
        sessions=frozenset({with_a_break(lecture)}),
        leave=frozenset({LeaveFact(leave.pk, DAY, DAY, time(8), time(9))}),
        holidays=frozenset({HolidayFact(holiday.pk, DAY - ONE_DAY, DAY - ONE_DAY)}),
        marks=frozenset({MarkFact(marked.pk, session.pk, State.PRESENT, NOON, None, "seen")}),
        corrections=frozenset({CorrectionFact(7, session.pk, note="")}),
        covered=facts(lecture).covered,
        areas=frozenset({AreaFact(area.pk, frozenset({lecture.door.pk}), AreaTerms(min_gap_s=10))}),
        open_day=OpenDayTerms(forgotten_exit=ForgottenExit.NOTHING),
    )
    (cover,) = facts(lecture).covered
    assert (cover.door, cover.begins_at) == (lecture.door.pk, session.window_begins_at)
    assert isinstance(cover, Covered)
    assert session.ends_at - MINUTE < cover.ends_at <= session.ends_at


def test_what_was_undone_cancelled_or_is_of_somebody_or_somewhere_else_is_no_fact(lecture: Lecture) -> None:
    before, ada = facts(lecture), lecture.ada
    elsewhere = FakeNode.hung(a_door(a_site()))
    elsewhere.send(elsewhere.sighting(person=ada))
    lecture.node.send(lecture.seen(lecture.grace), lecture.node.sighting())
    a_session(lecture.site, lecture.group, begins_at=NOON + 3 * HOUR, cancelled_at=NOON)
    a_session(lecture.site, begins_at=NOON)
    a_session(lecture.site, lecture.group, begins_at=NOON + 2 * ONE_DAY)
    ada.manual_marks.create(session=lecture.session, state="absent", made_at=NOON, undone_at=NOON)
    ada.manual_passes.create(door=lecture.door, at=NOON, way="in", made_at=NOON, undone_at=NOON)
    Leave.objects.create(person=ada, reason="x", first_day=DAY, last_day=DAY, cancelled_at=NOON)
    Leave.objects.create(person=lecture.grace, reason="x", first_day=DAY, last_day=DAY)
    Holiday.objects.create(site=elsewhere.node.mounts.get().door.site, name="x", first_day=DAY, last_day=DAY)
    Correction.objects.create(person=ada, session=lecture.session, to_state="absent", reason="x", requested_at=NOON)
    assert facts(lecture) == before


def test_passes_and_sessions_reach_from_the_day_before_until_the_day_after(lecture: Lecture) -> None:
    cut = datetime(2024, 11, 19, 4, tzinfo=UTC)
    times = [cut - MINUTE, cut, cut + 3 * ONE_DAY - MINUTE, cut + 3 * ONE_DAY]
    lecture.node.send(*(lecture.seen(lecture.ada, at) for at in times))
    near = {a_session(lecture.site, lecture.group, begins_at=NOON + days * ONE_DAY).pk for days in (-1, 1)}
    found = facts(lecture)
    assert {told.at for told in found.passes} == set(times[1:3])
    assert {session.key for session in found.sessions} == near | {lecture.session.pk}


def test_the_doors_of_a_session_are_those_chosen_or_all_with_a_camera_while_they_are_in_use(lecture: Lecture) -> None:
    bare = a_door(lecture.site)
    late = a_door(lecture.site, direction=Direction.OUT, used_from=NOON + 10 * MINUTE, used_until=NOON + 20 * MINUTE)
    removed, mounted_after = a_door(lecture.site), a_door(lecture.site)
    FakeNode.hung(late)
    FakeNode.hung(mounted_after).node.mounts.update(valid_from=NOON + 3 * HOUR)
    FakeNode.hung(removed).node.mounts.update(valid_until=NOON - HOUR)
    window = lecture.session.window_begins_at, lecture.session.window_ends_at
    (session,) = facts(lecture).sessions
    assert session.serving == {
        Serving(lecture.door.pk, Way.IN, *window),
        Serving(late.pk, Way.OUT, NOON + 10 * MINUTE, NOON + 20 * MINUTE),
    }
    lecture.session.doors.set([bare])
    (session,) = facts(lecture).sessions
    assert session.serving == {Serving(bare.pk, Way.BOTH, *window)}


def test_a_wait_that_was_over_before_the_session_was_moved_is_not_over_any_more(lecture: Lecture) -> None:
    lecture.session.given_up_at = lecture.session.ends_at + timedelta(days=1)
    lecture.session.save()
    assert {session.given_up for session in facts(lecture).sessions} == {True}
    lecture.session.ends_at += timedelta(seconds=1)
    lecture.session.save()
    assert {session.given_up for session in facts(lecture).sessions} == {False}


def test_somebody_who_was_merged_has_no_facts_and_gives_the_passes_on(lecture: Lecture) -> None:
    twin = a_person(merged_into=a_person(merged_into=lecture.ada))
    lecture.node.send(lecture.seen(lecture.grace))
    Sighting.objects.update(counts_for=twin)
    assert len(facts(lecture).passes) == 1
    assert day_facts_of(site=lecture.site, days=[DAY], people=[twin.pk]) == []


def test_the_number_of_queries_does_not_rise_with_people_days_and_sessions(lecture: Lecture) -> None:
    lecture.node.send(lecture.seen(lecture.ada), lecture.covers())
    with CaptureQueriesContext(connection) as few:
        facts(lecture)
    people = [lecture.ada.pk, lecture.grace.pk, *(a_member(lecture.group).pk for _ in range(8))]
    for days in range(1, 4):
        a_session(lecture.site, lecture.group, begins_at=NOON + days * ONE_DAY)
    doors = [FakeNode.hung(a_door(lecture.site)) for _ in range(3)]
    for node in doors:
        node.send(looked(node, NOON - HOUR, NOON + HOUR))
        an_area(lecture.site, node.node.mounts.get().door)
    with CaptureQueriesContext(connection) as many:
        assert len(day_facts_of(site=lecture.site, days=[DAY + days * ONE_DAY for days in range(5)], people=people)) == 50
    assert len(many) == len(few) + 1  # the doors of the areas
    assert len(many) < 25
