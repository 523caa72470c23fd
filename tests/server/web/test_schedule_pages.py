"""The pages of schedules and sessions, without a browser: who opens them, what they keep, and what they say."""

from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from server.core.permissions import Role
from server.schedules.models import Holiday, Schedule, Session
from tests.factories import NOON, a_door, a_group, a_schedule, a_session, a_site, an_account
from tests.server.web.planned import TODAY, School, signed, text, typed

pytestmark = pytest.mark.django_db
OFFERED = "New timetable"


@pytest.fixture(autouse=True)
def _noon(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)


@pytest.mark.parametrize("role", list(Role))
def test_who_sees_the_schedules_and_who_plans(role: Role) -> None:
    school = School()
    mine, foreign = school.schedule(), school.schedule(school.other, name="Indigo")
    session = a_session(school.site, school.own, begins_at=NOON + timedelta(days=3), name="Guest lecture")
    account = {Role.MANAGER: school.teacher, Role.SELF: school.ann.account}.get(role) or an_account(role)
    client, plans = signed(account), role in {Role.ADMIN, Role.OPERATOR, Role.MANAGER}
    page, one = text(client.get("/schedules/")), text(client.get(f"/schedules/{mine.uuid}/"))
    reaches = role not in {Role.MANAGER, Role.SELF}
    assert ("Algebra" in page, "Indigo" in page, "Guest lecture" in page) == (True, reaches, True)
    assert (OFFERED in page, ">Change<" in one, "Cancel<" in one, "End this schedule" in one) == (plans, plans, plans, plans)
    foreign_session = foreign.sessions.first()
    assert foreign_session is not None
    refused = {403, 404}
    assert (client.get(f"/schedules/{foreign.uuid}/").status_code == 200) == reaches
    for path in (f"{foreign.uuid}/change/", f"{foreign.uuid}/end/", f"sessions/{foreign_session.uuid}/cancel/"):
        assert (client.post(f"/schedules/{path}", {"version": "0"}).status_code in refused) != (plans and reaches), path
    for path in ("new/", "lecture/", f"{mine.uuid}/change/", f"sessions/{session.uuid}/change/"):
        assert client.get(f"/schedules/{path}").status_code == (200 if plans else 403), path
    assert 'href="/schedules/"' in page
    assert text(client.get("/holidays/")).count("Enter a holiday") == (role in {Role.ADMIN, Role.OPERATOR})
    assert text(client.get("/leave/")).count("Enter leave") == plans


def test_strangers_sign_in_first() -> None:
    for path in ("/schedules/", "/schedules/new/", "/holidays/", "/leave/"):
        assert Client().get(path)["Location"].startswith("/sign-in/"), path


def test_empty_pages_say_what_to_do_next() -> None:
    client = signed(an_account())
    assert "Add a site with its doors first" in text(client.get("/schedules/"))
    site = a_site()
    assert "Have a group made with its members" in text(client.get("/schedules/"))
    a_group()
    page = text(client.get("/schedules/"))
    assert "There is no timetable yet. <a" in page
    assert "No holiday is to come. Enter one below" in text(client.get("/holidays/"))
    assert "Nobody is on leave now or later. Enter it below" in text(client.get("/leave/"))
    assert f"{site.name} has no door yet" in text(client.get("/schedules/new/"))


def test_a_timetable_is_made_with_its_terms_and_shown_in_words() -> None:
    school = School()
    answer = signed(school.teacher).post("/schedules/new/", typed(school.site, school.own, doors=[school.front.uuid]), follow=True)
    page = text(answer)
    made = Schedule.objects.get()
    assert answer.redirect_chain == [(f"/schedules/{made.uuid}/", 302)]
    assert (made.weekdays, made.begins, made.breaks, list(made.doors.all())) == (
        [0, 2],
        time(9),
        [["12:00:00", "12:30:00"]],
        [school.front],
    )
    known = made.terms
    assert {name: known[name] for name in ("before_s", "after_s", "late_grace_s", "wait_s", "mode", "exits_expected", "overtime")} == {
        "before_s": 900, "after_s": 2700, "late_grace_s": 150, "wait_s": 43_200, "mode": "pairs", "exits_expected": True,
        "overtime": False,
    }  # fmt: skip
    assert (known["early_grace_s"], known["half_day_below_s"], known["off_on_holidays"]) == (None, None, False)
    for words in ("Mon, Wed", "09:00–17:00", "Late: comes more than 2.5 minutes after the beginning.", "Left early: switched off."):
        assert words in page, words
    assert made.sessions.count() == 17
    assert "Wed 20 Nov 2024" in page
    assert "goes on" in page


def test_a_weekly_list_names_the_next_session_and_narrows() -> None:
    school = School()
    row = school.schedule(weekdays=[0, 1, 2, 4])
    school.schedule(school.other, name="Indigo", valid_until=TODAY + timedelta(days=7))
    a_schedule(school.site, school.other, name="Long ago", valid_until=TODAY - timedelta(days=9))
    client = signed(an_account())
    page = text(client.get("/schedules/"))
    assert "Mon–Wed, Fri" in page
    assert "Fri 22 Nov 09:00" in page
    assert "Long ago" not in page
    row.sessions.filter(local_date=TODAY + timedelta(days=2)).update(cancelled_at=NOON)
    assert "Mon 25 Nov 09:00" in text(client.get("/schedules/"))
    narrowed = text(client.get(f"/schedules/?group={school.other.uuid}&site={school.site.uuid}"))
    assert ("Algebra" in narrowed, "Indigo" in narrowed) == (False, True)
    assert "Long ago" in text(client.get("/schedules/?over=1"))
    assert "There is no schedule like that" in text(client.get(f"/schedules/?site={a_site().uuid}"))
    for query in ("?site=x&group=%00", f"?site={uuid4()}", "?page=x", "?page=99999"):
        assert client.get(f"/schedules/{query}").status_code == 200, query
    assert "Front" in text(client.get(f"/schedules/doors/?site={school.site.uuid}"))
    assert "Choose a site" in text(client.get("/schedules/doors/?site=x"))


def test_a_conflict_names_the_other_session_and_keeps_what_was_typed() -> None:
    school = School()
    school.schedule()
    client = signed(school.teacher)
    late = {"begins": "16:30", "ends": "18:00", "breaks-0-begins": "17:00", "breaks-0-ends": "17:15"}
    sent = typed(school.site, school.own, doors=[school.back.uuid], **late)
    answer = client.post("/schedules/new/", sent)
    page = text(answer)
    assert answer.status_code == 409
    assert "Weavers is already expected on Wednesday 20 November 2024 from 09:00 until 17:00 (Algebra)" in page
    for kept in ('value="Drawing"', 'value="16:30"', 'value="17:15"', 'value="2.5"', f'value="{school.back.uuid}" checked', 'value="12"'):
        assert kept in page, kept
    assert 'value="0" id="id_weekdays_0" checked' in page.replace('class="" ', "")
    assert Schedule.objects.count() == 1
    lecture = client.post("/schedules/lecture/", sent)
    assert lecture.status_code == 409
    assert "(Algebra)" in text(lecture)
    assert client.post("/schedules/new/", sent | {"weekdays": ["4"]}).status_code == 302
    assert client.post("/schedules/lecture/", sent | {"day": "2024-11-23"}).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Give it a name"), ({"weekdays": []}, "Tick at least one day"), ({"weekdays": ["7"]}, "valid choice"),
        ({"group": "x"}, "is not a valid UUID"), ({"group": str(uuid4())}, "Choose one of these groups"),
        ({"site": str(uuid4())}, "Choose one of these sites"), ({"doors": [str(uuid4())]}, "There is no such door"),
        ({"begins": "9 o'clock"}, "Type a time, for example 08:30"), ({"every_weeks": "0"}, "Type 1 for every week"),
        ({"valid_from": "0001-01-01"}, "Choose a day between"), ({"valid_from": "soon"}, "Type a day, for example"),
        ({"valid_from": "2019-01-01"}, "days back"), ({"valid_until": "2024-11-01"}, "lies before the first one"),
        ({"terms-wait_s": "1e308"}, "Type hours from 0 to 1440"), ({"terms-before_s": "nan"}, "Type minutes from 0 to 360"),
        ({"terms-late_grace_s": ""}, "Type how many minutes, or take the tick away"), ({"terms-mode": "x"}, "valid choice"),
        ({"terms-half_day_below_s_on": "on", "terms-absent_below_s_on": "on", "terms-absent_below_s": "241"}, "minutes of half a day"),
        ({"breaks-0-ends": ""}, "Type from when until when the break is"), ({"breaks-0-ends": "12:00"}, "two times that differ"),
        ({"breaks-0-begins": "08:00"}, "outside of the session or over another break"), ({"breaks-TOTAL_FORMS": "x"}, "missing"),
        ({"begins": "23:00", "ends": "23:00", "breaks-0-begins": "", "breaks-0-ends": "", "terms-after_s": "360"}, "past the next day"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)  # fmt: skip
def test_garbage_is_refused_beside_its_field(wrong: dict[str, object], words: str) -> None:
    school = School()
    answer = signed(an_account(Role.OPERATOR)).post("/schedules/new/", typed(school.site, school.own) | wrong)
    assert answer.status_code in {400, 422}
    assert words in text(answer)
    assert not Schedule.objects.exists()


def test_foreign_groups_and_doors_cannot_be_named() -> None:
    school = School()
    teacher = signed(school.teacher)
    for page in ("new", "lecture"):
        answer = teacher.post(f"/schedules/{page}/", typed(school.site, school.other))
        assert (answer.status_code, "Choose one of these groups" in text(answer), "Dyers" in text(answer)) == (400, True, False)
    own = school.schedule(weekdays=[5])
    moved = teacher.post(f"/schedules/{own.uuid}/change/", typed(school.site, school.other) | {"version": own.version})
    assert moved.status_code == 400
    elsewhere = a_door(a_site(name="Annex"), name="Gate")
    answer = teacher.post("/schedules/new/", typed(school.site, school.own, doors=[elsewhere.uuid]))
    assert (answer.status_code, "Gate is a door of another site; use doors of Main." in text(answer)) == (422, True)
    assert not Session.objects.exclude(schedule=own).exists()


def test_a_change_holds_from_a_day_on_and_a_stale_one_changes_nothing() -> None:
    school = School()
    row = school.schedule()
    client, url = signed(school.teacher), f"/schedules/{row.uuid}/change/"
    page = text(client.get(url))
    for shown in (
        'value="Algebra"',
        'value="09:00:00"',
        'name="version" value="1"',
        f'value="{school.front.uuid}" checked',
        'value="2024-11-20"',
    ):
        assert shown in page, shown
    day = TODAY + timedelta(days=7)
    sent = typed(school.site, school.own, name="Algebra II", weekdays=["2", "3"], begins="10:00", from_day=str(day), version="1")
    assert client.post(url, sent, follow=True).redirect_chain == [(f"/schedules/{row.uuid}/", 302)]
    assert {session.name for session in row.sessions.filter(local_date__lt=day)} == {"Algebra"}
    assert {session.name for session in row.sessions.filter(local_date__gte=day)} == {"Algebra II"}
    for version in ("1", "", "x"):
        answer = client.post(url, sent | {"name": "Overwritten", "version": version})
        assert (answer.status_code, "Somebody changed this since you opened it" in text(answer)) == (412, True)
        assert 'value="Overwritten"' in text(answer)
    row.refresh_from_db()
    assert (row.name, row.version) == ("Algebra II", 2)
    far = client.post(url, sent | {"version": "2", "from_day": "2031-01-01"})
    assert (far.status_code, "use a day that is nearer" in text(far)) == (422, True)


def test_a_schedule_of_one_day_is_changed_without_being_asked_for_its_weekday() -> None:
    school = School()
    row = school.schedule(weekdays=[], valid_until=TODAY)
    client, url = signed(school.teacher), f"/schedules/{row.uuid}/change/"
    shown = client.get(url).context["form"]["weekdays"].value()
    assert shown == [TODAY.weekday()]
    sent = typed(school.site, school.own, weekdays=shown, valid_until=str(TODAY), version="1", begins="10:00")
    assert client.post(url, sent).status_code == 302
    assert [session.begins_at.hour for session in row.sessions.all()] == [9]  # UTC


def test_a_schedule_is_ended_once_and_stays() -> None:
    school = School()
    row = school.schedule()
    client, url = signed(school.teacher), f"/schedules/{row.uuid}/end/"
    assert "Somebody changed this" in text(client.post(url, {"version": "7"}, follow=True))
    assert "Algebra has ended" in text(client.post(url, {"version": "1"}, follow=True))
    assert row.sessions.filter(begins_at__gt=NOON, cancelled_at__isnull=True).count() == 0
    assert row.sessions.filter(begins_at__lte=NOON, cancelled_at__isnull=True).count() == 1
    assert "has ended and stays as it is" in text(client.post(url, {"version": "2"}, follow=True))
    answer = client.post(f"/schedules/{row.uuid}/change/", typed(school.site, school.own, version="2"))
    assert (answer.status_code, "make a new schedule" in text(answer)) == (409, True)


def test_a_session_is_cancelled_and_restored_unless_another_took_its_place() -> None:
    school = School()
    row = school.schedule()
    client, session = signed(school.teacher), row.sessions.get(local_date=TODAY + timedelta(days=1))
    url, holiday = (
        f"/schedules/sessions/{session.uuid}/",
        Holiday.objects.create(name="Rest", first_day=TODAY, last_day=TODAY + timedelta(days=9)),
    )
    assert text(client.get(f"/schedules/{row.uuid}/")).count(f"holiday: {holiday.name}") == 4
    page = text(client.post(f"{url}cancel/", {"version": "1"}, follow=True))
    assert "Algebra on 21 November 2024 is cancelled. It can be restored." in page
    assert page.count("Restore<") == 1
    assert "Somebody changed this" in text(client.post(f"{url}restore/", {"version": "1"}, follow=True))
    a_session(school.site, school.own, begins_at=session.begins_at, name="Exam")
    assert "(Exam)" in text(client.post(f"{url}restore/", {"version": "2"}, follow=True))
    Session.objects.filter(name="Exam").delete()
    assert "takes place after all" in text(client.post(f"{url}restore/", {"version": "2"}, follow=True))
    session.refresh_from_db()
    assert (session.cancelled_at, session.version) == (None, 3)


def test_a_single_lecture_is_made_over_midnight_moved_and_cancelled() -> None:
    school = School()
    client = signed(school.teacher)
    sent = typed(school.site, school.own, name="Night watch", begins="22:00", ends="02:00", day="2024-11-22")
    sent |= {"breaks-0-begins": "00:00", "breaks-0-ends": "00:30"}
    page = text(client.post("/schedules/lecture/", sent, follow=True))
    made = Session.objects.get()
    assert (made.local_date, made.begins_at.hour, made.ends_at - made.begins_at) == (date(2024, 11, 22), 21, timedelta(hours=4))
    assert made.breaks == [["2024-11-22T23:00:00+00:00", "2024-11-22T23:30:00+00:00"]]
    assert '22:00–02:00 <span class="hint">the next day' in page
    url = f"/schedules/sessions/{made.uuid}/change/"
    shown = text(client.get(url))
    for kept in ('value="22:00:00"', 'value="00:30:00"', 'value="2.5"', 'value="2024-11-22"'):
        assert kept in shown, kept
    assert client.post(url, sent | {"version": "1", "day": "2024-11-23"}).status_code == 302
    made.refresh_from_db()
    assert (made.local_date, made.version) == (date(2024, 11, 23), 2)
    stale = client.post(url, sent | {"version": "1"})
    assert (stale.status_code, "Somebody changed this" in text(stale)) == (412, True)
    assert client.post("/schedules/lecture/", sent | {"day": "9999-12-31"}).status_code == 400
    jumped = client.post(
        "/schedules/lecture/", sent | {"day": "2025-03-30", "begins": "02:10", "ends": "02:50", "breaks-0-begins": "", "breaks-0-ends": ""}
    )
    assert (jumped.status_code, "The clock jumps over this time" in text(jumped)) == (400, True)
    planned = school.schedule(weekdays=[6]).sessions.first()
    assert planned is not None
    sunday = typed(school.site, school.own, day="2024-11-25", version="1")
    kept_day = client.post(f"/schedules/sessions/{planned.uuid}/change/", sunday)
    assert (kept_day.status_code, "stays on its day" in text(kept_day)) == (422, True)
