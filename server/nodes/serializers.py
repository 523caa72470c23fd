from rest_framework import serializers

from server.accounts.models import User
from server.nodes.alarms import WHAT_TO_DO
from server.nodes.models import Mount, Node, NodeAlarm
from server.nodes.selectors import wanted_settings
from server.sites.models import Door


class NodeSerializer(serializers.ModelSerializer[Node]):
    """A node and the last it said about itself."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    state = serializers.CharField(read_only=True)
    wanted_settings_revision = serializers.SerializerMethodField(help_text="`settings_revision` is the one in force")
    crops_shed = serializers.IntegerField(source="crops_given_up", read_only=True)
    health = serializers.JSONField(read_only=True, help_text="how its machine was at its last heartbeat")

    class Meta:
        model = Node
        fields = (
            "id", "name", "hostname", "state", "created_at", "revoked_at", "frozen_at", "last_heartbeat_at", "version", "model_id",
            "gallery_revision", "settings_revision", "queue_depth", "parked", "crops_waiting", "oldest_boot_age_ms",
            "last_frame_age_ms", "free_bytes", "camera", "funnel", "health", "epoch", "last_seq", "refused", "crops_shed",
            "settings_refused", "wanted_settings_revision", "token_generation", "held_token_generation", "identify_until",
        )  # fmt: skip
        read_only_fields = tuple(name for name in fields if name != "name")

    def get_wanted_settings_revision(self, node: Node) -> int:
        return wanted_settings(node).revision


class NodeAlarmSerializer(serializers.ModelSerializer[NodeAlarm]):
    """What only a person can put right, and how."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    node = serializers.SlugRelatedField[Node](slug_field="uuid", read_only=True)
    node_name = serializers.CharField(source="node.name", read_only=True)
    what = serializers.CharField(source="get_kind_display", read_only=True)
    what_to_do = serializers.SerializerMethodField()
    resolved_by = serializers.SlugRelatedField[User](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = NodeAlarm
        fields = (
            "id", "node", "node_name", "kind", "what", "what_to_do", "detail", "first_at", "last_at", "count",
            "resolved_at", "resolved_by", "note",
        )  # fmt: skip
        read_only_fields = fields

    def get_what_to_do(self, alarm: NodeAlarm) -> str:
        return WHAT_TO_DO[alarm.kind]


class NoteInput(serializers.Serializer[object]):
    note = serializers.CharField(max_length=500, allow_blank=True, default="", help_text="what was found and done")


class MountSerializer(serializers.ModelSerializer[Mount]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    node = serializers.SlugRelatedField(slug_field="uuid", queryset=Node.objects.all())
    door = serializers.SlugRelatedField(slug_field="uuid", queryset=Door.objects.all())

    class Meta:
        model = Mount
        fields = ("id", "node", "door", "valid_from", "valid_until")


class ClaimInput(serializers.Serializer[object]):
    """Door and name for a new node; or a node that is there already, whose card is replaced."""

    door = serializers.SlugRelatedField(slug_field="uuid", queryset=Door.objects.all(), required=False)
    name = serializers.CharField(max_length=120, required=False)
    node = serializers.SlugRelatedField(slug_field="uuid", queryset=Node.objects.all(), required=False)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        new = {"door", "name"}
        if "node" in attrs and new & attrs.keys():
            raise serializers.ValidationError({"node": "Send either a node, or door and name of a new one."})
        if "node" not in attrs and (missing := new - attrs.keys()):
            raise serializers.ValidationError(dict.fromkeys(sorted(missing), "This field is required for a new node."))
        return attrs


class ClaimOutput(serializers.Serializer[object]):
    token = serializers.CharField(help_text="shown once")
    expires_at = serializers.DateTimeField()
    command = serializers.CharField(help_text="what to type on the node")


class HoursField(serializers.Serializer[object]):
    """From–until on some days of the week, in minutes since local midnight."""

    days = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=6), help_text="0 is Monday")
    from_minute = serializers.IntegerField(min_value=0, max_value=1439)
    until_minute = serializers.IntegerField(min_value=1, max_value=1440, help_text="at or before from_minute: on the next day")


class MaskField(serializers.ListField):
    """A polygon; its corners are [x, y] in shares of the frame's width and height, from the top left."""

    child = serializers.ListField(child=serializers.FloatField(min_value=0, max_value=1), min_length=2, max_length=2)


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
    masks = serializers.ListField(child=MaskField(min_length=3, max_length=16), required=False, max_length=16)
    hours = HoursField(many=True, required=False, help_text="when the node looks; empty: always")


class SettingsOutput(SettingsInput):
    revision = serializers.IntegerField()
    time_zone = serializers.CharField(help_text="that of the site the node hangs at")
