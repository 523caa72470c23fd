"""Claim the node: turn a one-time token into an identity, for the first time or again."""

import os
import re
import socket

from edge_client.accounts import CAPTURE, COURIER, Accounts, hand_over
from edge_client.clock import SystemClock
from edge_client.config import NodeConfig
from edge_client.errors import ConfigError, EdgeError, OutboxMissing, Rejected, Unauthorised
from edge_client.identity import Identity, IdentityFolder, KeyFolder
from edge_client.node_token import NodeToken, TokenFile
from edge_client.outbox.status import read_status
from edge_client.server_api import ServerApi
from shared_schema.node import ClaimAnswer, ClaimRequest

_LOOKS_LIKE_A_URL = re.compile(r"https?://[^/\s]+\S*")
_LOOKS_LIKE_A_TOKEN = re.compile(r"[!-~]{16,200}")


def claim(config: NodeConfig, *, server: str, token: str, new_key: bool = False) -> Identity:
    """Claim with the node's key, which is made here at the first claim; `new_key`: with another one, which replaces it.

    Repeat it freely after a lost answer: the same key and token get the same answer. With another key, only when
    everything that the old one signed is with the server.
    Raises Unavailable when it is worth repeating, EdgeError with the server's own sentence when it is not.
    """
    if not _LOOKS_LIKE_A_URL.fullmatch(server):
        raise ConfigError("--server must be a URL such as https://lintel.example.org")
    if not _LOOKS_LIKE_A_TOKEN.fullmatch(token):
        raise ConfigError("this is no claim token; copy it whole from the server, where a new one can be made")
    if new_key:
        _require_delivered(config)
    keys = KeyFolder(config.state)
    signer = keys.for_claim(token, new=new_key)
    public_key, hostname = signer.public_key().public_bytes_raw(), socket.gethostname()[:253]
    answer = _ask(server, ClaimRequest.signed(token=token, public_key=public_key, hostname=hostname, signer=signer))
    identity, bearer = Identity.of_claim(answer, server=server), NodeToken.of(answer)
    keys.claimed(token)
    IdentityFolder(config.state).save(identity)
    TokenFile(config.state).save(bearer)
    return identity


def share_out(config: NodeConfig, accounts: Accounts | None = None) -> str | None:
    """Run as root on a machine with the node's two accounts, give each what is its own, and say so; else nothing."""
    accounts = accounts or Accounts.of_this_machine()
    if os.geteuid() != 0 or accounts is None:
        return None
    hand_over(config.state, accounts)
    return f"the signing key is {CAPTURE}'s alone, the token {COURIER}'s alone"


def _require_delivered(config: NodeConfig) -> None:
    """A server that knows the new key takes nothing that was signed with the old one."""
    try:
        status = read_status(config.state / "outbox", clock=SystemClock())
    except OutboxMissing:
        return
    if status.waiting or status.accepted:
        raise EdgeError(
            f"the outbox holds {status.waiting + status.accepted} records signed with the present key; "
            "let the courier deliver them first, or claim without --new-key"
        )


def _ask(server: str, request: ClaimRequest) -> ClaimAnswer:
    api = ServerApi(server)
    try:
        return api.claim(request)
    except (Rejected, Unauthorised) as error:
        raise EdgeError(f"the server refused the claim: {error}") from error
    finally:
        api.close()
