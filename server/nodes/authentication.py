"""A node proves itself by its bearer token; `request.auth` is then the Node."""

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from server.nodes import tokens
from server.nodes.models import Node

SCHEME = b"bearer"


class NodeAuthentication(BaseAuthentication):
    """`Authorization: Bearer <node token>`. Revoked and frozen nodes are refused with 403, unknown and superseded tokens with 401."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Node] | None:
        scheme, _, sent = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME or not sent:
            return None
        token, now = sent.decode("latin-1"), timezone.now()
        node = tokens.node_by_token(token)
        if node is None and tokens.spent_token_seen(token, now=now):
            raise AuthenticationFailed("This node token was replaced by a newer one.", code="superseded_token")
        if node is None:
            raise AuthenticationFailed("This node token is not known here; claim the node again.", code="unknown_token")
        if node.state != "active":
            raise PermissionDenied(f"This node is {node.state}; ask whoever runs the server.", code=f"node_{node.state}")
        return AnonymousUser(), tokens.token_used(node, token, now=now)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="lintel node"'


class IsNode(BasePermission):
    """Only nodes; staff accounts have no business here."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Node)
