"""Two sessions of one group at a time: found before the database refuses them, so that the refusal can name the other one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from server.core.errors import Conflict
from server.schedules.models import Session

CONSTRAINT = "session_one_at_a_time_per_group"


@dataclass(frozen=True, slots=True)
class Clash:
    """A session that is wanted, and the one that is in its way."""

    wanted: Session
    other: Session

    def __str__(self) -> str:
        return (
            f"{self.wanted.group} is already expected {_when(self.other)} ({self.other.name}); "
            f"cancel or move that session before {self.wanted.name} is put there."
        )


def clashes_of(wanted: Sequence[Session]) -> list[Clash]:
    """Where sessions of one group would lie over others that are not cancelled, in the order of time; they themselves do not count."""
    if not wanted:
        return []
    others = Session.objects.filter(
        group_id__in={session.group_id for session in wanted},
        cancelled_at__isnull=True,
        begins_at__lt=max(session.ends_at for session in wanted),
        ends_at__gt=min(session.begins_at for session in wanted),
    ).exclude(pk__in=[session.pk for session in wanted if session.pk])
    there = list(others.select_related("site"))
    return [clash for session in sorted(wanted, key=lambda one: one.begins_at) for clash in _against(session, there)]


def _against(session: Session, there: Sequence[Session]) -> Iterator[Clash]:
    for other in there:
        if other.group_id == session.group_id and other.begins_at < session.ends_at and session.begins_at < other.ends_at:
            yield Clash(session, other)


def refuse_clashes(wanted: Sequence[Session]) -> None:
    """Raises Conflict with the first of them in plain words."""
    for clash in clashes_of(wanted)[:1]:
        raise Conflict("overlap", str(clash))


@contextmanager
def clash_in_words() -> Iterator[None]:
    """What somebody else put there in this very moment is refused by the database; this says so."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if CONSTRAINT not in str(error):
            raise
        said = "The group was given another session in this time just now; read the sessions again and choose another time."
        raise Conflict("overlap", said) from error


def _when(session: Session) -> str:
    """In the time of its site."""
    begins, ends = (_local(session, at) for at in (session.begins_at, session.ends_at))
    until = f"{ends:%H:%M}" if ends.date() == begins.date() else f"{ends:%H:%M} the next day"
    return f"on {begins:%A} {begins.day} {begins:%B %Y} from {begins:%H:%M} until {until}"


def _local(session: Session, at: datetime) -> datetime:
    return at.astimezone(session.site.zone)
