"""Noting what people did, in the transaction in which they did it."""

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class Note:
    """What was done to one thing: why, and how it was before and after. Values are JSON: times and ids as text."""

    target: Target
    reason: str = ""
    before: Values | None = None
    after: Values | None = None


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
    (entry,) = audit_notes(by=by, action=action, notes=[Note(target, reason, before, after)], now=now)
    return entry


def audit_notes(*, by: AbstractBaseUser | None, action: str, notes: Iterable[Note], now: datetime) -> list[AuditEntry]:
    """Add an entry for each of many things to which the same was done at once."""
    actor, name = (None, "") if by is None else (by.pk, by.get_username())
    return AuditEntry.objects.bulk_create(
        AuditEntry(
            at=now,
            actor_id=actor,
            actor_name=name,
            action=action,
            target_kind=note.target.kind,
            target=note.target.uuid,
            person=note.target.person,
            reason=note.reason,
            before=None if note.before is None else dict(note.before),
            after=None if note.after is None else dict(note.after),
        )
        for note in notes
    )
