"""What nodes call: claim, token, epoch, heartbeat, settings. Messages are those of shared_schema.node."""

import time
from collections.abc import Callable, Sequence

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.core.parsers import WireParser, read_message
from server.core.schema import refuses
from server.nodes import claims, epochs, services, tokens
from server.nodes.authentication import IsNode, NodeAuthentication
from server.nodes.heartbeats import Held, node_heartbeat
from server.nodes.models import Node
from shared_schema.base import WireModel
from shared_schema.node import (
    ClaimAnswer,
    ClaimRequest,
    EpochAnswer,
    EpochRequest,
    Heartbeat,
    HeartbeatAnswer,
    HighWater,
    NodeSettings,
    TokenAnswer,
)


def wire_answer(message: WireModel, *, etag: str | None = None) -> HttpResponse:
    """A message as it goes over the wire."""
    headers = {} if etag is None else {"ETag": etag, "Cache-Control": "private, no-cache"}
    return HttpResponse(message.model_dump_json(), content_type="application/json", headers=headers)


class NodeApi(APIView):
    """Base of what only nodes may call."""

    authentication_classes = (NodeAuthentication,)
    permission_classes = (IsNode,)
    parser_classes: Sequence[type[BaseParser]] = (WireParser,)

    @staticmethod
    def node(request: Request) -> Node:
        if not isinstance(request.auth, Node):
            raise TypeError("the node was not authenticated")
        return request.auth


@refuses(post=(403, 409, 422))
class NodeClaimApi(APIView):
    """A one-time token becomes an identity. Its own token is all the authentication there is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (WireParser,)

    @extend_schema(request=ClaimRequest, responses=ClaimAnswer)
    def post(self, request: Request) -> HttpResponse:
        return wire_answer(claims.node_claim(read_message(request.data, ClaimRequest), now=timezone.now()))


@refuses(post=(422,))
class HeartbeatApi(NodeApi):
    """How the node is; answered with the server's clock, what it holds of the node and what it wants of it."""

    @extend_schema(request=Heartbeat, responses=HeartbeatAnswer)
    def post(self, request: Request) -> HttpResponse:
        now_ns = time.time_ns()
        node, heartbeat = self.node(request), read_message(request.data, Heartbeat, allow_nul=True)
        gallery_revision: Callable[[], int] = import_string(settings.GALLERY_REVISION)
        high_water: Callable[[Node], HighWater | None] = import_string(settings.NODE_HIGH_WATER)
        held = Held(gallery_revision(), high_water(node))
        return wire_answer(node_heartbeat(node, heartbeat, now_ns=now_ns, held=held))


@refuses(post=(409,))
class NodeTokenApi(NodeApi):
    """The node's next bearer token. The present one is good until the next one is used."""

    @extend_schema(request=None, responses=TokenAnswer)
    def post(self, request: Request) -> HttpResponse:
        return wire_answer(tokens.token_next(self.node(request)))


@refuses(post=(422,))
class NodeEpochApi(NodeApi):
    """An epoch nobody else was given, for a node that found its numbers used up."""

    @extend_schema(request=EpochRequest, responses=EpochAnswer)
    def post(self, request: Request) -> HttpResponse:
        asked = read_message(request.data, EpochRequest)
        return wire_answer(epochs.epoch_grant(self.node(request), asked, now=timezone.now()))


class NodeSettingsApi(NodeApi):
    """What the node is told; 304 when it has that already."""

    @extend_schema(
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="the ETag of what the node has")],
        responses={200: NodeSettings, 304: OpenApiResponse(description="not changed")},
    )
    def get(self, request: Request) -> HttpResponse | Response:
        current = services.settings_for(self.node(request), now=timezone.now())
        etag = f'"{current.revision}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers={"ETag": etag})
        return wire_answer(current, etag=etag)
