"""How the schema names a node's bearer token."""

from typing import TYPE_CHECKING

from drf_spectacular.extensions import OpenApiAuthenticationExtension

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema


class NodeTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer <node token>`."""

    target_class = "server.nodes.authentication.NodeAuthentication"
    name = "nodeToken"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, object]:
        return {"type": "http", "scheme": "bearer", "description": "The token a node got when it was claimed."}
