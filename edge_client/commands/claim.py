"""Claim the node: turn a one-time token into an identity."""

import re
import socket

from edge_client.config import NodeConfig
from edge_client.errors import ConfigError, EdgeError, Rejected, Unauthorised
from edge_client.identity import Identity, IdentityFolder
from edge_client.server_api import ServerApi
from shared_schema.node import ClaimRequest

_LOOKS_LIKE_A_URL = re.compile(r"https?://[^/\s]+\S*")
_LOOKS_LIKE_A_TOKEN = re.compile(r"[!-~]{16,200}")


def claim(config: NodeConfig, *, server: str, token: str) -> Identity:
    """Claim with a key made here. Repeat it freely after a lost answer: the same key and token get the same answer.

    Raises Unavailable when it is worth repeating, EdgeError with the server's own sentence when it is not.
    """
    if not _LOOKS_LIKE_A_URL.fullmatch(server):
        raise ConfigError("--server must be a URL such as https://lintel.example.org")
    if not _LOOKS_LIKE_A_TOKEN.fullmatch(token):
        raise ConfigError("this is no claim token; copy it whole from the server, where a new one can be made")
    folder = IdentityFolder(config.state)
    public_key = folder.ensure_key()
    request = ClaimRequest.signed(token=token, public_key=public_key, hostname=socket.gethostname()[:253], signer=folder.signer())
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
