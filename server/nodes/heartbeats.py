"""What a heartbeat tells is kept, and answered with what the server wants of the node."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction

from server.core.errors import Malformed
from server.nodes import clocks
from server.nodes.epochs import boot_seen
from server.nodes.models import Node
from server.nodes.services import IDENTIFY_FOR, settings_for
from server.nodes.tokens import is_old
from shared_schema.base import PROTOCOL
from shared_schema.envelope import MAX_INT
from shared_schema.node import Heartbeat, HeartbeatAnswer, HighWater

_STATE_FIELDS = (
    "version", "model_id", "gallery_revision", "settings_revision", "queue_depth", "parked", "crops_waiting",
    "oldest_boot_age_ms", "last_frame_age_ms", "free_bytes", "camera", "epoch", "last_seq", "refused", "settings_refused",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What other parts of the server hold for a node."""

    gallery_revision: int
    high_water: HighWater | None


def node_heartbeat(node: Node, heartbeat: Heartbeat, *, now_ns: int, held: Held) -> HeartbeatAnswer:
    """Keep the node's state and what the contact shows of its clock."""
    if heartbeat.protocol != PROTOCOL:
        raise Malformed("unknown_protocol", f"Protocol {heartbeat.protocol} is not spoken here, use {PROTOCOL}.")
    now = _moment(now_ns)
    with transaction.atomic():
        boot_seen(node, heartbeat.at.boot_id, now=now)
        Node.objects.filter(pk=node.pk).update(last_heartbeat_at=now, boot_id=heartbeat.at.boot_id, **_state(heartbeat))
        clocks.note_heartbeat(node, heartbeat.at, heartbeat.previous, now_ns)
    return HeartbeatAnswer(
        server_ns=now_ns,
        gallery_revision=held.gallery_revision,
        settings_revision=settings_for(node, now=now).revision,
        high_water=held.high_water,
        rotate_token=is_old(node, days=settings.NODE_TOKEN_DAYS, now=now),
        identify_s=_seconds_left(node.identify_until, now),
    )


def _state(heartbeat: Heartbeat) -> dict[str, object]:
    """What is kept of it, as the database can hold it: a node's state must never make its heartbeat fail."""
    told = {name: getattr(heartbeat, name) for name in _STATE_FIELDS}
    told |= {"held_token_generation": heartbeat.token_generation, "crops_given_up": heartbeat.crops_shed}
    told |= {"funnel": heartbeat.funnel.model_dump(mode="json"), "health": heartbeat.health.model_dump(mode="json")}
    return {name: _storable(value) for name, value in told.items()}


def _storable(value: object) -> object:
    """Counts beyond a bigint become the largest there is, texts lose their NULs, numbers that are none become None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return max(-MAX_INT, min(value, MAX_INT))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {str(_storable(name)): _storable(inner) for name, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


def _seconds_left(until: datetime | None, now: datetime) -> int:
    left = timedelta() if until is None else until - now
    return math.ceil(min(max(left, timedelta()), IDENTIFY_FOR).total_seconds())


def _moment(ns: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)
