"""What the API says about schedules and what belongs to them. Ids are public UUIDs; times of sessions are UTC, those of schedules local."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from server.people.models import Group
from server.schedules.models import Area, Holiday, Kind, Leave, OpenDayRule, Schedule, Session
from server.schedules.term_schema import schema_of
from server.schedules.term_values import LIMITS, terms_read, terms_values
from server.schedules.terms import AutoClose, OpenDayTerms, Terms
from server.sightings.serializers import DoorBrief, PersonBrief
from server.sites.models import Site

MOST_DOORS = 500
LONG_TEXT = 2000


class SiteBrief(serializers.ModelSerializer[Site]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Site
        fields = ("id", "name")


class GroupBrief(serializers.ModelSerializer[Group]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Group
        fields = ("id", "name")


@extend_schema_field(schema_of(Terms()))
class TermsField(serializers.JSONField):
    """The terms of sessions: how presence is judged. Those that are not given stay, or are the usual ones."""

    def to_representation(self, value: Any) -> Any:
        return terms_values(terms_read(value, Terms()))


@extend_schema_field(schema_of(OpenDayTerms()))
class OpenDayTermsField(serializers.JSONField):
    """How the hours of open days are counted."""


def local_break() -> serializers.ListField:
    return serializers.ListField(child=serializers.TimeField(), min_length=2, max_length=2)


def doors_field() -> serializers.ListField:
    words = "empty: every door of the site with a camera"
    return serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_DOORS, help_text=words)


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    """A group is expected from `begins` until `ends` (the site's local time) on some days of the week."""

    id = serializers.UUIDField(source="uuid")
    site = SiteBrief()
    group = GroupBrief()
    doors = DoorBrief(many=True)
    breaks = serializers.ListField(child=local_break())
    terms = TermsField()

    class Meta:
        model = Schedule
        fields = (
            "id", "name", "kind", "site", "group", "doors", "weekdays", "every_weeks", "begins", "ends", "breaks", "valid_from",
            "valid_until", "terms", "ended_at", "version", "created_at", "changed_at",
        )  # fmt: skip


class ScheduleValues(serializers.Serializer[Schedule]):
    """An end at or before the beginning is on the next day. Breaks are pairs of local times within the session."""

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=Kind.choices)
    site = serializers.UUIDField()
    group = serializers.UUIDField()
    doors = doors_field()
    weekdays = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, help_text="0 is Monday")
    every_weeks = serializers.IntegerField(min_value=1, max_value=52, required=False, help_text="2: every other week")
    begins = serializers.TimeField()
    ends = serializers.TimeField()
    breaks = serializers.ListField(child=local_break(), required=False, max_length=20)
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True)
    terms = TermsField(required=False)


class ScheduleChanges(ScheduleValues):
    """What is not given stays. Sessions before `from_day` (default: today at the site) are left as they are."""

    from_day = serializers.DateField(required=False)


class SessionSerializer(serializers.ModelSerializer[Session]):
    """An interval in which a group is expected. Passes from `window_begins_at` until `window_ends_at` count for it.

    `detached`: changed by hand, so its schedule leaves it alone. `covered_at`, `given_up_at`: when it was decided, or given up.
    """

    id = serializers.UUIDField(source="uuid")
    schedule = serializers.UUIDField(source="schedule.uuid", default=None, allow_null=True)
    site = SiteBrief()
    group = GroupBrief()
    doors = DoorBrief(many=True)
    date = serializers.DateField(source="local_date", help_text="that of its beginning, at the site")
    breaks = serializers.ListField(child=serializers.ListField(child=serializers.DateTimeField(), min_length=2, max_length=2))
    terms = TermsField()

    class Meta:
        model = Session
        fields = (
            "id", "schedule", "name", "kind", "site", "group", "doors", "date", "begins_at", "ends_at", "breaks", "terms",
            "window_begins_at", "window_ends_at", "cancelled_at", "detached", "covered_at", "given_up_at", "version", "changed_at",
        )  # fmt: skip


class LectureValues(serializers.Serializer[Session]):
    """A session of its own, at most 24 hours long. Breaks are pairs of times within it."""

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    site = serializers.UUIDField()
    group = serializers.UUIDField()
    doors = doors_field()
    begins_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    breaks = serializers.ListField(
        child=serializers.ListField(child=serializers.DateTimeField(), min_length=2, max_length=2), required=False, max_length=20
    )
    terms = TermsField(required=False)


class HolidaySerializer(serializers.ModelSerializer[Holiday]):
    """A site, or every site, rests on these days, both included."""

    id = serializers.UUIDField(source="uuid")
    site = SiteBrief(allow_null=True)

    class Meta:
        model = Holiday
        fields = ("id", "site", "name", "first_day", "last_day", "version")


class HolidayValues(serializers.Serializer[Holiday]):
    site = serializers.UUIDField(required=False, allow_null=True, help_text="null: every site")
    name = serializers.CharField(max_length=200)
    first_day = serializers.DateField()
    last_day = serializers.DateField()


class LeaveSerializer(serializers.ModelSerializer[Leave]):
    """A person is away on these days, both included; with times, only in that part of every day (the site's local time)."""

    id = serializers.UUIDField(source="uuid")
    person = PersonBrief()

    class Meta:
        model = Leave
        fields = (
            "id", "person", "reason", "first_day", "last_day", "from_time", "until_time", "note", "cancelled_at", "version", "created_at"
        )  # fmt: skip


class LeaveChanges(serializers.Serializer[Leave]):
    reason = serializers.CharField(max_length=64, help_text="for example sick, holiday, training")
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    from_time = serializers.TimeField(required=False, allow_null=True)
    until_time = serializers.TimeField(required=False, allow_null=True)
    note = serializers.CharField(max_length=LONG_TEXT, required=False, allow_blank=True)


class LeaveValues(LeaveChanges):
    person = serializers.UUIDField()


class AreaSerializer(serializers.ModelSerializer[Area]):
    """Doors around a room; their passes make visits."""

    id = serializers.UUIDField(source="uuid")
    site = SiteBrief()
    doors = DoorBrief(many=True)

    class Meta:
        model = Area
        fields = ("id", "site", "name", "doors", "min_gap_s", "auto_close", "max_s", "version")


class AreaValues(serializers.Serializer[Area]):
    site = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    doors = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_DOORS)
    min_gap_s = serializers.IntegerField(required=False, min_value=LIMITS["min_gap_s"][0], max_value=LIMITS["min_gap_s"][1])
    auto_close = serializers.ChoiceField(choices=[rule.value for rule in AutoClose], required=False)
    max_s = serializers.IntegerField(required=False, min_value=LIMITS["max_s"][0], max_value=LIMITS["max_s"][1])


class OpenDayRuleSerializer(serializers.Serializer[OpenDayRule]):
    """How the hours of open days are counted at a site. Version 0: nobody has said anything, so it is as usual."""

    terms = OpenDayTermsField()
    version = serializers.IntegerField(read_only=True)
