"""Claim the node: turn a one-time token into an identity."""

import socket

from edge_client.config import NodeConfig
from edge_client.errors import EdgeError, Rejected, Unauthorised
from edge_client.identity import Identity, IdentityFolder
from edge_client.server_api import ServerApi
from shared_schema.node import ClaimRequest


def claim(config: NodeConfig, *, server: str, token: str) -> Identity:
    """Claim with a key made here. Repeat it freely after a lost answer: the same key and token get the same answer.

    Raises Unavailable when it is worth repeating, EdgeError with the server's own sentence when it is not.
    """
    folder = IdentityFolder(config.state)
    public_key = folder.ensure_key()
    request = ClaimRequest(token=token, public_key=public_key, hostname=socket.gethostname()[:253])
    api = ServerApi(server)
    try:
        answer = api.claim(request)
    except (Rejected, Unauthorised) as error:
        raise EdgeError(f"the server refused the claim: {error}") from error
    finally:
        api.close()
    identity = Identity.of_claim(answer, server=server)
    folder.save(identity)
    return identity
