"""Who looked at whose record is kept."""

from datetime import datetime

from server.accounts.models import User
from server.audit.models import AuditEntry
from server.audit.services import Target, audit_note
from server.people.models import Person

VIEWED = "person.viewed"


def note_view(*, by: object, person: Person, now: datetime) -> None:
    """Note that an account looked at somebody else's record, at most once an hour."""
    if not isinstance(by, User) or person.account_id == by.pk:
        return
    hour = now.replace(minute=0, second=0, microsecond=0)
    if not AuditEntry.objects.filter(person=person.uuid, actor=by, action=VIEWED, at__gte=hour).exists():
        audit_note(by=by, action=VIEWED, target=Target("person", person.uuid, person.uuid), now=now)
