"""What marks, passes entered by hand and corrections have in common: about whom, when, and by whom."""

from datetime import datetime, timedelta

from server.accounts.models import User
from server.attendance.models import AttendanceRecord
from server.core.errors import Conflict, Forbidden, Rejected
from server.core.roles import Role
from server.people.models import Membership, Person
from server.people.selectors import is_active, on_day
from server.schedules.models import Session

SLACK = timedelta(hours=12)
"""So far outside of a session's window a time may lie; further away it is a wrong date."""


def is_own(*, person: Person, by: User) -> bool:
    """Whether this is the attendance of the account itself."""
    return person.account_id is not None and person.account_id == by.pk


def refuse_own(*, person: Person, by: User) -> None:
    """Nobody decides about their own attendance, except administrators: in a small place there may be nobody else. Raises Forbidden."""
    if is_own(person=person, by=by) and by.role != Role.ADMIN:
        raise Forbidden("own_attendance", "This is your own attendance; request a correction, and somebody else decides.")


def is_expected(*, person: Person, session: Session) -> bool:
    """Whether the session concerns the person: only then there is a record of it."""
    member = Membership.objects.filter(on_day(session.local_date), person=person, group=session.group_id).exists()
    return member and is_active(person, session.local_date)


def refuse_without_record(*, person: Person, session: Session) -> None:
    """Raises Conflict where there is no record that could be corrected."""
    refuse_cancelled(session)
    if not is_expected(person=person, session=session) and record_of(person=person, session=session) is None:
        raise Conflict(
            "not_expected",
            f"{person.name} was not expected at {session.name} on {session.local_date}, so there is no record to correct; "
            "add the membership for that day first.",
        )


def refuse_cancelled(session: Session) -> None:
    if session.cancelled_at is not None:
        raise Conflict("cancelled", f"{session.name} on {session.local_date} was cancelled; restore it first.")


def refuse_wrong_time(*, name: str, at: datetime | None, session: Session, now: datetime) -> None:
    """Raises Rejected for a time that has not come, or that cannot belong to the session."""
    if at is None:
        return
    if at > now:
        raise _wrong(name, "in_the_future", f"{name} lies in the future; give a time that is over.")
    if not session.window_begins_at - SLACK <= at <= session.window_ends_at + SLACK:
        raise _wrong(name, "far_away", f"{name} lies more than 12 hours away from the session; check the date and the time zone.")


def refuse_wrong_order(*, names: tuple[str, str], first: datetime | None, last: datetime | None) -> None:
    if first is not None and last is not None and last < first:
        raise _wrong(names[1], "wrong_order", f"{names[1]} lies before {names[0]}; check both times.")


def _wrong(name: str, code: str, message: str) -> Rejected:
    return Rejected(code, message, errors={name: [message]})


def required_reason(reason: str) -> str:
    """Raises Rejected for one that says nothing."""
    if not reason.strip():
        raise _wrong("reason", "reason_missing", "Say why: a reason is kept with every such change.")
    return reason.strip()


def record_of(*, person: Person, session: Session) -> AttendanceRecord | None:
    """What is published now."""
    return AttendanceRecord.objects.filter(person=person, session=session, gone_at__isnull=True).first()
