"""Claims: a one-time token becomes a node, or gives an existing node to a new card."""

import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction

from server.accounts.models import User
from server.core import secrets
from server.core.errors import Conflict, Forbidden, Malformed, Rejected
from server.nodes.alarms import alarm_raise
from server.nodes.epochs import is_believed
from server.nodes.models import AlarmKind, ClaimConflict, ClaimToken, Mount, Node, NodeKey
from server.nodes.selectors import mounted_now
from server.nodes.tokens import token_hash, tokens_end
from server.sites.models import Door
from shared_schema.base import PROTOCOL
from shared_schema.node import ClaimAnswer, ClaimRequest

CLAIM_LASTS = timedelta(minutes=15)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A claim and its token, which is shown once and never again."""

    claim: ClaimToken
    token: str


def claim_create(*, door: Door, name: str, by: User | None, now: datetime) -> NewClaim:
    """A token that makes a node of this door, once, within 15 minutes."""
    return _made(ClaimToken(door=door, name=name, created_by=by), now)


def claim_create_for(*, node: Node, by: User | None, now: datetime) -> NewClaim:
    """A token that gives this node to a new card, once, within 15 minutes. Conflict: node_revoked, node_frozen."""
    _require_active(node)
    return _made(ClaimToken(node=node, name=node.name, created_by=by), now)


def _made(claim: ClaimToken, now: datetime) -> NewClaim:
    token = random.token_hex(20)  # goes into a command line: never begins with a dash
    claim.token_sha256, claim.expires_at = token_hash(token), now + CLAIM_LASTS
    claim.save()
    return NewClaim(claim, token)


def _require_active(node: Node) -> None:
    if node.state == "revoked":
        raise Conflict("node_revoked", f"{node.name} was revoked for good; claim a new node for its door.")
    if node.state == "frozen":
        raise Conflict("node_frozen", f"{node.name} is frozen, because its claim was contested; an administrator unfreezes it first.")


def node_claim(request: ClaimRequest, *, now: datetime) -> ClaimAnswer:
    """Turn a token into an identity. The same token with the same key gets the same answer; another key freezes both."""
    if request.protocol != PROTOCOL:
        raise Malformed("unknown_protocol", f"Protocol {request.protocol} is not spoken here, use {PROTOCOL}.")
    _check_key(request)
    with transaction.atomic():
        claim = _claim_of(request.token)
        if claim.frozen_at is None and claim.claimed_at is None and claim.expires_at <= now:
            raise Forbidden("claim_expired", "This claim token has expired; make a new one.")
        contested = claim.frozen_at is not None or (claim.claimed_at is not None and _key_of(claim) != request.public_key)
        if contested:
            _freeze(claim, request, now)
        elif claim.claimed_at is None:
            _use(claim, request, now)
    if contested or claim.node is None:
        raise Conflict(
            "claim_conflict", "This claim token was used with another key; both are frozen. Revoke the node and make a new claim."
        )
    return _answer(claim, claim.node, now)


def _check_key(request: ClaimRequest) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(request.public_key)
    except (ValueError, InvalidKey) as error:
        raise Rejected("invalid_key", "public_key is no raw Ed25519 public key of 32 bytes.") from error
    if not request.proves_its_key():
        raise Rejected("invalid_proof", "The claim is not signed with the key that it names.")


def _claim_of(token: str) -> ClaimToken:
    # The node is read after the lock was got: joined, it would be as it was before the lock was waited for.
    rows = ClaimToken.objects.select_for_update(of=("self",)).select_related("door__site")
    claim = rows.filter(token_sha256=token_hash(token)).first()
    if claim is None:
        raise Forbidden("unknown_claim", "This claim token is not known here; make a new one.")
    return claim


def _key_of(claim: ClaimToken) -> bytes:
    return bytes(claim.public_key or b"")


def _use(claim: ClaimToken, request: ClaimRequest, now: datetime) -> None:
    node = _make_node(claim, request, now) if claim.node is None else _give_to_new_card(claim.node, request, now)
    claim.node, claim.claimed_at = node, now
    claim.public_key, claim.token_generation = request.public_key, node.token_generation
    claim.save(update_fields=["node", "claimed_at", "public_key", "token_generation"])


def _make_node(claim: ClaimToken, request: ClaimRequest, now: datetime) -> Node:
    uuid = uuid4()
    node = Node.objects.create(
        uuid=uuid,
        name=claim.name,
        hostname=request.hostname,
        public_key=request.public_key,
        token_sha256=token_hash(secrets.current().bearer(str(uuid), 1)),
        token_since=now,
    )
    NodeKey.objects.create(node=node, public_key=request.public_key, valid_from=now)
    if claim.door is not None:
        Mount.objects.create(node=node, door=claim.door, valid_from=now)
    return node


def _give_to_new_card(node: Node, request: ClaimRequest, now: datetime) -> Node:
    """Node, name, mount and history stay. The old key and every old token end at once; epochs begin above everything seen."""
    locked = Node.objects.select_for_update(no_key=True).get(pk=node.pk)
    _require_active(locked)
    if bytes(locked.public_key) != request.public_key:
        old = {"public_key": bytes(locked.public_key), "valid_from": locked.created_at}
        NodeKey.objects.get_or_create(node=locked, valid_until__isnull=True, defaults=old)
        NodeKey.objects.filter(node=locked, valid_until__isnull=True).update(valid_until=now)
        NodeKey.objects.create(node=locked, public_key=request.public_key, valid_from=now)
    locked.public_key, locked.hostname = request.public_key, request.hostname
    if locked.epoch is not None and is_believed(locked, locked.epoch):
        locked.next_epoch = max(locked.next_epoch, locked.epoch + 1)
    locked.boot_id = None  # the new card is another computer: its boots are compared with each other alone
    locked.boots.all().delete()
    tokens_end(locked, now=now)
    locked.save()
    log.warning("node_given_to_new_card", node=str(locked.uuid))
    return locked


def _freeze(claim: ClaimToken, request: ClaimRequest, now: datetime) -> None:
    ClaimConflict.objects.get_or_create(claim=claim, public_key=request.public_key, defaults={"hostname": request.hostname, "at": now})
    if claim.frozen_at is None:
        claim.frozen_at = now
        claim.save(update_fields=["frozen_at"])
        if claim.node is not None:
            Node.objects.filter(pk=claim.node.pk, frozen_at__isnull=True).update(frozen_at=now)
            alarm_raise(claim.node, AlarmKind.CONTESTED, f"the second time by {request.hostname or 'a nameless computer'}", now=now)
    log.error("claim_conflict", claim=str(claim.uuid), node=str(claim.node.uuid) if claim.node else None)


def _answer(claim: ClaimToken, node: Node, now: datetime) -> ClaimAnswer:
    """What the claim was answered with; not any more once the node went on from there: a later token is no business of an old claim."""
    if node.token_generation != claim.token_generation:
        raise Forbidden("claim_used", "This claim token was used, and the node has gone on since; make a new one for its card.")
    door, known = _door_of(claim, node, now), secrets.current()
    return ClaimAnswer(
        node=node.uuid,
        token=known.bearer(str(node.uuid), claim.token_generation),
        seal_key=known.seal_public_key,
        next_epoch=node.next_epoch,
        door_name=door.name if door else "",
        site_time_zone=door.site.time_zone if door else "UTC",
        token_generation=claim.token_generation,
        gallery_secret=known.gallery_secret(str(node.uuid)),
    )


def _door_of(claim: ClaimToken, node: Node, now: datetime) -> Door | None:
    if claim.door is not None:
        return claim.door
    mount = mounted_now(now).filter(node=node).select_related("door__site").first()
    return None if mount is None else mount.door
