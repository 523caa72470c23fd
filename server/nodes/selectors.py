"""Reading nodes with what belongs to them, in a fixed number of queries."""

from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from server.nodes.models import Mount, Node, NodeAlarm, NodeSettingsRevision
from shared_schema.node import NodeSettings

NEWEST = "newest_settings"
OPEN_ALARMS = "open_alarms"


def mounted_now(now: datetime) -> QuerySet[Mount]:
    """The mounts that hold now."""
    return Mount.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now)


def time_zone_of(node: Node, now: datetime) -> str | None:
    """That of the site the node hangs at; None where it hangs at none."""
    return mounted_now(now).filter(node=node).values_list("door__site__time_zone", flat=True).first()


def settings_of(node: Node) -> NodeSettings:
    """What the node is told now: its highest revision, or the defaults."""
    return _settings_in(NodeSettingsRevision.objects.filter(node=node).order_by("-revision").first())


def _settings_in(row: NodeSettingsRevision | None) -> NodeSettings:
    return NodeSettings() if row is None else NodeSettings.model_validate({**row.body, "revision": row.revision})


def with_newest_settings() -> "Prefetch[str, QuerySet[NodeSettingsRevision], str]":
    """For `prefetch_related`: the newest settings of each node."""
    newest = NodeSettingsRevision.objects.order_by("node_id", "-revision").distinct("node_id")
    return Prefetch("settings_revisions", newest, to_attr=NEWEST)


def with_open_alarms() -> "Prefetch[str, QuerySet[NodeAlarm], str]":
    """For `prefetch_related`: the open alarms of each node."""
    return Prefetch("alarms", NodeAlarm.objects.filter(resolved_at__isnull=True), to_attr=OPEN_ALARMS)


def wanted_settings(node: Node) -> NodeSettings:
    """What a node read with `with_newest_settings` is told; of any other node they are fetched."""
    rows = getattr(node, NEWEST, None)
    return settings_of(node) if rows is None else _settings_in(rows[0] if rows else None)


def open_alarms(node: Node) -> list[NodeAlarm]:
    """The open alarms of a node read with `with_open_alarms`."""
    return list(getattr(node, OPEN_ALARMS, ()))
