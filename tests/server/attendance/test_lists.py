import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from server.attendance.models import Derivation
from server.attendance.rules.facts import State
from server.attendance.rules.records import Problem, VisitState
from server.core.permissions import Role
from tests.factories import NOON, a_door, a_group, a_member, a_person, a_session, a_site, an_account, as_role
from tests.factories_attendance import a_record, a_visit, an_area, an_open_day

LISTS = ("/api/v1/attendance", "/api/v1/open-days", "/api/v1/visits")


def ids(url: str, role: Role = Role.ADMIN) -> list[str]:
    answer = as_role(role).get(url)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def same(found: list[str], *rows: Derivation) -> bool:
    return sorted(found) == sorted(str(row.uuid) for row in rows)


@pytest.mark.django_db
def test_a_record_tells_what_it_is_about() -> None:
    session = a_session(a_site(name="Mill"), a_group("Weavers"), name="Warp and weft")
    record = a_record(a_person("Ann"), session, late_by_s=600, late_uncertain=True, problems=[Problem.NO_EXIT])
    found: dict[str, Any] = as_role(Role.VIEWER).get("/api/v1/attendance").json()["results"][0]
    assert found["person"] == {"id": str(record.person.uuid), "name": "Ann"}
    assert (found["session"]["name"], found["session"]["group"]["name"], found["session"]["site"]["name"]) == (
        "Warp and weft",
        "Weavers",
        "Mill",
    )
    assert (found["state"], found["decided"], found["late_by_s"], found["late_uncertain"]) == ("present", True, 600, True)
    assert (found["date"], found["problems"], found["gone"]) == ("2024-11-20", ["no_exit"], False)


@pytest.mark.django_db
def test_attendance_is_filtered_by_everything_it_says() -> None:
    site = a_site()
    own, other = a_door(site), a_door(site)
    session, next_day = a_session(site, doors=[own]), a_session(site, begins_at=NOON + timedelta(days=1))
    late = a_record(session=session, late_by_s=900, late_uncertain=True)
    absent = a_record(session=session, state=State.ABSENT)
    waiting = a_record(session=next_day, decided=False, state=State.PENDING, problems=[Problem.ON_LEAVE])
    elsewhere = a_record()
    wanted: dict[str, tuple[Derivation, ...]] = {
        f"person={late.person.uuid}": (late,),
        f"group={next_day.group.uuid}": (waiting,),
        f"session={session.uuid}": (late, absent),
        f"site={site.uuid}": (late, absent, waiting),
        f"door={own.uuid}": (late, absent, waiting),
        f"door={other.uuid}": (waiting,),
        "date=2024-11-21": (waiting,),
        "from=2024-11-21": (waiting,),
        "to=2024-11-20": (late, absent, elsewhere),
        "state=absent": (absent,),
        "decided=false": (waiting,),
        "late=true": (late,),
        "late=false": (absent, waiting, elsewhere),
        "uncertain=true": (late,),
        "problems=true": (waiting,),
        "problem=on_leave": (waiting,),
        "problem=no_exit": (),
        "method=face": (late, elsewhere),
        "state=present&late=false": (elsewhere,),
    }
    for query, rows in wanted.items():
        assert same(ids(f"/api/v1/attendance?{query}"), *rows), query


@pytest.mark.django_db
def test_visits_are_filtered_and_those_without_an_exit_are_found() -> None:
    area, group = an_area(), a_group()
    whole, open_one = a_visit(area=area), a_visit(a_member(group), area, at=NOON + timedelta(hours=1), minutes=None, problems=["no_exit"])
    elsewhere = a_visit(at=NOON + timedelta(days=1), state=VisitState.AUTO_CLOSED)
    wanted: dict[str, tuple[Derivation, ...]] = {
        "open=true": (open_one,),
        "open=false": (whole, elsewhere),
        f"area={area.uuid}": (whole, open_one),
        f"site={elsewhere.area.site.uuid}": (elsewhere,),
        f"person={whole.person.uuid}": (whole,),
        f"group={group.uuid}": (open_one,),
        "state=auto_closed": (elsewhere,),
        "problem=no_exit": (open_one,),
        "date=2024-11-21": (elsewhere,),
    }
    for query, rows in wanted.items():
        assert same(ids(f"/api/v1/visits?{query}"), *rows), query
    assert ids("/api/v1/visits") == [str(row.uuid) for row in (elsewhere, open_one, whole)]
    assert ids("/api/v1/visits?ordering=at") == [str(row.uuid) for row in (whole, open_one, elsewhere)]


@pytest.mark.django_db
def test_open_days_of_a_group_are_those_of_its_members_of_then() -> None:
    group = a_group()
    was_member = an_open_day(a_member(group, valid_until=NOON.date()))
    an_open_day(a_member(group, valid_until=NOON.date() - timedelta(days=1)))
    assert same(ids(f"/api/v1/open-days?group={group.uuid}"), was_member)


@pytest.mark.django_db
@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize("query", ["date=today", "from=x", "person=1", "state=asleep", "problem=rain", "ordering=name", "since=today",
    "since=2024-01-01", "since=2024-01-01T00:00:00", "since=%00", "since=99999-01-01T00:00:00Z"])  # fmt: skip
def test_garbage_is_refused_in_every_list(url: str, query: str) -> None:
    answer = as_role(Role.ADMIN).get(f"{url}?{query}")
    if "open-days" in url and query.startswith("state"):
        assert answer.status_code == 200  # an open day has no state to ask for
    else:
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.django_db
def test_who_sees_whose_attendance() -> None:
    manager, account = an_account(Role.MANAGER), an_account(Role.SELF)
    group = a_group(managers=[manager])
    member, me, stranger = a_member(group), a_person(account=account), a_person()
    rows = {person: (a_record(person), an_open_day(person), a_visit(person)) for person in (member, me, stranger)}
    client = as_role(None)
    for number, url in enumerate(LISTS):
        client.force_authenticate(None)
        assert client.get(url).status_code == 401
        for user, people in ((manager, [member]), (account, [me]), (an_account(Role.AUDITOR), [member, me, stranger])):
            client.force_authenticate(user)
            assert same([row["id"] for row in client.get(url).json()["results"]], *(rows[person][number] for person in people))
        assert as_role(Role.ADMIN).post(url).status_code in {403, 405}
    client.force_authenticate(manager)
    assert client.get(f"/api/v1/attendance/{rows[member][0].uuid}").status_code == 200
    assert client.get(f"/api/v1/attendance/{rows[stranger][0].uuid}").status_code == 404


@pytest.mark.django_db
def test_every_list_comes_as_csv_on_the_clock_of_the_site() -> None:
    site = a_site(name="Mill", time_zone="Asia/Kolkata")
    person = a_person("=Ann")
    a_record(person, a_session(site, name="Warp"), note="+1")
    a_visit(person, an_area(site))
    an_open_day(person, site)
    for url in LISTS:
        answer = as_role(Role.ADMIN).get(f"{url}?format=csv")
        row = next(csv.DictReader(io.StringIO(answer.content.decode())))
        assert (row["person"], row["site"], row["date"]) == ("'=Ann", "Mill", "2024-11-20"), url
        assert "2024-11-20T17:30:00+05:30" in row.values(), url
