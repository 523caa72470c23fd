from rest_framework import serializers

from server.nodes.models import Mount, Node
from server.sites.models import Door


class NodeSerializer(serializers.ModelSerializer[Node]):
    """A node and the last it said about itself."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    state = serializers.CharField(read_only=True)

    class Meta:
        model = Node
        fields = (
            "id", "name", "hostname", "state", "created_at", "revoked_at", "frozen_at", "last_heartbeat_at", "version", "model_id",
            "gallery_revision", "settings_revision", "queue_depth", "parked", "crops_waiting", "oldest_boot_age_ms",
            "last_frame_age_ms", "free_bytes", "camera", "funnel",
        )  # fmt: skip
        read_only_fields = tuple(name for name in fields if name != "name")


class MountSerializer(serializers.ModelSerializer[Mount]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    node = serializers.SlugRelatedField(slug_field="uuid", queryset=Node.objects.all())
    door = serializers.SlugRelatedField(slug_field="uuid", queryset=Door.objects.all())

    class Meta:
        model = Mount
        fields = ("id", "node", "door", "valid_from", "valid_until")


class ClaimInput(serializers.Serializer[object]):
    door = serializers.SlugRelatedField(slug_field="uuid", queryset=Door.objects.all())
    name = serializers.CharField(max_length=120)


class ClaimOutput(serializers.Serializer[object]):
    token = serializers.CharField(help_text="shown once")
    expires_at = serializers.DateTimeField()
    command = serializers.CharField(help_text="what to type on the node")


class SettingsInput(serializers.Serializer[object]):
    """Any of the node's settings."""

    interval_ms = serializers.IntegerField(required=False)
    strangers_named_one_in = serializers.IntegerField(required=False)
    strangers_unsure_one_in = serializers.IntegerField(required=False)
    pad = serializers.ChoiceField(choices=["off", "review"], required=False)
    min_agreeing_frames = serializers.IntegerField(required=False)
    cooldown_ms = serializers.IntegerField(required=False)
    pass_timeout_ms = serializers.IntegerField(required=False)
    min_face_px = serializers.IntegerField(required=False)
    keep_crops = serializers.BooleanField(required=False)
    heartbeat_ms = serializers.IntegerField(required=False)
    observation_ms = serializers.IntegerField(required=False)


class SettingsOutput(SettingsInput):
    revision = serializers.IntegerField()
