"""A node proves itself by its bearer token; `request.auth` is then the Node."""

from hashlib import sha256

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from server.nodes.models import Node

SCHEME = b"bearer"


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


class NodeAuthentication(BaseAuthentication):
    """`Authorization: Bearer <node token>`. Revoked and frozen nodes are refused with 403, unknown tokens with 401."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Node] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME or not token:
            return None
        node = Node.objects.filter(token_sha256=token_hash(token.decode("latin-1"))).first()
        if node is None:
            raise AuthenticationFailed("This node token is not known here; claim the node again.", code="unknown_token")
        if node.state != "active":
            raise PermissionDenied(f"This node is {node.state}; ask whoever runs the server.", code=f"node_{node.state}")
        return AnonymousUser(), node

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="lintel node"'


class IsNode(BasePermission):
    """Only nodes; staff accounts have no business here."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Node)
