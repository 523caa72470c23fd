"""What the API says about decisions of staff."""

from rest_framework import serializers

from server.sightings.decision_models import Decision, SightingDecision
from server.sightings.serializers import PersonBrief

MOST_AT_ONCE = 500


class DecisionSerializer(serializers.ModelSerializer[SightingDecision]):
    """A decision about a sighting. The newest one that was not undone stands. `by` null: the server, for a pass of an ignored group."""

    id = serializers.UUIDField(source="uuid")
    person = PersonBrief(allow_null=True)
    by = serializers.CharField(source="by.username", allow_null=True, default=None)
    undone_by = serializers.CharField(source="undone_by.username", allow_null=True, default=None)

    class Meta:
        model = SightingDecision
        fields = ("id", "decision", "person", "note", "batch", "by", "at", "undone_by", "undone_at")


class DecideSerializer(serializers.Serializer[object]):
    """`assign` names the person, enrolled or not; `reject` (it was not who it counts for) and `ignore` (nobody of ours) do not."""

    decision = serializers.ChoiceField(choices=Decision.choices)
    person = serializers.UUIDField(required=False, allow_null=True, default=None)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)


class DecideManySerializer(DecideSerializer):
    """One decision about several sightings: all of them, or none when one is refused."""

    sightings = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)


class DecidedSerializer(serializers.Serializer[object]):
    """How many were decided now, and how many stood like that already. `batch` takes those decided now back."""

    batch = serializers.UUIDField()
    decided = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class BatchSerializer(serializers.Serializer[object]):
    batch = serializers.UUIDField()


class UndoneSerializer(serializers.Serializer[object]):
    """How many decisions were taken back."""

    undone = serializers.IntegerField()
