"""Writes about nodes: claims, heartbeats, settings, mounts, revocation."""

import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from server.accounts.models import User
from server.core import secrets
from server.core.errors import Conflict, Forbidden, Malformed, Rejected
from server.core.parsers import errors_by_field
from server.nodes import clocks
from server.nodes.authentication import token_hash
from server.nodes.models import ClaimConflict, ClaimToken, Mount, Node, NodeSettingsRevision
from server.recompute.services import Window, mark
from server.sites.models import Door
from shared_schema.base import PROTOCOL
from shared_schema.envelope import MAX_INT
from shared_schema.node import ClaimAnswer, ClaimRequest, Heartbeat, HeartbeatAnswer, NodeSettings

CLAIM_LASTS = timedelta(minutes=15)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A claim and its token, which is shown once and never again."""

    claim: ClaimToken
    token: str


def claim_create(*, door: Door, name: str, by: User | None, now: datetime) -> NewClaim:
    """A token that makes a node of this door, once, within 15 minutes."""
    token = random.token_hex(20)  # goes into a command line: never begins with a dash
    claim = ClaimToken.objects.create(token_sha256=token_hash(token), door=door, name=name, created_by=by, expires_at=now + CLAIM_LASTS)
    return NewClaim(claim, token)


def node_claim(request: ClaimRequest, *, now: datetime) -> ClaimAnswer:
    """Turn a token into a node. The same token with the same key gets the same answer; another key freezes both."""
    if request.protocol != PROTOCOL:
        raise Malformed("unknown_protocol", f"Protocol {request.protocol} is not spoken here, use {PROTOCOL}.")
    _check_key(request)
    with transaction.atomic():
        claim = (
            ClaimToken.objects.select_for_update(of=("self",))
            .select_related("door__site", "node")
            .filter(token_sha256=token_hash(request.token))
            .first()
        )
        if claim is None:
            raise Forbidden("unknown_claim", "This claim token is not known here; make a new one.")
        if claim.frozen_at is None and claim.node is None and claim.expires_at <= now:
            raise Forbidden("claim_expired", "This claim token has expired; make a new one.")
        contested = claim.frozen_at is not None or (claim.node is not None and bytes(claim.node.public_key) != request.public_key)
        if contested:
            _freeze(claim, request, now)
        elif claim.node is None:
            claim.node = _make_node(claim, request, now)
    if contested or claim.node is None:
        raise Conflict(
            "claim_conflict", "This claim token was used with another key; both are frozen. Revoke the node and make a new claim."
        )
    return _answer(claim.node, claim.door)


def _check_key(request: ClaimRequest) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(request.public_key)
    except (ValueError, InvalidKey) as error:
        raise Rejected("invalid_key", "public_key is no raw Ed25519 public key of 32 bytes.") from error
    if not request.proves_its_key():
        raise Rejected("invalid_proof", "The claim is not signed with the key that it names.")


def _make_node(claim: ClaimToken, request: ClaimRequest, now: datetime) -> Node:
    uuid = uuid4()
    node = Node.objects.create(
        uuid=uuid,
        name=claim.name,
        hostname=request.hostname,
        public_key=request.public_key,
        token_sha256=token_hash(secrets.current().bearer(str(uuid), 1)),
    )
    Mount.objects.create(node=node, door=claim.door, valid_from=now)
    claim.node, claim.claimed_at = node, now
    claim.save(update_fields=["node", "claimed_at"])
    return node


def _freeze(claim: ClaimToken, request: ClaimRequest, now: datetime) -> None:
    ClaimConflict.objects.get_or_create(claim=claim, public_key=request.public_key, defaults={"hostname": request.hostname, "at": now})
    if claim.frozen_at is None:
        claim.frozen_at = now
        claim.save(update_fields=["frozen_at"])
        Node.objects.filter(claim=claim, frozen_at__isnull=True).update(frozen_at=now)
    log.error("claim_conflict", claim=str(claim.uuid), node=str(claim.node.uuid) if claim.node else None)


def _answer(node: Node, door: Door) -> ClaimAnswer:
    known = secrets.current()
    return ClaimAnswer(
        node=node.uuid,
        token=known.bearer(str(node.uuid), node.token_generation),
        seal_key=known.seal_public_key,
        next_epoch=node.next_epoch,
        door_name=door.name,
        site_time_zone=door.site.time_zone,
    )


def node_revoke(node: Node, *, now: datetime) -> None:
    """Nothing is accepted from the node any more. Repeating changes nothing."""
    if Node.objects.filter(pk=node.pk, revoked_at__isnull=True).update(revoked_at=now):
        node.revoked_at = now
        log.warning("node_revoked", node=str(node.uuid))


_STATE_FIELDS = (
    "version", "model_id", "gallery_revision", "settings_revision", "queue_depth", "parked", "crops_waiting",
    "oldest_boot_age_ms", "last_frame_age_ms", "free_bytes", "camera",
)  # fmt: skip


def node_heartbeat(node: Node, heartbeat: Heartbeat, *, now_ns: int, gallery_revision: int) -> HeartbeatAnswer:
    """Keep the node's state and what the contact shows of its clock."""
    if heartbeat.protocol != PROTOCOL:
        raise Malformed("unknown_protocol", f"Protocol {heartbeat.protocol} is not spoken here, use {PROTOCOL}.")
    state = {name: _storable(getattr(heartbeat, name)) for name in _STATE_FIELDS}
    with transaction.atomic():
        Node.objects.filter(pk=node.pk).update(
            last_heartbeat_at=timezone.now(), boot_id=heartbeat.at.boot_id, funnel=heartbeat.funnel.model_dump(), **state
        )
        clocks.remember(node, clocks.contact_of_request(heartbeat.at, now_ns))
        if heartbeat.previous is not None:
            contact = clocks.contact_of_exchange(heartbeat.previous, heartbeat.at, now_ns)
            if contact is not None:
                clocks.remember(node, contact)
    return HeartbeatAnswer(server_ns=now_ns, gallery_revision=gallery_revision, settings_revision=settings_of(node).revision)


def _storable(value: object) -> object:
    """A count beyond a bigint is kept as the largest there is: a node's state must never make its heartbeat fail."""
    return min(value, MAX_INT) if isinstance(value, int) else value


def settings_of(node: Node) -> NodeSettings:
    """What the node is told now: its highest revision, or the defaults."""
    row = NodeSettingsRevision.objects.filter(node=node).order_by("-revision").first()
    return NodeSettings() if row is None else NodeSettings.model_validate({**row.body, "revision": row.revision})


def settings_change(node: Node, changes: dict[str, object], *, by: User | None) -> NodeSettings:
    """Add a revision with these changes. Settings that could never decide a pass are refused."""
    unknown = sorted(set(changes) - (set(NodeSettings.model_fields) - {"revision"}))
    if unknown:
        raise Rejected("unknown_setting", "There are no such settings.", errors={name: ["is not a setting"] for name in unknown})
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        current = settings_of(node)
        try:
            changed = NodeSettings.model_validate({**current.model_dump(), **changes, "revision": current.revision + 1})
        except ValidationError as error:
            raise Rejected("invalid_settings", "These settings do not work together.", errors=errors_by_field(error)) from error
        body = changed.model_dump(exclude={"revision"})
        NodeSettingsRevision.objects.create(node=node, revision=changed.revision, body=body, created_by=by)
    return changed


def mount_save(mount: Mount) -> Mount:
    """Check, store, and have the node's sightings placed anew."""
    with transaction.atomic():
        mount.full_clean()
        mount.save()
        mark([Window(clocks.TIMES, f"{mount.node_id}:*:*")])
    return mount


def mount_delete(mount: Mount) -> None:
    """Take the mount away as if it had never been, and have the node's sightings placed anew."""
    with transaction.atomic():
        mark([Window(clocks.TIMES, f"{mount.node_id}:*:*")])
        mount.delete()
