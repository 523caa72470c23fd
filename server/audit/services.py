"""Noting what people did, in the transaction in which they did it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from server.audit.models import AuditEntry

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Target:
    """What something was done to, and whose data it is about."""

    kind: str
    uuid: UUID | None = None
    person: UUID | None = None


def audit_note(  # noqa: PLR0913 (an entry has so many sides)
    *,
    by: AbstractBaseUser | None,
    action: str,
    target: Target,
    now: datetime,
    reason: str = "",
    before: Values | None = None,
    after: Values | None = None,
) -> AuditEntry:
    """Add an entry. Values are JSON: times and ids as text. `by` None: the server did it by itself."""
    return AuditEntry.objects.create(
        at=now,
        actor_id=None if by is None else by.pk,
        actor_name="" if by is None else by.get_username(),
        action=action,
        target_kind=target.kind,
        target=target.uuid,
        person=target.person,
        reason=reason,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
    )
