"""Bearer tokens of nodes: handed out, first used, spent.

Both the token in use and the one handed out are good until the latter is first used. From then on the older one is a sign that somebody
has an old copy of the node's card.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import F, Q

from server.core import secrets
from server.core.errors import Conflict
from server.nodes.alarms import alarm_raise
from server.nodes.models import AlarmKind, Node, SpentToken
from shared_schema.node import TokenAnswer

UNDER_WAY = timedelta(seconds=60)
"""A request may have been under way with the older token while another one used the newer for the first time."""


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def node_by_token(token: str) -> Node | None:
    """The node whose token it is, in use or handed out; None: it is no token that is good."""
    digest = token_hash(token)
    return Node.objects.filter(Q(token_sha256=digest) | Q(next_token_sha256=digest)).first()


def token_used(node: Node, token: str, *, now: datetime) -> Node:
    """Note that a token which is good was used. The first use of the one handed out ends the one before."""
    digest = token_hash(token)
    if node.next_token_sha256 != digest:
        return node
    with transaction.atomic():
        spent = SpentToken(node=node, token_sha256=node.token_sha256, generation=node.token_generation, ended_at=now)
        promoted = Node.objects.filter(pk=node.pk, next_token_sha256=digest).update(
            token_sha256=digest, next_token_sha256=None, token_generation=F("token_generation") + 1, token_since=now
        )
        if promoted:
            spent.save()
    node.refresh_from_db()
    return node


def spent_token_seen(token: str, *, now: datetime) -> bool:
    """Whether the token is one that was replaced; then somebody has an old copy of it, and an alarm says so."""
    spent = SpentToken.objects.select_related("node").filter(token_sha256=token_hash(token)).first()
    if spent is None:
        return False
    if spent.node.revoked_at is None and now - spent.ended_at > UNDER_WAY:
        alarm_raise(spent.node, AlarmKind.OLD_TOKEN, f"token {spent.generation}, replaced {spent.ended_at:%Y-%m-%d %H:%M} UTC", now=now)
    return True


def token_next(node: Node) -> TokenAnswer:
    """Hand out the next token. Until it is used the answer stays the same. Conflict: superseded_token."""
    generation = node.token_generation + 1
    token = secrets.current().bearer(str(node.uuid), generation)
    same = Node.objects.filter(pk=node.pk, token_generation=node.token_generation)
    if not same.update(next_token_sha256=token_hash(token)):
        raise Conflict("superseded_token", "This token was replaced just now; go on with the newer one.")
    return TokenAnswer(token=token, generation=generation)


def is_old(node: Node, *, days: float, now: datetime) -> bool:
    """Whether the node shall fetch its next token."""
    return now - node.token_since > timedelta(days=days)


def tokens_end(locked: Node, *, now: datetime) -> str:
    """End every token handed out so far; returns the one of the next generation. The caller holds the node's row lock and saves it."""
    spent = [SpentToken(node=locked, token_sha256=locked.token_sha256, generation=locked.token_generation, ended_at=now)]
    if locked.next_token_sha256 is not None:
        locked.token_generation += 1
        spent.append(SpentToken(node=locked, token_sha256=locked.next_token_sha256, generation=locked.token_generation, ended_at=now))
    SpentToken.objects.bulk_create(spent)
    locked.token_generation += 1
    token = secrets.current().bearer(str(locked.uuid), locked.token_generation)
    locked.token_sha256, locked.next_token_sha256, locked.token_since = token_hash(token), None, now
    return token
