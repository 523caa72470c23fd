"""What is said fast is what the serializers say, to the byte."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from server.attendance.presence import Presence, doors_now, muster, present
from server.attendance.presence_apis import MusterSerializer, PresenceSerializer
from server.attendance.record_serializers import SheetSerializer
from server.attendance.rules.facts import State
from server.attendance.sheets import SHOWN, session_sheet
from server.core.answers import said
from server.core.permissions import Scope
from server.people.selectors import people_visible
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_member, a_person
from tests.factories_attendance import a_record
from tests.server.attendance.lecture import HOUR, Lecture

EVERYBODY: dict[str, Any] = {"user": None, "scope": Scope.ALL}


def same(serializer: Any, value: object) -> Any:
    """What both say."""
    slowly = serializer(value).data
    fast = said(serializer, value)
    assert JSONRenderer().render(fast) == JSONRenderer().render(slowly)
    return fast


@pytest.fixture
def lecture(db: None, time_machine: Any) -> Lecture:
    """Everybody on the sheet is there in another way; one door is known, one silent."""
    time_machine.move_to(NOON + HOUR, tick=False)
    here = Lecture()
    leaving = FakeNode.hung(a_door(here.site, direction="out", name="Südtür"))
    here.node.send(here.covers(until=NOON + HOUR), here.seen(here.ada), here.seen(here.grace, NOON + timedelta(microseconds=1200)))
    leaving.send(leaving.sighting(person=a_person("Zoë", number="7"), at=NOON))
    wild = {"note": "“Café”", "problems": ["no_exit", "entered_twice"], "late_by_s": None, "left_early_by_s": 60, "early_uncertain": True}
    for number, values in enumerate((wild, {"state": State.ABSENT, "worked_s": None, "excuse": "leave", "method": ""}, None)):
        person = a_member(here.group, a_person(f"Person {number}", number=f"P{number}"))
        if values is not None:
            a_record(person, here.session, **values)
    a_record(a_person("Guest"), here.session, decided=False, state=State.PENDING)
    return here


def test_presence_the_muster_list_and_a_sheet_are_said_as_their_serializers_say_them(lecture: Lecture) -> None:
    now = NOON + HOUR
    inside = present(**EVERYBODY, now=now)
    told = same(PresenceSerializer, Presence(now, doors_now([lecture.site], now=now), inside))
    assert [len(told[name]) for name in ("doors", "results")] == [2, 2]
    told = same(MusterSerializer, muster(site=lecture.site, **EVERYBODY, now=now))
    assert {(one["in"], one["uncertain"]) for one in told["people"]} == {(True, True)}
    told = same(SheetSerializer, session_sheet(lecture.session, people=people_visible(**EVERYBODY).only(*SHOWN), now=now))
    assert {row["record"] is None for row in told["rows"]} == {row["expected"] for row in told["rows"]} == {True, False}


def test_saying_it_asks_the_database_nothing(lecture: Lecture) -> None:
    sheet = session_sheet(lecture.session, people=people_visible(**EVERYBODY).only(*SHOWN), now=NOON + HOUR)
    with CaptureQueriesContext(connection) as asked:
        said(SheetSerializer, sheet)
    assert len(asked) == 0


class Part(serializers.Serializer[object]):
    number = serializers.IntegerField(allow_null=True)
    secret = serializers.CharField(write_only=True)


class Whole(serializers.Serializer[object]):
    """A field of every kind that answers have."""

    id = serializers.UUIDField(source="key")
    at = serializers.DateTimeField()
    day = serializers.DateField()
    name = serializers.CharField(source="part.name")
    yes = serializers.BooleanField()
    choice = serializers.ChoiceField(choices=[("a", "A")])
    words = serializers.ListField(child=serializers.CharField())
    share = serializers.FloatField()
    part = Part()
    parts = Part(many=True)
    none = Part(allow_null=True)
    length = serializers.SerializerMethodField()

    def get_length(self, row: Any) -> int:
        return len(row.words)


@pytest.mark.parametrize("at", [LONG_AGO, datetime(2024, 3, 31, 2, 30, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))])
def test_every_kind_of_field_is_said_as_it_is_elsewhere(at: datetime) -> None:
    part = SimpleNamespace(number=3, secret="x", name="Ŧ")
    row = SimpleNamespace(
        key=uuid4(), at=at, day=at.date(), yes=False, choice="a", words=["x", "y"], share=0.25, none=None,
        part=part, parts=[part, SimpleNamespace(number=None, secret="")],
    )  # fmt: skip
    told = same(Whole, row)
    assert (told["parts"], told["none"]) == ([{"number": 3}, {"number": None}], None)
    assert told["at"] == at.astimezone(UTC).isoformat().replace("+00:00", "Z")
