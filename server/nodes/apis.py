"""Nodes for staff: the list, claims, settings, mounts."""

from typing import Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from server.accounts.models import User
from server.core.csv_lists import Columns, CsvList, at_site
from server.core.pagination import ordered_by
from server.core.permissions import Resource
from server.core.schema import refuses
from server.nodes import claims, mounts, services
from server.nodes.models import Mount, Node
from server.nodes.selectors import settings_of, with_newest_settings
from server.nodes.serializers import (
    ClaimInput,
    ClaimOutput,
    MountSerializer,
    NodeSerializer,
    NoteInput,
    SettingsInput,
    SettingsOutput,
)

NODE_COLUMNS: Columns = (
    ("id", "uuid"), ("name", "name"), ("hostname", "hostname"), ("state", "state"), ("created_at", "created_at"),
    ("revoked_at", "revoked_at"), ("frozen_at", "frozen_at"), ("last_heartbeat_at", "last_heartbeat_at"), ("version", "version"),
    ("model_id", "model_id"), ("gallery_revision", "gallery_revision"), ("queue_depth", "queue_depth"), ("parked", "parked"),
    ("crops_waiting", "crops_waiting"), ("free_bytes", "free_bytes"), ("last_seq", "last_seq"),
)  # fmt: skip
MOUNT_COLUMNS: Columns = (
    ("id", "uuid"), ("node", "node.name"), ("node_id", "node.uuid"), ("door", "door.name"), ("door_id", "door.uuid"),
    ("valid_from", at_site("valid_from", "door.site.zone")), ("valid_until", at_site("valid_until", "door.site.zone")),
)  # fmt: skip


@refuses(change_settings=(422,), identify=(409,))
class NodeViewSet(CsvList, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.UpdateModelMixin, GenericViewSet[Node]):
    """Nodes come into being by a claim; here they are seen, renamed, configured and revoked."""

    resource = Resource.NODES
    queryset = Node.objects.prefetch_related(with_newest_settings())
    serializer_class = NodeSerializer
    pagination_class = ordered_by("id")
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    lookup_url_kwarg = "id"
    http_method_names = ["get", "post", "patch", "head", "options"]
    filterset_fields = ["name"]
    csv_name, csv_columns = "nodes", NODE_COLUMNS

    @extend_schema(request=None, responses=NodeSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, id: object = None) -> Response:  # noqa: A002  (the name in the address)
        """Nothing is accepted from the node any more."""
        node = self.get_object()
        services.node_revoke(node, now=timezone.now())
        return Response(NodeSerializer(node).data)

    @extend_schema(request=None, responses=NodeSerializer)
    @action(detail=True, methods=["post"])
    def identify(self, request: Request, id: object = None) -> Response:  # noqa: A002
        """The node shows which one it is for a minute, from its next heartbeat on."""
        node = self.get_object()
        services.node_identify(node, now=timezone.now())
        return Response(NodeSerializer(node).data)

    @extend_schema(responses=SettingsOutput, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, url_path="settings", url_name="settings")
    def node_settings(self, request: Request, id: object = None) -> Response:  # noqa: A002
        """What the node is told."""
        return Response(settings_of(self.get_object()).model_dump(mode="json"))

    @extend_schema(request=SettingsInput, responses=SettingsOutput)
    @node_settings.mapping.patch
    def change_settings(self, request: Request, id: object = None) -> Response:  # noqa: A002
        """Change some of it; the node fetches the new revision by itself."""
        changes = SettingsInput(data=request.data)
        changes.is_valid(raise_exception=True)
        sent = request.data if isinstance(request.data, dict) else {}
        wanted = {**{name: value for name, value in sent.items() if name not in changes.fields}, **changes.validated_data}
        changed = services.settings_change(self.get_object(), wanted, by=_staff(request))
        return Response(changed.model_dump(mode="json"))


@refuses(post=(409,))
class NodeUnfreezeApi(APIView):
    """Lets a contested node go on. All its tokens end; its card is to be claimed again."""

    resource = Resource.CONTESTED_NODES

    @extend_schema(request=NoteInput, responses=NodeSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        said = NoteInput(data=request.data)
        said.is_valid(raise_exception=True)
        node = get_object_or_404(Node, uuid=id)
        services.node_unfreeze(node, by=_staff(request), note=said.validated_data["note"], now=timezone.now())
        return Response(NodeSerializer(node).data)


@refuses(post=(409,))
class ClaimApi(APIView):
    """A one-time token that makes a node of a door, or gives an existing node to a new card."""

    resource = Resource.NODES

    @extend_schema(request=ClaimInput, responses={201: ClaimOutput})
    def post(self, request: Request) -> Response:
        wanted = ClaimInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        new = _new_claim(wanted.validated_data, by=_staff(request))
        address = request.build_absolute_uri("/").rstrip("/")
        command = f"lintel-edge claim --server {address} --token {new.token} --config /etc/lintel/edge.toml"
        answer = {"token": new.token, "expires_at": new.claim.expires_at, "command": command}
        return Response(ClaimOutput(answer).data, status=status.HTTP_201_CREATED)


def _new_claim(wanted: dict[str, Any], *, by: User | None) -> claims.NewClaim:
    if (node := wanted.get("node")) is not None:
        return claims.claim_create_for(node=node, by=by, now=timezone.now())
    return claims.claim_create(door=wanted["door"], name=wanted["name"], by=by, now=timezone.now())


class MountViewSet(CsvList, ModelViewSet[Mount]):
    """Which node hung at which door, from when until when."""

    resource = Resource.MOUNTS
    queryset = Mount.objects.select_related("node", "door__site")
    serializer_class = MountSerializer
    pagination_class = ordered_by("id")
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    lookup_url_kwarg = "id"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    csv_name, csv_columns = "mounts", MOUNT_COLUMNS

    def perform_create(self, serializer: BaseSerializer[Mount]) -> None:
        serializer.instance = mounts.mount_save(Mount(**serializer.validated_data))

    def perform_update(self, serializer: BaseSerializer[Mount]) -> None:
        mount = cast("Mount", serializer.instance)
        for name, value in serializer.validated_data.items():
            setattr(mount, name, value)
        mounts.mount_save(mount)

    def perform_destroy(self, instance: Mount) -> None:
        mounts.mount_delete(instance)


def _staff(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None
