from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from server.sightings.models import SecondLook, SecondLookVerdict
from server.sightings.second_look_selectors import State
from server.sightings.serializers import PersonBrief, SightingSerializer


class VerdictSerializer(serializers.ModelSerializer[SecondLookVerdict]):
    """What staff made of it, and who."""

    id = serializers.UUIDField(source="uuid")
    by = serializers.CharField(source="by.username", allow_null=True, default=None)

    class Meta:
        model = SecondLookVerdict
        fields = ("id", "verdict", "by", "at")


class SecondLookSerializer(serializers.ModelSerializer[SecondLook]):
    """What the server's gallery says about a sighting, beside what the node said. `person` is whom it names, null for nobody.

    The similarities compare with `min_similarity` of the same side; below `unsure_similarity` nobody is near.
    """

    id = serializers.UUIDField(source="uuid")
    sighting = SightingSerializer()
    person = PersonBrief(allow_null=True)
    state = serializers.ChoiceField(choices=State.choices)
    doubts = serializers.ListField(child=serializers.CharField())
    node_min_similarity = serializers.SerializerMethodField(help_text="the bar of the node when it decided")
    verdicts = VerdictSerializer(many=True)

    class Meta:
        model = SecondLook
        fields = (
            "id", "sighting", "made_at", "reason", "difference", "state", "outcome", "person", "similarity", "margin", "doubts",
            "model_id", "gallery_revision", "gallery_size", "settings_revision", "min_similarity", "unsure_similarity", "min_margin",
            "min_agreeing_frames", "node_min_similarity", "verdicts",
        )  # fmt: skip

    @extend_schema_field(serializers.FloatField())
    def get_node_min_similarity(self, look: SecondLook) -> float:
        return look.sighting.evidence.min_similarity
