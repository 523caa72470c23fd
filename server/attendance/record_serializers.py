"""What the API says about one record and about a session's sheet."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from server.attendance.evidence import Evidence
from server.attendance.models import AttendanceRecord
from server.attendance.seal_models import RecordChange
from server.attendance.serializers import AttendanceSerializer, SessionBrief
from server.attendance.sheets import DoorKnown, Sheet, SheetRow
from server.people.models import Person
from server.sightings.serializers import DoorBrief


class EvidenceSerializer(serializers.Serializer[Evidence]):
    """A pass. `sighting`: a node saw it; `by_hand`: staff entered it."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    earliest_at = serializers.DateTimeField()
    door = DoorBrief(allow_null=True)
    way = serializers.CharField(help_text="in, out or both; empty where the door is not known any more")
    crop_url = serializers.CharField(allow_null=True)


class RecordSerializer(AttendanceSerializer):
    """A person at a session, with what it rests on."""

    evidence = EvidenceSerializer(many=True, read_only=True, default=())

    class Meta(AttendanceSerializer.Meta):
        fields = (*AttendanceSerializer.Meta.fields, "evidence")


class RecordChangeSerializer(serializers.ModelSerializer[RecordChange]):
    """`before` and `after` are the record's own words; null: there was no such record."""

    why = serializers.ListField(child=serializers.CharField(), help_text="for example sighting, late_evidence, correction, schedule")
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)

    class Meta:
        model = RecordChange
        fields = ("at", "why", "before", "after")


class SheetPerson(serializers.ModelSerializer[Person]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Person
        fields = ("id", "name", "number")


class SheetRecordSerializer(serializers.ModelSerializer[AttendanceRecord]):
    """A record without what the sheet says already."""

    id = serializers.UUIDField(source="uuid")
    problems = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = AttendanceRecord
        fields = tuple(name for name in AttendanceSerializer.Meta.fields if name not in {"person", "session", "date", "gone"})


class SheetRowSerializer(serializers.Serializer[SheetRow]):
    """`expected` false: has a record without being expected, for example after leaving the group. No record: nothing can be said yet."""

    person = SheetPerson()
    expected = serializers.BooleanField()
    state = serializers.CharField()
    record = SheetRecordSerializer(allow_null=True)


class DoorKnownSerializer(serializers.Serializer[DoorKnown]):
    """Whoever passed the door until `known_through` is known; null: nothing is known of it."""

    door = DoorBrief()
    known_through = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(many=False)
class SheetSerializer(serializers.Serializer[Sheet]):
    session = SessionBrief()
    doors = DoorKnownSerializer(many=True)
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="how many are in each state")
    late = serializers.IntegerField()
    rows = SheetRowSerializer(many=True)
