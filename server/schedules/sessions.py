"""Single sessions: lectures of their own, and what staff change by hand."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from server.core.errors import Rejected
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why
from server.schedules.clashes import clash_in_words, refuse_clashes
from server.schedules.models import Kind, Session
from server.schedules.notes import noted, said
from server.schedules.planning import session_fill, touch
from server.schedules.schedule_values import FIRST_DAY, LAST_DAY, MOST_BREAKS, Values, doors_at
from server.schedules.term_values import terms_read
from server.schedules.terms import Terms
from server.schedules.times import Span
from server.sites.models import Door

PLAIN = ("name", "kind", "site", "group")
LONGEST = timedelta(days=1)


def lecture_create(*, values: Values, by: AbstractBaseUser | None, now: datetime) -> Session:
    """A session of its own, without a schedule: name, site, group, begins_at, ends_at, and if wanted kind, doors, breaks and terms.

    Raises Rejected for values, Conflict where the group is expected elsewhere in that time.
    """
    session = Session(kind=Kind.LECTURE)
    with transaction.atomic():
        _fill(session, values)
        refuse_clashes([session])
        with clash_in_words():
            session.save()
        _doors(session, values)
        mark([windows.session(session.pk)], why=Why.SCHEDULE)
        noted("session.made", session, by=by, now=now)
    return session


def session_update(*, session: Session, changes: Values, by: AbstractBaseUser | None, now: datetime) -> Session:
    """Change one session by hand; its schedule leaves it alone from then on. Raises Rejected or Conflict."""
    with transaction.atomic():
        found = session_locked(session)
        before, day = said(found), found.local_date
        _fill(found, changes)
        if found.schedule_id is not None and found.local_date != day:
            raise _wrong("begins_at", "A session of a schedule stays on its day; cancel it and make a lecture on the other day.")
        found.detached = True
        found.covered_at = found.given_up_at = None
        if found.cancelled_at is None:
            refuse_clashes([found])
        _saved(found, now)
        _doors(found, changes)
        noted("session.changed", found, by=by, now=now, before=before)
    return found


def session_cancel(*, session: Session, by: AbstractBaseUser | None, now: datetime) -> Session:
    """Nobody is expected there any more. Cancelling twice is cancelling once."""
    with transaction.atomic():
        found = session_locked(session)
        if found.cancelled_at is not None and found.detached:
            return found
        before = said(found)
        found.cancelled_at, found.detached = found.cancelled_at or now, True
        _saved(found, now)
        noted("session.cancelled", found, by=by, now=now, before=before)
    return found


def session_restore(*, session: Session, by: AbstractBaseUser | None, now: datetime) -> Session:
    """The session takes place after all. Raises Conflict where the group is expected elsewhere by now."""
    with transaction.atomic():
        found = session_locked(session)
        if found.cancelled_at is None:
            return found
        before = said(found)
        found.cancelled_at, found.detached = None, True
        refuse_clashes([found])
        _saved(found, now)
        noted("session.restored", found, by=by, now=now, before=before)
    return found


def session_locked(session: Session) -> Session:
    """The row as it is now, locked."""
    return Session.objects.select_for_update(of=("self",)).select_related("site", "group", "schedule").get(pk=session.pk)


def _saved(session: Session, now: datetime) -> None:
    touch(session, now)
    with clash_in_words():
        session.save()
    mark([windows.session(session.pk)], why=Why.SCHEDULE)


def _fill(session: Session, values: Values) -> None:
    for name in PLAIN:
        if name in values:
            setattr(session, name, values[name])
    session.name = session.name.strip()
    if not session.name:
        raise _wrong("name", "Give the session a name.")
    begins_at, ends_at = (_moment(values.get(name, getattr(session, name)), name) for name in ("begins_at", "ends_at"))
    if not begins_at < ends_at <= begins_at + LONGEST:
        raise _wrong("ends_at", "A session ends after it began, and at most 24 hours later.")
    session.local_date = begins_at.astimezone(session.site.zone).date()
    breaks = _breaks(values.get("breaks", session.breaks), begins_at, ends_at)
    terms = terms_read(values.get("terms", {}), terms_read(session.terms, Terms()))
    session_fill(session, Span(begins_at, ends_at, breaks), terms)


def _doors(session: Session, values: Values) -> None:
    given = values.get("doors")
    if isinstance(given, Iterable):
        session.doors.set(doors_at(session.site, [door for door in given if isinstance(door, Door)]))
    else:
        doors_at(session.site, session.doors.all())


def _moment(value: object, field: str) -> datetime:
    """A time of this century, in whole seconds."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise _wrong(field, "Write the time with its offset from UTC, such as 2026-11-20T09:00:00+01:00.")
    if not FIRST_DAY < date(at.year, at.month, at.day) < LAST_DAY:
        raise _wrong(field, f"Use a time between {FIRST_DAY} and {LAST_DAY}.")
    return at.astimezone(UTC).replace(microsecond=0)


def _breaks(given: object, begins_at: datetime, ends_at: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Pairs of moments within the session, in order and apart from each other."""
    pairs = []
    reached = begins_at
    for item in given if isinstance(given, list | tuple) else []:
        if not isinstance(item, list | tuple) or len(item) != 2:
            raise _wrong("breaks", "Write each break as two times: from, until.")
        begin, end = (_moment(at, "breaks") for at in item)
        if not reached <= begin < end <= ends_at:
            raise _wrong("breaks", "The breaks lie within the session, one after the other; move those that do not.")
        pairs.append((begin, end))
        reached = end
    if len(pairs) > MOST_BREAKS:
        raise _wrong("breaks", f"Use at most {MOST_BREAKS} breaks.")
    return tuple(pairs)


def _wrong(field: str, sentence: str) -> Rejected:
    return Rejected("invalid", sentence, errors={field: [sentence]})
