"""What the API says about attendance. Ids are public UUIDs; durations are whole seconds, null where they are not known or not judged."""

from typing import TypeVar

from rest_framework import serializers

from server.attendance.models import AttendanceRecord, Derivation, OpenDayRecord, VisitRow
from server.schedules.models import Area, Session
from server.schedules.serializers import GroupBrief, SiteBrief
from server.sightings.serializers import PersonBrief

_R = TypeVar("_R", bound=Derivation)
GONE = "nothing like it is derived any more; told only with `since`"


class AreaBrief(serializers.ModelSerializer[Area]):
    id = serializers.UUIDField(source="uuid")
    site = SiteBrief()

    class Meta:
        model = Area
        fields = ("id", "name", "site")


class SessionBrief(serializers.ModelSerializer[Session]):
    """What a record belongs to."""

    id = serializers.UUIDField(source="uuid")
    group = GroupBrief()
    site = SiteBrief()

    class Meta:
        model = Session
        fields = ("id", "name", "kind", "group", "site", "begins_at", "ends_at")


class _Derived(serializers.ModelSerializer[_R]):
    id = serializers.UUIDField(source="uuid")
    date = serializers.DateField(source="local_date", help_text="the local day of the site")
    problems = serializers.ListField(child=serializers.CharField(), help_text="what staff should look at")
    gone = serializers.SerializerMethodField(help_text=GONE)

    def get_gone(self, row: _R) -> bool:
        return row.gone_at is not None


class OpenDaySerializer(_Derived[OpenDayRecord]):
    """A person's open day at a site."""

    person = PersonBrief()
    site = SiteBrief()

    class Meta:
        model = OpenDayRecord
        fields = (
            "id", "person", "site", "date", "first_seen", "last_seen", "sightings", "worked_s", "problems", "version", "changed_at", "gone"
        )  # fmt: skip


class AttendanceSerializer(_Derived[AttendanceRecord]):
    """A person at a session. Undecided, it tells only what was seen; `uncertain`: a blind door may have seen them earlier, or later."""

    person = PersonBrief()
    session = SessionBrief()

    class Meta:
        model = AttendanceRecord
        fields: tuple[str, ...] = (
            "id", "person", "session", "date", "state", "decided", "late_by_s", "late_uncertain", "left_early_by_s", "early_uncertain",
            "half_day", "worked_s", "first_in", "last_out", "method", "excuse", "note", "problems", "version", "changed_at", "gone",
        )  # fmt: skip


class VisitSerializer(_Derived[VisitRow]):
    """An entry and its exit. `open`: no exit was seen; `exit_only`: no entry; `auto_closed`: a rule says when it ended, nobody saw it."""

    person = PersonBrief()
    area = AreaBrief()

    class Meta:
        model = VisitRow
        fields = (
            "id", "person", "area", "date", "state", "entered_at", "left_at", "duration_s", "problems", "version", "changed_at", "gone"
        )  # fmt: skip
