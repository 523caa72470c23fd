from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from server.audit.models import AuditEntry
from server.core.errors import Conflict, Rejected
from server.people.models import Group
from server.recompute.models import Mark
from server.schedules.clashes import clash_in_words
from server.schedules.models import Schedule, Session
from server.schedules.services import schedule_delete, schedule_end, schedule_save, sessions_extend, sessions_make
from server.schedules.sessions import session_cancel, session_restore, session_update
from server.sites.models import Site
from tests.factories import a_door, a_group, a_session, a_site, an_account

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
PARIS = "Europe/Paris"


@pytest.fixture
def site() -> Site:
    return a_site(time_zone=PARIS)


@pytest.fixture
def group() -> Group:
    return a_group("Navy")


def values(site: Site, group: Group, **changes: object) -> dict[str, Any]:
    return {
        "name": "Maths", "kind": "lecture", "site": site, "group": group, "weekdays": [0, 3], "begins": time(9), "ends": time(10, 30),
        "valid_from": MONDAY, **changes,
    }  # fmt: skip


def made(site: Site, group: Group, **changes: object) -> Schedule:
    return schedule_save(schedule=Schedule(), values=values(site, group, **changes), by=None, now=NOW)


def change(schedule: Schedule, *, from_day: date | None = None, now: datetime = NOW, **changes: object) -> Schedule:
    return schedule_save(schedule=schedule, values=changes, by=None, now=now, from_day=from_day)


def days(schedule: Schedule, *, cancelled: bool = False) -> list[date]:
    return list(schedule.sessions.filter(cancelled_at__isnull=not cancelled).order_by("local_date").values_list("local_date", flat=True))


def marked() -> set[str]:
    return set(Mark.objects.filter(kind="session").values_list("key", flat=True))


def forget_marks() -> None:
    Mark.objects.all().delete()


def test_a_schedule_makes_its_sessions_from_its_first_day_until_sixty_days_ahead(site: Site, group: Group) -> None:
    door, account = a_door(site), an_account()
    schedule = schedule_save(
        schedule=Schedule(), values=values(site, group, doors=[door], terms={"before_s": 600, "after_s": 60}), by=account, now=NOW
    )
    all_days = days(schedule)
    assert (all_days[0], all_days[-1], len(all_days)) == (MONDAY, date(2027, 1, 14), 22)
    first = schedule.sessions.order_by("local_date")[0]
    assert (first.begins_at, first.ends_at) == (datetime(2026, 11, 2, 8, tzinfo=UTC), datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    assert first.begins_at - first.window_begins_at == timedelta(minutes=10)
    assert first.window_ends_at - first.ends_at == timedelta(minutes=1)
    assert list(first.doors.all()) == [door]
    assert first.terms["late_grace_s"] == 300
    assert marked() == {str(key) for key in schedule.sessions.values_list("pk", flat=True)}
    assert set(Mark.objects.values_list("why", flat=True)) == {"schedule"}
    entry = AuditEntry.objects.get(action="schedule.made")
    assert (entry.actor_name, entry.target, entry.before) == (account.username, schedule.uuid, None)
    assert (entry.after or {})["doors"] == [str(door)]


def test_making_the_sessions_again_adds_none_and_keeps_their_ids(site: Site, group: Group) -> None:
    schedule = made(site, group)
    before = list(schedule.sessions.values_list("uuid", "local_date"))
    assert sessions_make(schedule=schedule, until=date(2027, 1, 10)) == 0
    assert sessions_make(schedule=schedule, until=date(2027, 1, 31)) == 4
    assert sessions_make(schedule=schedule, until=date(2027, 1, 31)) == 0
    assert set(before) < set(schedule.sessions.values_list("uuid", "local_date"))


def test_the_daily_job_lets_every_schedule_reach_further_but_not_those_that_have_ended(site: Site, group: Group) -> None:
    schedule, other = made(site, group), made(site, a_group())
    schedule_end(schedule=other, by=None, now=NOW)
    until = len(days(other))
    assert sessions_extend(now=NOW + timedelta(days=7)) == 2
    assert sessions_extend(now=NOW + timedelta(days=7)) == 0
    assert days(schedule)[-1] == date(2027, 1, 21)
    assert len(days(other)) == until


def test_a_session_the_job_cannot_place_is_made_cancelled_and_can_be_restored(site: Site, group: Group) -> None:
    schedule = made(site, group)
    there = a_session(site, group, begins_at=datetime(2027, 1, 21, 9, tzinfo=UTC), name="Exam")
    assert sessions_extend(now=NOW + timedelta(days=7)) == 2
    unplaced = schedule.sessions.get(local_date=date(2027, 1, 21))
    assert (unplaced.cancelled_at is None, unplaced.detached) == (False, True)
    with pytest.raises(Conflict, match="Exam"):
        session_restore(session=unplaced, by=None, now=NOW)
    session_cancel(session=there, by=None, now=NOW)
    assert session_restore(session=unplaced, by=None, now=NOW).cancelled_at is None


def test_an_edit_holds_from_today_and_never_rewrites_what_has_been(site: Site, group: Group) -> None:
    schedule = made(site, group)
    past = list(schedule.sessions.filter(local_date__lt=date(2026, 11, 18)).values_list("uuid", "begins_at", "version"))
    ids = dict(schedule.sessions.values_list("local_date", "uuid"))
    forget_marks()
    changed = change(schedule, begins=time(11), ends=time(12), weekdays=[0, 2])
    assert list(schedule.sessions.filter(local_date__lt=date(2026, 11, 18)).values_list("uuid", "begins_at", "version")) == past
    after = [day for day in days(schedule) if day >= date(2026, 11, 18)]
    assert after[:3] == [date(2026, 11, 18), date(2026, 11, 23), date(2026, 11, 25)]
    monday = schedule.sessions.get(local_date=date(2026, 11, 23))
    assert (monday.uuid, monday.begins_at.hour, monday.version) == (ids[date(2026, 11, 23)], 10, 2)
    assert all(day.weekday() == 3 for day in days(schedule, cancelled=True))
    assert changed.version == 2
    moved = schedule.sessions.filter(local_date__gte=date(2026, 11, 18)).values_list("pk", flat=True)
    assert marked() == {str(key) for key in moved}


def test_an_edit_that_says_so_changes_the_past_too_and_one_for_later_leaves_what_is_nearer(site: Site, group: Group) -> None:
    schedule = made(site, group)
    change(schedule, begins=time(8), from_day=date(2026, 11, 9))
    begins = dict(schedule.sessions.values_list("local_date", "begins_at"))
    assert [begins[day].hour for day in (MONDAY, date(2026, 11, 5), date(2026, 11, 9), date(2026, 11, 23))] == [8, 8, 7, 7]
    change(schedule, weekdays=[1], from_day=date(2027, 3, 1))
    later = [day for day in days(schedule) if day >= date(2027, 2, 20)]
    assert later == [date(2027, 2, 22), date(2027, 2, 25)]
    sessions_extend(now=datetime(2027, 1, 10, tzinfo=UTC))
    assert [day for day in days(schedule) if day >= date(2027, 2, 25)] == [date(2027, 2, 25), date(2027, 3, 2), date(2027, 3, 9)]


def test_a_day_that_comes_back_has_its_session_back(site: Site, group: Group) -> None:
    schedule = made(site, group)
    thursday = schedule.sessions.get(local_date=date(2026, 11, 26))
    change(schedule, weekdays=[0])
    change(schedule, weekdays=[0, 3])
    again = schedule.sessions.get(local_date=date(2026, 11, 26))
    assert (again.uuid, again.cancelled_at, again.version) == (thursday.uuid, None, 3)


def test_what_was_changed_or_cancelled_by_hand_an_edit_leaves_alone(site: Site, group: Group) -> None:
    schedule = made(site, group)
    moved, cancelled = schedule.sessions.filter(local_date__gte=date(2026, 11, 23)).order_by("local_date")[:2]
    to = datetime(2026, 11, 23, 15, tzinfo=UTC)
    session_update(session=moved, changes={"begins_at": to, "ends_at": to + timedelta(hours=1)}, by=None, now=NOW)
    session_cancel(session=cancelled, by=None, now=NOW)
    change(schedule, begins=time(8), name="Physics")
    moved.refresh_from_db()
    cancelled.refresh_from_db()
    assert (moved.begins_at, moved.name) == (to, "Maths")
    assert (cancelled.cancelled_at, cancelled.begins_at.hour) == (NOW, 8)
    assert schedule.sessions.get(local_date=date(2026, 11, 30)).name == "Physics"


def test_an_edit_of_doors_terms_site_and_group_reaches_the_sessions(site: Site, group: Group) -> None:
    door = a_door(site)
    schedule = made(site, group, doors=[door])
    session = schedule.sessions.get(local_date=date(2026, 11, 30))
    Session.objects.filter(pk=session.pk).update(covered_at=NOW)
    change(schedule, doors=[a_door(site), door])
    session.refresh_from_db()
    assert (session.doors.count(), session.covered_at) == (2, None)
    change(schedule, terms={"late_grace_s": None})
    session.refresh_from_db()
    assert (session.terms["late_grace_s"], session.terms["before_s"]) == (None, 1800)
    other, tokyo = a_group(), a_site(time_zone="Asia/Tokyo")
    with pytest.raises(Rejected, match="another site"):
        change(schedule, site=tokyo, group=other)
    change(schedule, site=tokyo, group=other, doors=[])
    session.refresh_from_db()
    assert (session.site, session.group, session.begins_at.hour, session.doors.count()) == (tokyo, other, 0, 0)
    assert schedule.sessions.get(local_date=MONDAY).group == group


def test_an_edit_that_changes_nothing_touches_no_session(site: Site, group: Group) -> None:
    schedule = made(site, group)
    forget_marks()
    change(schedule, begins=time(9))
    assert not marked()
    assert set(schedule.sessions.values_list("version", flat=True)) == {1}


def test_sessions_may_move_over_where_their_own_neighbours_were(site: Site, group: Group) -> None:
    schedule = made(site, group, weekdays=list(range(7)), begins=time(0), ends=time(0))
    change(schedule, begins=time(12), ends=time(12))
    assert schedule.sessions.get(local_date=date(2026, 11, 20)).begins_at.hour == 11


def test_two_schedules_of_one_group_never_overlap_and_the_refusal_names_the_other(site: Site, group: Group) -> None:
    made(site, group)
    with pytest.raises(Conflict) as refused:
        made(site, group, name="Physics", begins=time(10), ends=time(12), weekdays=[3, 4])
    assert str(refused.value) == (
        "Navy is already expected on Thursday 5 November 2026 from 09:00 until 10:30 (Maths); "
        "cancel or move that session before Physics is put there."
    )
    assert Schedule.objects.count() == 1
    beside = made(site, group, name="Physics", begins=time(10, 30), ends=time(12))
    made(site, a_group(), begins=time(9), ends=time(12))
    before = list(beside.sessions.order_by("pk").values_list("begins_at", "cancelled_at", "version"))
    with pytest.raises(Conflict, match="Maths"):
        change(beside, begins=time(10))
    beside.refresh_from_db()
    assert (beside.begins, beside.version) == (time(10, 30), 1)
    assert list(beside.sessions.order_by("pk").values_list("begins_at", "cancelled_at", "version")) == before


def test_what_somebody_else_put_there_in_this_moment_the_database_refuses(site: Site, group: Group) -> None:
    made(site, group)
    at = datetime(2026, 11, 19, 9, tzinfo=UTC)
    with pytest.raises(Conflict, match="just now"), clash_in_words():
        a_session(site, group, begins_at=at)
    assert a_session(site, group, begins_at=at, cancelled_at=NOW).pk
    with pytest.raises(IntegrityError, match="session_in_order"), clash_in_words():
        a_session(site, group, minutes=-1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "  "}, "Give the schedule a name"),
        ({"weekdays": []}, "at least one day"),
        ({"weekdays": [7]}, "0 for Monday"),
        ({"every_weeks": 0}, "every other week"),
        ({"every_weeks": 53}, "at most 52"),
        ({"valid_until": date(2026, 11, 1)}, "swap them"),
        ({"valid_from": date(1999, 1, 1)}, "Use a day from 2000-01-01"),
        ({"valid_from": date(2020, 1, 1)}, "1830 days back"),
        ({"breaks": [(time(8), time(9, 30))]}, "from 08:00 until 09:30 lies outside"),
        ({"breaks": [(time(9, 15), time(9, 30)), (time(9, 20), time(9, 40))]}, "over another break"),
        ({"breaks": [("noon", "one")]}, "such as 12:30"),
        ({"breaks": ["12:30"]}, "two times"),
        ({"terms": {"before_s": 21_600, "grace": 1}}, "Some terms"),
        ({"begins": time(0), "ends": time(0), "terms": {"after_s": 21_600}, "weekdays": [0]}, None),
    ],
)
def test_values_that_are_wrong_are_refused_and_nothing_is_left_behind(
    site: Site, group: Group, changes: dict[str, object], said: str | None
) -> None:
    if said is None:
        assert made(site, group, **changes).pk
        return
    with pytest.raises(Rejected, match=said):
        made(site, group, **changes)
    assert not Schedule.objects.exists()
    assert not Mark.objects.exists()


def test_a_session_that_reaches_past_the_next_day_with_its_margins_is_refused(group: Group) -> None:
    early = a_site(day_cut=time(0))
    with pytest.raises(Rejected, match="past the next local day"):
        made(early, group, begins=time(23), ends=time(23), terms={"after_s": 3601})
    assert made(early, group, begins=time(23), ends=time(23), terms={"after_s": 3600}).pk


def test_a_schedule_that_ends_cancels_what_has_not_begun_and_keeps_the_rest(site: Site, group: Group) -> None:
    schedule = made(site, group, weekdays=list(range(7)))
    forget_marks()
    during = datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    ended = schedule_end(schedule=schedule, by=None, now=during)
    assert ended.ended_at == during
    assert days(schedule)[-1] == date(2026, 11, 18)
    assert len(marked()) == len(days(schedule, cancelled=True)) > 50
    with pytest.raises(Conflict, match="make a new schedule"):
        change(ended, name="x")
    with pytest.raises(Conflict, match="has ended"):
        schedule_end(schedule=ended, by=None, now=during)


def test_only_a_schedule_that_has_not_begun_is_deleted(site: Site, group: Group) -> None:
    begun = made(site, group)
    with pytest.raises(Conflict, match="end it instead"):
        schedule_delete(schedule=begun, by=None, now=NOW)
    coming = made(site, a_group(), valid_from=date(2026, 12, 1))
    schedule_delete(schedule=coming, by=None, now=NOW)
    assert list(Schedule.objects.all()) == [begun]
    assert AuditEntry.objects.filter(action="schedule.deleted", target=coming.uuid).count() == 1


def test_holidays_make_sessions_too(site: Site, group: Group) -> None:
    site.holidays.create(name="Armistice", first_day=date(2026, 11, 5), last_day=date(2026, 11, 5))
    assert date(2026, 11, 5) in days(made(site, group))
