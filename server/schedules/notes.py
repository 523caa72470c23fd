"""What staff did to schedules and the rest, for the audit: plain values before and after."""

from datetime import date, datetime, time
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from server.audit.services import Target, Values, audit_note
from server.core.models import PublicModel

Said = dict[str, object]
NOT_SAID = frozenset({"id", "uuid", "version", "created_at", "changed_at", "created_by", "made_until", "covered_at", "given_up_at"})


def said(row: Model) -> Said:
    """The values of a row as JSON: other things by their names, doors in order."""
    found: Said = {field.name: _plain(getattr(row, field.name)) for field in row._meta.fields if field.name not in NOT_SAID}  # noqa: SLF001
    for many in row._meta.many_to_many:  # noqa: SLF001
        found[many.name] = sorted(str(other) for other in getattr(row, many.name).all())
    return found


def _plain(value: object) -> object:
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Model | UUID) else value


def noted(
    action: str, row: PublicModel, *, by: AbstractBaseUser | None, now: datetime, before: Values | None = None, person: UUID | None = None
) -> None:
    """Add to the audit what was done to a row, as it is now."""
    kind = action.split(".", maxsplit=1)[0]
    audit_note(by=by, action=action, target=Target(kind, row.uuid, person), now=now, before=before, after=said(row))
