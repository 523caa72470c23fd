from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from server.core.admin import Admin, ReadOnlyAdmin
from server.nodes import mounts
from server.nodes.models import (
    ClaimConflict,
    ClaimToken,
    EpochGrant,
    Mount,
    Node,
    NodeAlarm,
    NodeBoot,
    NodeKey,
    NodeSettingsRevision,
    SpentToken,
)


@admin.register(Node)
class NodeAdmin(ReadOnlyAdmin[Node]):
    list_display = ["name", "state", "hostname", "last_heartbeat_at", "queue_depth", "parked", "version"]
    search_fields = ["name", "hostname", "uuid"]
    exclude = ["token_sha256", "next_token_sha256", "public_key"]


@admin.register(Mount)
class MountAdmin(Admin[Mount]):
    list_display = ["node", "door", "valid_from", "valid_until"]
    search_fields = ["node__name", "door__name"]
    autocomplete_fields = ["door"]

    def save_model(self, request: HttpRequest, obj: Mount, form: "ModelForm[Mount]", change: bool) -> None:  # noqa: FBT001  (Django's)
        mounts.mount_save(obj)

    def delete_model(self, request: HttpRequest, obj: Mount) -> None:
        mounts.mount_delete(obj)


@admin.register(ClaimToken)
class ClaimTokenAdmin(ReadOnlyAdmin[ClaimToken]):
    list_display = ["name", "door", "node", "created_at", "expires_at", "claimed_at", "frozen_at"]
    list_select_related = ["door__site", "node"]
    exclude = ["token_sha256", "public_key"]


@admin.register(ClaimConflict)
class ClaimConflictAdmin(ReadOnlyAdmin[ClaimConflict]):
    list_display = ["claim", "hostname", "at"]
    exclude = ["public_key"]


@admin.register(NodeSettingsRevision)
class NodeSettingsRevisionAdmin(ReadOnlyAdmin[NodeSettingsRevision]):
    list_display = ["node", "revision", "created_by", "created_at"]


@admin.register(NodeAlarm)
class NodeAlarmAdmin(ReadOnlyAdmin[NodeAlarm]):
    list_display = ["node", "kind", "count", "first_at", "last_at", "resolved_at", "resolved_by"]
    list_filter = ["kind", "resolved_at"]
    list_select_related = ["node", "resolved_by"]


@admin.register(NodeKey)
class NodeKeyAdmin(ReadOnlyAdmin[NodeKey]):
    list_display = ["node", "valid_from", "valid_until"]
    list_select_related = ["node"]
    exclude = ["public_key"]


@admin.register(SpentToken)
class SpentTokenAdmin(ReadOnlyAdmin[SpentToken]):
    list_display = ["node", "generation", "ended_at"]
    list_select_related = ["node"]
    exclude = ["token_sha256"]


@admin.register(NodeBoot)
class NodeBootAdmin(ReadOnlyAdmin[NodeBoot]):
    list_display = ["node", "boot_id", "first_at"]
    list_select_related = ["node"]


@admin.register(EpochGrant)
class EpochGrantAdmin(ReadOnlyAdmin[EpochGrant]):
    list_display = ["node", "epoch", "last_seq", "granted", "granted_at"]
    list_select_related = ["node"]
