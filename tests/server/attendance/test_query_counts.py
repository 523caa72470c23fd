"""However many rows there are, a request asks the database as often: every list and page with three of everything, then with thirty."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.models import AttendanceRecord
from tests.factories import NOON, FakeNode, a_door, a_group, a_member, a_person, a_schedule, a_session, a_site
from tests.factories_attendance import a_record, a_visit, an_area, an_open_day
from tests.server.attendance.questions import Question, questions, reports

pytestmark = pytest.mark.django_db
FEW, MANY = 3, 30
EVERYTHING = {
    "api/v1/attendance",
    "api/v1/open-days",
    "api/v1/visits",
    "api/v1/presence",
    "api/v1/sightings",
    "api/v1/sessions",
    "people/",
    "",
}


class School:
    """One site; everything else comes in numbers."""

    def __init__(self) -> None:
        self.site, self.group = a_site(), a_group()
        self.door = a_door(self.site)
        self.node = FakeNode.hung(self.door)
        self.area = an_area(self.site, self.door)
        self.session = a_session(self.site, self.group)
        self.size = 0

    def grow_to(self, size: int) -> None:
        passes = []
        for number in range(self.size, size):
            person = a_member(self.group, a_person())
            earlier = NOON - timedelta(days=1 + number)
            passes += [self.node.sighting(at=NOON + timedelta(seconds=number), person=one) for one in (person, None)]
            a_record(person, self.session)
            a_record(person, a_session(self.site, self.group, begins_at=earlier))
            an_open_day(person, self.site, at=NOON - timedelta(hours=1))
            a_visit(person, self.area, at=NOON - timedelta(hours=1))
            FakeNode.hung(a_door(self.site))
            an_area(self.site, self.door)
            a_schedule(self.site, a_group())
        self.node.send(*passes)
        self.size = size

    def questions(self) -> list[Question]:
        record = AttendanceRecord.objects.filter(session=self.session).order_by("pk")[0]
        ids = {"site": self.site.uuid, "group": self.group.uuid, "door": self.door.uuid}
        about_everybody = [one for one in reports(day=NOON.date(), ids=ids) if "/person?" not in one]
        asked = questions(
            {
                "people/": record.person.uuid,
                "attendance/": record.uuid,
                "sessions/": self.session.uuid,
                "groups/": self.group.uuid,
                "sites/": self.site.uuid,
                "areas/": self.area.uuid,
                "nodes/": self.node.node.uuid,
            }
        )
        return [*asked, *(Question(address, asked[0].client) for address in about_everybody)]


def queries_of(question: Question) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert question.ask() < 500, question.address
    return len(queries)


def test_a_request_asks_the_database_as_often_for_thirty_rows_as_for_three(time_machine: Any) -> None:
    time_machine.move_to(NOON + timedelta(hours=1), tick=False)
    school = School()
    school.grow_to(FEW)
    asked = school.questions()
    for question in asked:
        question.ask()  # what is kept in memory is not asked for again
    few = {question.address: queries_of(question) for question in asked}
    school.grow_to(MANY)
    many = {question.address: queries_of(question) for question in asked}
    grown = {address: (few[address], count) for address, count in many.items() if count > few[address]}
    assert not grown, f"queries with {FEW} and with {MANY} rows: {grown}"
    assert few.keys() >= EVERYTHING


def test_the_count_finds_a_question_for_every_row() -> None:
    """The control."""
    people = [a_person() for _ in range(FEW)]

    class OneByOne:
        def get(self, address: str) -> Any:
            for person in people:
                person.refresh_from_db()
            return type("Answer", (), {"getvalue": bytes, "status_code": 200})()

    question = Question("", OneByOne())  # type: ignore[arg-type]
    few = queries_of(question)
    people.extend(a_person() for _ in range(FEW, MANY))
    assert queries_of(question) - few == MANY - FEW
