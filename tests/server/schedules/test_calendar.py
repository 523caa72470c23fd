from datetime import date, time
from typing import Any

import pytest

from server.audit.models import AuditEntry
from server.core.errors import Conflict, Rejected
from server.people.models import Person
from server.recompute.models import Mark
from server.schedules.areas import area_delete, area_save, open_day_rule_save, open_day_terms
from server.schedules.holidays import holiday_delete, holiday_save
from server.schedules.leave import leave_cancel, leave_save
from server.schedules.models import Area, Holiday, Leave
from server.schedules.selectors import expected_people, session_terms
from server.schedules.terms import Mode, Terms
from server.sites.models import Site
from tests.factories import NOON, a_door, a_group, a_member, a_person, a_session, a_site

pytestmark = pytest.mark.django_db
DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)


def marks() -> list[tuple[str, str, str]]:
    """What is marked since the last time, sorted."""
    found = sorted(Mark.objects.values_list("kind", "key", "why"))
    Mark.objects.all().delete()
    return found


def holiday(holiday: Holiday | None = None, **values: object) -> Holiday:
    usual = {} if holiday else {"site": None, "name": "New Year", "first_day": DAY, "last_day": DAY}
    return holiday_save(holiday=holiday or Holiday(), values={**usual, **values}, by=None, now=NOON)


def leave(person: Person | Leave, **values: Any) -> Leave:
    usual = {"reason": "sick", "first_day": DAY, "last_day": DAY} if isinstance(person, Person) else {}
    row = Leave(person=person) if isinstance(person, Person) else person
    return leave_save(leave=row, values={**usual, **values}, by=None, now=NOON)


def area(at: Site, row: Area | None = None, **values: object) -> Area:
    usual = {} if row else {"site": at, "name": "Server room", "doors": []}
    return area_save(area=row or Area(), values={**usual, **values}, by=None, now=NOON)


def test_a_holiday_marks_the_days_it_had_and_those_it_has() -> None:
    site = a_site()
    row = holiday(site=site)
    assert marks() == [("site_days", f"{site.pk}:{DAY}:{DAY}", "holiday")]
    changed = holiday(row, first_day=NEXT, last_day=NEXT, site=None)
    assert marks() == [("site_days", f"{site.pk}:{DAY}:{DAY}", "holiday"), ("site_days", f":{NEXT}:{NEXT}", "holiday")]
    assert changed.version == 2
    holiday_delete(holiday=changed, by=None, now=NOON)
    assert marks() == [("site_days", f":{NEXT}:{NEXT}", "holiday")]
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "holiday.made",
        "holiday.changed",
        "holiday.deleted",
    ]


def test_a_holiday_is_entered_once_and_has_a_name_and_days_in_order() -> None:
    holiday()
    with pytest.raises(Conflict, match="there already"):
        holiday()
    for wrong, said in (({"name": " "}, "a name"), ({"last_day": date(2026, 1, 1)}, "swap"), ({"last_day": date(2028, 1, 1)}, "366 days")):
        with pytest.raises(Rejected, match=said):
            holiday(**wrong)
    assert Holiday.objects.count() == 1


def test_leave_marks_the_days_of_the_person_it_had_and_has() -> None:
    person = a_person()
    row = leave(person, last_day=NEXT)
    assert marks() == [("person", f"{person.pk}:{DAY}:{NEXT}", "leave")]
    leave(row, first_day=NEXT)
    assert marks() == [("person", f"{person.pk}:{DAY}:{NEXT}", "leave"), ("person", f"{person.pk}:{NEXT}:{NEXT}", "leave")]
    cancelled = leave_cancel(leave=row, by=None, now=NOON)
    assert marks() == [("person", f"{person.pk}:{NEXT}:{NEXT}", "leave")]
    assert leave_cancel(leave=cancelled, by=None, now=NOON).version == cancelled.version
    assert marks() == []
    with pytest.raises(Conflict, match="enter a new one"):
        leave(cancelled, reason="holiday")
    assert set(AuditEntry.objects.values_list("person", flat=True)) == {person.uuid}


def test_leave_of_one_person_does_not_overlap_but_parts_of_a_day_lie_beside_each_other() -> None:
    person = a_person("Ada")
    morning = leave(person, from_time=time(9), until_time=time(12), reason="training")
    leave(person, from_time=time(12), until_time=time(13))
    leave(a_person(), first_day=DAY)
    with pytest.raises(Conflict, match=r"Ada is on leave \(training\) on 2026-11-20 from 09:00 until 12:00 already"):
        leave(person, from_time=time(11), until_time=time(12))
    with pytest.raises(Conflict, match="change or cancel"):
        leave(person, first_day=date(2026, 11, 1), last_day=NEXT)
    leave_cancel(leave=morning, by=None, now=NOON)
    leave(person, from_time=time(11), until_time=time(12))
    leave(person, first_day=NEXT, last_day=NEXT)
    assert person.leave.filter(cancelled_at__isnull=True).count() == 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reason": ""}, "Say why"),
        ({"from_time": time(9)}, "Give both times"),
        ({"from_time": time(9), "until_time": time(9)}, "two leaves"),
        ({"last_day": date(2026, 11, 1)}, "swap"),
        ({"last_day": date(2031, 1, 1)}, "1098 days"),
        ({"first_day": date(1, 1, 1)}, "2000-01-01"),
    ],
)
def test_leave_that_is_wrong_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(Rejected, match=said):
        leave(a_person(), **values)
    assert not Leave.objects.exists()
    assert not Mark.objects.exists()


def test_an_area_marks_its_site_when_its_doors_or_rules_change_but_not_with_its_name() -> None:
    site = a_site()
    door = a_door(site)
    row = area(site, doors=[door])
    assert marks() == [("site_days", f"{site.pk}::", "rule")]
    assert area(site, row, name="Lab").version == 2
    assert marks() == []
    area(site, row, doors=[door, a_door(site)])
    area(site, row, auto_close="after", max_s=3600)
    assert marks() == [("site_days", f"{site.pk}::", "rule")] * 2
    other = a_site()
    with pytest.raises(Rejected, match="another site"):
        area(site, row, site=other)
    area(site, row, site=other, doors=[a_door(other)])
    assert [key for _, key, _ in marks()] == sorted([f"{site.pk}::", f"{other.pk}::"])


def test_an_area_has_its_name_alone_and_goes_only_while_nobody_visited_it() -> None:
    site = a_site()
    row = area(site)
    with pytest.raises(Conflict, match="another name"):
        area(site)
    area(a_site())
    with pytest.raises(Rejected, match="Some terms"):
        area(site, row, max_s=1)
    with pytest.raises(Rejected, match="a name"):
        area(site, row, name=" ")
    visited = area(site, name="Lab")
    visited.visits.create(person=a_person(), local_date=DAY, state="open", at=NOON, known_by="x", changed_at=NOON)
    with pytest.raises(Conflict, match="take its doors away"):
        area_delete(area=visited, by=None, now=NOON)
    area_delete(area=row, by=None, now=NOON)
    assert not Area.objects.filter(pk=row.pk).exists()


def test_open_days_are_counted_as_usual_until_a_site_says_otherwise() -> None:
    site = a_site()
    assert open_day_terms(site)[1] == 0
    open_day_rule_save(site=site, values={"mode": "pairs"}, by=None, now=NOON)
    open_day_rule_save(site=site, values={"min_gap_s": 60}, by=None, now=NOON)
    terms, version = open_day_terms(site)
    assert (terms.mode, terms.min_gap_s, version) == (Mode.PAIRS, 60, 2)
    assert len(marks()) == 2
    open_day_rule_save(site=site, values={"min_gap_s": 60}, by=None, now=NOON)
    assert marks() == []
    with pytest.raises(Rejected):
        open_day_rule_save(site=site, values={"late_grace_s": 60}, by=None, now=NOON)


def test_expected_is_who_belongs_to_the_group_and_is_active_on_the_day_of_the_session() -> None:
    group = a_group()
    session = a_session(group=group)
    day = session.local_date
    inside = [
        a_member(group),
        a_member(group, valid_from=day),
        a_member(group, valid_until=day),
        a_member(group, a_person(active_until=day)),
    ]
    a_member(group, valid_until=date(2024, 11, 19))
    a_member(group, a_person(active_from=date(2024, 11, 21)))
    a_member(group, a_person(merged_into=inside[0]))
    a_member(group, a_person(erased_at=NOON))
    a_member()
    assert set(expected_people(session)) == set(inside)
    assert session_terms(session) == Terms()
