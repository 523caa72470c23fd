from rest_framework import serializers

from server.people.serializers import SampleSerializer
from shared_schema.face.coverage import Aspect


class RefusalSerializer(serializers.Serializer[object]):
    """A sample that the embedder's pipeline could not use."""

    person = serializers.UUIDField(source="sample.person.uuid")
    sample = serializers.UUIDField(source="sample.uuid")
    code = serializers.CharField()
    reason = serializers.CharField()


class ModelProgressSerializer(serializers.Serializer[object]):
    """One embedder and how many samples it has made of the gallery."""

    model_id = serializers.CharField()
    dimension = serializers.IntegerField()
    in_use = serializers.BooleanField(help_text="this server embeds with it")
    state = serializers.ChoiceField(
        choices=["building", "served", "abandoned"], help_text="building: samples wait; served: nodes get its templates"
    )
    samples = serializers.IntegerField(help_text="of people who agreed")
    embedded = serializers.IntegerField()
    refused = serializers.IntegerField()
    waiting = serializers.IntegerField()
    people = serializers.IntegerField(help_text="who have a template of it")
    nodes = serializers.IntegerField(help_text="that run it, by their last heartbeat")
    started_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(help_text="why embedding stands still; empty when it does not")
    refusals = RefusalSerializer(many=True, help_text="the first hundred")


class GalleryModelsSerializer(serializers.Serializer[object]):
    """Every embedder, the one in use first."""

    models = ModelProgressSerializer(many=True)


class NodeGallerySerializer(serializers.Serializer[object]):
    """A node and the gallery it has."""

    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    gallery_revision = serializers.IntegerField()
    last_heartbeat_at = serializers.DateTimeField(allow_null=True)


class ConfirmationSerializer(serializers.Serializer[object]):
    """Which active nodes have the gallery of `revision` or a later one, and which have not said so yet."""

    revision = serializers.IntegerField()
    complete = serializers.BooleanField()
    confirmed = NodeGallerySerializer(many=True)
    waiting = NodeGallerySerializer(many=True)


class PersonRefSerializer(serializers.Serializer[object]):
    """Somebody by id and name."""

    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()


class CrossRiskSerializer(serializers.Serializer[object]):
    """Somebody whom doors may confuse with this person: the two templates are closer than the bar for a match."""

    person = PersonRefSerializer()
    similarity = serializers.FloatField()


class SampleAddedSerializer(SampleSerializer):
    """The sample, with a warning for everybody the person may be taken for."""

    cross_risks = CrossRiskSerializer(many=True, read_only=True)

    class Meta(SampleSerializer.Meta):
        fields = (*SampleSerializer.Meta.fields, "cross_risks")
        read_only_fields = fields


class SampleAdviceSerializer(serializers.Serializer[object]):
    """`covered` and `missing` say what the samples in use show, `advice` what to do, `not_told` what nobody measured."""

    samples = serializers.IntegerField(help_text="part of the template")
    covered = serializers.ListField(child=serializers.CharField(), help_text=f"of {', '.join(Aspect)}")
    missing = serializers.ListField(child=serializers.CharField())
    advice = serializers.ListField(child=serializers.CharField())
    not_told = serializers.ListField(child=serializers.CharField())
    disagree = serializers.BooleanField(help_text="the only two samples are so unlike that one may be somebody else")
    cross_risks = CrossRiskSerializer(many=True)
