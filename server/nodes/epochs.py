"""Epochs for nodes that found their numbers used up by another copy of themselves, and the boots that give a copy away."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from server.core.errors import Rejected
from server.nodes.alarms import alarm_raise
from server.nodes.clocks import TIMES
from server.nodes.models import AlarmKind, EpochGrant, Node, NodeBoot
from server.recompute.services import Window, mark
from shared_schema.node import EpochAnswer, EpochRequest

REASONABLE_LEAD = 1_000
"""A node mints an epoch when its outbox is made or salvaged: one that is so far ahead of what the server knows is not believed."""


KEPT_BOOTS = 200
"""Boots of a node that are remembered: copies that run are heard in turns, not after hundreds of boots."""


def epoch_grant(node: Node, request: EpochRequest, *, now: datetime) -> EpochAnswer:
    """An epoch nobody else was given. The same request gets the same answer. Rejected: epoch_not_believed."""
    with transaction.atomic():
        locked = Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        asked = {"node": locked, "boot_id": request.boot_id, "epoch": request.epoch, "last_seq": request.last_seq}
        known = EpochGrant.objects.filter(**asked).first()
        if known is not None:
            return EpochAnswer(epoch=known.granted)
        if not is_believed(locked, request.epoch):
            raise Rejected("epoch_not_believed", f"This node cannot be in epoch {request.epoch}; replace its card.")
        granted = max(locked.next_epoch, request.epoch + 1)
        EpochGrant.objects.create(**asked, granted=granted, granted_at=now)
        mark([Window(TIMES, f"{locked.pk}:*:*")])  # the order of these records tells no time any more
        Node.objects.filter(pk=locked.pk).update(next_epoch=granted + 1)
        alarm_raise(locked, AlarmKind.ROLLED_BACK, f"was in epoch {request.epoch} at {request.last_seq}, goes on in {granted}", now=now)
    return EpochAnswer(epoch=granted)


def is_believed(node: Node, epoch: int) -> bool:
    """Whether a node that this much is known of can be in that epoch."""
    return epoch <= node.next_epoch + REASONABLE_LEAD


def boot_seen(node: Node, boot_id: UUID, *, now: datetime) -> None:
    """Note a boot. When an earlier one is heard again after another, two copies of the node are running. In the caller's transaction."""
    if node.boot_id == boot_id:
        return
    _, is_new = NodeBoot.objects.get_or_create(node=node, boot_id=boot_id, defaults={"first_at": now})
    if is_new:
        old = list(NodeBoot.objects.filter(node=node).order_by("-id").values_list("id", flat=True)[KEPT_BOOTS : KEPT_BOOTS + 1])
        NodeBoot.objects.filter(node=node, id__lte=max(old, default=0)).delete()
    else:
        alarm_raise(node, AlarmKind.CLONED, f"boots {node.boot_id} and {boot_id} are heard in turns", now=now)
