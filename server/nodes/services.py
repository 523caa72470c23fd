"""Writes about nodes: revocation, unfreezing, settings."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from pydantic import ValidationError

from server.accounts.models import User
from server.core.errors import Conflict, Rejected
from server.core.parsers import errors_by_field
from server.nodes.alarms import alarm_resolve
from server.nodes.models import AlarmKind, Node, NodeAlarm, NodeSettingsRevision
from server.nodes.selectors import settings_of, time_zone_of
from server.nodes.tokens import tokens_end
from shared_schema.node import NodeSettings

IDENTIFY_FOR = timedelta(seconds=60)
NOT_FOR_STAFF = {"revision", "time_zone"}
log = structlog.get_logger(__name__)


def node_revoke(node: Node, *, now: datetime) -> None:
    """Nothing is accepted from the node any more. Repeating changes nothing."""
    if Node.objects.filter(pk=node.pk, revoked_at__isnull=True).update(revoked_at=now):
        node.revoked_at = now
        log.warning("node_revoked", node=str(node.uuid))


def node_unfreeze(node: Node, *, by: User | None, note: str, now: datetime) -> None:
    """Let a contested node go on. Nobody knows who has its token, so that ends: its card is to be claimed again.

    Conflict: node_not_frozen.
    """
    with transaction.atomic():
        locked = Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        if locked.state != "frozen":
            raise Conflict("node_not_frozen", f"{locked.name} is {locked.state}, not frozen; there is nothing to do.")
        locked.frozen_at = None
        tokens_end(locked, now=now)
        locked.save()
        for alarm in NodeAlarm.objects.filter(node=locked, kind=AlarmKind.CONTESTED, resolved_at__isnull=True):
            alarm_resolve(alarm, by=by, note=note, now=now)
    node.refresh_from_db()
    log.warning("node_unfrozen", node=str(node.uuid), by=str(by.uuid) if by else None)


def node_identify(node: Node, *, now: datetime) -> None:
    """Have the node show which one it is, from its next heartbeat on, for at most a minute. Conflict: node_revoked, node_frozen."""
    if node.state != "active":
        raise Conflict(f"node_{node.state}", f"{node.name} is {node.state}; it hears nothing from this server.")
    beats_late = timedelta(milliseconds=settings_of(node).heartbeat_ms) - IDENTIFY_FOR / 2
    node.identify_until = now + IDENTIFY_FOR + max(beats_late, timedelta())
    node.save(update_fields=["identify_until"])


def settings_for(node: Node, *, now: datetime) -> NodeSettings:
    """What the node is told now, in the time zone of the site it hangs at: where that is another one, a revision is added."""
    current, zone = settings_of(node), time_zone_of(node, now)
    if zone is None or current.time_zone == zone:
        return current
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        current = settings_of(node)
        return current if current.time_zone == zone else _add(node, current, {"time_zone": zone}, by=None)


def settings_change(node: Node, changes: dict[str, object], *, by: User | None) -> NodeSettings:
    """Add a revision with these changes. Settings that could never decide a pass are refused."""
    unknown = sorted(set(changes) - (set(NodeSettings.model_fields) - NOT_FOR_STAFF))
    if unknown:
        raise Rejected("unknown_setting", "There are no such settings.", errors={name: ["is not a setting"] for name in unknown})
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        return _add(node, settings_of(node), changes, by=by)


def _add(node: Node, current: NodeSettings, changes: dict[str, object], *, by: User | None) -> NodeSettings:
    try:
        changed = NodeSettings.model_validate({**current.model_dump(), **changes, "revision": current.revision + 1})
    except ValidationError as error:
        raise Rejected("invalid_settings", "These settings do not work together.", errors=errors_by_field(error)) from error
    body = changed.model_dump(mode="json", exclude={"revision"})
    NodeSettingsRevision.objects.create(node=node, revision=changed.revision, body=body, created_by=by)
    return changed
