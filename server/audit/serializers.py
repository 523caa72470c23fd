from rest_framework import serializers

from server.audit.models import AuditEntry


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One deed. `actor_name` is empty where the server did it by itself; `person` is whose data it is about."""

    id = serializers.UUIDField(source="uuid")
    actor = serializers.UUIDField(source="actor.uuid", allow_null=True, default=None, help_text="null when the account is gone")
    before = serializers.JSONField()
    after = serializers.JSONField()

    class Meta:
        model = AuditEntry
        fields = ("id", "at", "actor", "actor_name", "action", "target_kind", "target", "person", "reason", "before", "after")
