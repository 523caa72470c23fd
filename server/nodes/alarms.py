"""Alarms about nodes: what only a person can put right. Raised by services, resolved by staff."""

from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from server.accounts.models import User
from server.nodes.models import AlarmKind, Node, NodeAlarm

MAX_DETAIL = 200
WHAT_TO_DO: dict[str, str] = {
    AlarmKind.CLONED: "Find out which computer hangs at the door. Take the other one away, then replace the card of the right one: "
    "that ends the copy's token.",
    AlarmKind.ROLLED_BACK: "If somebody restored its card from an image, nothing is lost and all is well again: resolve this. "
    "If nobody did, a second copy of the card is about: replace its card.",
    AlarmKind.CONFLICT: "Two copies of the card have recorded passes. Nothing of either is lost once the node has a new epoch; "
    "if this goes on, take the copy away and replace the card.",
    AlarmKind.OLD_TOKEN: "Somebody has an old copy of its card. If you restored the card from an image, replace the card now; "
    "otherwise find out who else had it in hands.",
    AlarmKind.CONTESTED: "Nothing is accepted from it, because two computers used its claim token. Find out who the second one was. "
    "If it was a mistake, an administrator unfreezes the node and then replaces its card; otherwise revoke it and make a new claim.",
}
log = structlog.get_logger(__name__)


def alarm_raise(node: Node, kind: AlarmKind, detail: str, *, now: datetime) -> None:
    """Open an alarm, or count the open one of this kind once more."""
    told = detail[:MAX_DETAIL]
    log.error("node_alarm", node=str(node.uuid), kind=str(kind), detail=told)
    if _counted(node, kind, told, now):
        return
    try:
        with transaction.atomic():
            NodeAlarm.objects.create(node=node, kind=kind, detail=told, first_at=now, last_at=now)
    except IntegrityError:  # another request has just opened it
        _counted(node, kind, told, now)


def _counted(node: Node, kind: AlarmKind, detail: str, now: datetime) -> int:
    still_open = NodeAlarm.objects.filter(node=node, kind=kind, resolved_at__isnull=True)
    return still_open.update(count=F("count") + 1, last_at=now, detail=detail)


def alarm_resolve(alarm: NodeAlarm, *, by: User | None, note: str, now: datetime) -> NodeAlarm:
    """Say that it was dealt with. Repeating changes nothing; if the cause is still there, it opens anew."""
    still_open = NodeAlarm.objects.filter(pk=alarm.pk, resolved_at__isnull=True)
    if still_open.update(resolved_at=now, resolved_by=by, note=note):
        log.info("node_alarm_resolved", alarm=str(alarm.uuid), by=str(by.uuid) if by else None)
    alarm.refresh_from_db()
    return alarm
