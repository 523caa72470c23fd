from rest_framework import serializers


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
