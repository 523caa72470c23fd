"""Discrepancies: what contradicts a sealed record. Staff look at them; the record stays until its seal is lifted."""

from datetime import datetime

from django.db import transaction

from server.accounts.models import User
from server.attendance.seal_models import Discrepancy, DiscrepancyState
from server.audit.services import Target, audit_note
from server.core.errors import Conflict


def discrepancy_acknowledge(*, discrepancy: Discrepancy, note: str, by: User, now: datetime) -> Discrepancy:
    """Staff have seen it and leave the record as it is. Raises Conflict if it is no longer open."""
    with transaction.atomic():
        locked = Discrepancy.objects.select_for_update(of=("self",), no_key=True).select_related("person", "site").get(pk=discrepancy.pk)
        if locked.state == DiscrepancyState.GONE:
            raise Conflict("gone", "The facts agree with the sealed record again; there is nothing to acknowledge.")
        if locked.state == DiscrepancyState.ACKNOWLEDGED:
            raise Conflict("acknowledged_already", "Somebody has acknowledged it already.")
        locked.state, locked.acknowledged_by, locked.acknowledged_at, locked.note = DiscrepancyState.ACKNOWLEDGED, by, now, note
        locked.save(update_fields=["state", "acknowledged_by", "acknowledged_at", "note"])
        audit_note(
            by=by,
            action="discrepancy.acknowledged",
            target=Target("discrepancy", locked.uuid, locked.person.uuid),
            reason=note,
            before=locked.published,
            after=locked.derived,
            now=now,
        )
    return locked
