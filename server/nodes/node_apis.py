"""What nodes call: claim, heartbeat, settings. Messages are those of shared_schema.node."""

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
from server.nodes import services
from server.nodes.authentication import IsNode, NodeAuthentication
from server.nodes.models import Node
from shared_schema.base import WireModel
from shared_schema.node import ClaimAnswer, ClaimRequest, Heartbeat, HeartbeatAnswer, NodeSettings


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
        return wire_answer(services.node_claim(read_message(request.data, ClaimRequest), now=timezone.now()))


@refuses(post=(422,))
class HeartbeatApi(NodeApi):
    """How the node is; answered with the server's clock and the revisions it holds."""

    @extend_schema(request=Heartbeat, responses=HeartbeatAnswer)
    def post(self, request: Request) -> HttpResponse:
        now_ns = time.time_ns()
        gallery_revision: Callable[[], int] = import_string(settings.GALLERY_REVISION)
        heartbeat = read_message(request.data, Heartbeat)
        return wire_answer(services.node_heartbeat(self.node(request), heartbeat, now_ns=now_ns, gallery_revision=gallery_revision()))


class NodeSettingsApi(NodeApi):
    """What the node is told; 304 when it has that already."""

    @extend_schema(
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="the ETag of what the node has")],
        responses={200: NodeSettings, 304: OpenApiResponse(description="not changed")},
    )
    def get(self, request: Request) -> HttpResponse | Response:
        current = services.settings_of(self.node(request))
        etag = f'"{current.revision}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers={"ETag": etag})
        return wire_answer(current, etag=etag)
