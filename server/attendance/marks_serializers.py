from rest_framework import serializers

from server.attendance.correction_models import SAID, ManualMark, ManualPass
from server.attendance.corrections_guards import is_expected
from server.attendance.marks import Said
from server.attendance.rules.facts import State, Way
from server.attendance.serializers import SessionBrief
from server.sightings.serializers import DoorBrief, PersonBrief

MOST_AT_ONCE = 2000


class SaidSerializer(serializers.Serializer[Said]):
    """How somebody was. Times only for who was present; without them, what was seen stands."""

    state = serializers.ChoiceField(choices=SAID)
    arrived_at = serializers.DateTimeField(allow_null=True, default=None)
    left_at = serializers.DateTimeField(allow_null=True, default=None)
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)


class PersonSaidSerializer(SaidSerializer):
    person = serializers.UUIDField()


class MarkSaidSerializer(PersonSaidSerializer):
    session = serializers.UUIDField()


class SessionMarksSerializer(serializers.Serializer[object]):
    """Everybody named is marked, or nobody."""

    marks = serializers.ListField(child=PersonSaidSerializer(), min_length=1, max_length=MOST_AT_ONCE)


class MarkSerializer(serializers.ModelSerializer[ManualMark]):
    """A mark by hand. The newest that was not undone counts. `batch`: of a whole session marked at once."""

    id = serializers.UUIDField(source="uuid")
    person = PersonBrief()
    made_by = serializers.CharField(source="made_by.username", allow_null=True, default=None)
    undone_by = serializers.CharField(source="undone_by.username", allow_null=True, default=None)
    session = SessionBrief()

    class Meta:
        model = ManualMark
        fields = (
            "id", "person", "session", "state", "arrived_at", "left_at", "note", "batch", "made_by", "made_at", "undone_by", "undone_at",
        )  # fmt: skip


class MadeMarkSerializer(MarkSerializer):
    """`guest`: the session does not expect this person, so the mark makes no record of attendance."""

    guest = serializers.SerializerMethodField()

    class Meta(MarkSerializer.Meta):
        fields = (*MarkSerializer.Meta.fields, "guest")  # type: ignore[assignment]

    def get_guest(self, row: ManualMark) -> bool:
        return not is_expected(person=row.person, session=row.session)


class PassRequestSerializer(serializers.Serializer[object]):
    person = serializers.UUIDField()
    door = serializers.UUIDField()
    at = serializers.DateTimeField()
    way = serializers.ChoiceField(choices=[Way.IN.value, Way.OUT.value])
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)


class PassSerializer(serializers.ModelSerializer[ManualPass]):
    """A pass entered by hand; it counts like a sighting until it is undone."""

    id = serializers.UUIDField(source="uuid")
    person = PersonBrief()
    door = DoorBrief()
    made_by = serializers.CharField(source="made_by.username", allow_null=True, default=None)
    undone_by = serializers.CharField(source="undone_by.username", allow_null=True, default=None)

    class Meta:
        model = ManualPass
        fields = ("id", "person", "door", "at", "way", "note", "made_by", "made_at", "undone_by", "undone_at")


def said_of(given: dict[str, object]) -> Said:
    """What a body says, once it was found valid."""
    values = {name: given[name] for name in ("arrived_at", "left_at", "note")}
    return Said(State(str(given["state"])), **values)  # type: ignore[arg-type]  # validated
