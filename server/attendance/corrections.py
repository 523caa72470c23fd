"""Corrections: somebody wishes for another record, somebody else decides. Approved ones are laid over the record, never into it.

Nobody decides about their own attendance, and nobody approves a request they made themselves: asking is asking for a second pair of eyes.
Administrators may, because a small place may have nobody else; the audit shows it. Staff who may decide can also correct the attendance
of others at once, without a request that waits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.db import connection, transaction
from django.db.models import Max

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionComment, CorrectionState
from server.attendance.corrections_guards import (
    record_of,
    refuse_own,
    refuse_without_record,
    refuse_wrong_order,
    refuse_wrong_time,
    required_reason,
)
from server.attendance.corrections_values import Changes, Values, changes_of, values_of, wished
from server.attendance.marks import SAID
from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.attendance.seals import refuse_sealed
from server.audit.services import Target, audit_note
from server.core.errors import Conflict, Forbidden, LintelError, Rejected
from server.core.roles import Role
from server.people.models import Person
from server.recompute import windows
from server.recompute.services import Window, mark
from server.recompute.why import Why
from server.schedules.models import Session

Verdict = Literal[CorrectionState.APPROVED, CorrectionState.REJECTED]


def correction_request(*, person: Person, session: Session, changes: Changes, reason: str, by: User, now: datetime) -> Correction:
    """Wish for another record; it waits for a decision.

    Raises Rejected for wishes that cannot be, Conflict for a sealed day, a session that does not concern the person or that was cancelled,
    and while another request for the record is open.
    """
    with transaction.atomic():
        row = _new(person, session, changes, reason, by, now)
        _note(row, by, now, action="correction.requested", reason=row.reason, after=wished(changes))
    return row


def correction_make(*, person: Person, session: Session, changes: Changes, reason: str, by: User, now: datetime) -> Correction:
    """Correct somebody else's record at once. Raises as `correction_request` does, and Forbidden for one's own attendance."""
    refuse_own(person=person, by=by)
    with transaction.atomic():
        row = _new(person, session, changes, reason, by, now)
        _approve(row, "", by, now)
        _note(row, by, now, action="correction.made", reason=row.reason, after=wished(changes))
        mark([_window(row)], why=Why.CORRECTION)
    return row


def corrections_decide(*, corrections: Sequence[Correction], verdict: Verdict, reason: str, by: User, now: datetime) -> list[Correction]:
    """Approve or reject requests, all or none; a rejection needs a reason.

    Raises what stands against it; for several, a Conflict whose `errors` say by id what stands against each.
    """
    said = reason.strip() if verdict == CorrectionState.APPROVED else required_reason(reason)
    with transaction.atomic():
        rows = _locked(corrections)
        _refuse_any(rows, verdict, by)
        for row in rows:
            _decide(row, verdict, said, by, now)
        if verdict == CorrectionState.APPROVED:
            mark({_window(row) for row in rows}, why=Why.CORRECTION)
    return rows


def correction_withdraw(*, correction: Correction, by: User, now: datetime) -> Correction:
    """The requester takes an open request back. Raises Forbidden for others, Conflict when it was decided already."""
    with transaction.atomic():
        (row,) = _locked([correction])
        if row.requested_by_id != by.pk:
            raise Forbidden("not_yours", "Only who requested a correction can withdraw it; reject it instead.")
        _refuse_decided(row)
        _turn(row, CorrectionState.WITHDRAWN)
        _note(row, by, now, action="correction.withdrawn")
    return row


def correction_undo(*, correction: Correction, reason: str, by: User, now: datetime) -> Correction:
    """Take an approved correction away again: the record is what it would be without. Raises Conflict, Forbidden, Rejected."""
    said = required_reason(reason)
    with transaction.atomic():
        (row,) = _locked([correction])
        if row.state != CorrectionState.APPROVED:
            raise Conflict("nothing_to_undo", f"This correction is {row.state}, so there is nothing to undo.")
        refuse_own(person=row.person, by=by)
        refuse_sealed(site=row.session.site_id, day=row.session.local_date)
        _turn(row, CorrectionState.UNDONE)
        _note(row, by, now, action="correction.undone", reason=said)
        CorrectionComment.objects.create(correction=row, by=by, at=now, text=f"Undone: {said}")
        mark([_window(row)], why=Why.CORRECTION)
    return row


def comment_add(*, correction: Correction, text: str, by: User, now: datetime) -> CorrectionComment:
    """Write something about a correction, whatever became of it. Raises Rejected for nothing."""
    if not text.strip():
        raise Rejected("empty", "Write something first.", errors={"text": ["Write something first."]})
    with transaction.atomic():
        comment = CorrectionComment.objects.create(correction=correction, by=by, at=now, text=text.strip())
        target = Target("correction", correction.uuid, correction.person.uuid)
        audit_note(by=by, action="correction.commented", target=target, after={"text": comment.text}, now=now)
    return comment


def _new(person: Person, session: Session, changes: Changes, reason: str, by: User, now: datetime) -> Correction:
    said = required_reason(reason)
    Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    refuse_without_record(person=person, session=session)
    refuse_sealed(site=session.site_id, day=session.local_date)
    published = record_of(person=person, session=session)
    _refuse_changes(changes, session, published, now)
    if Correction.objects.filter(person=person, session=session, state=CorrectionState.REQUESTED).exists():
        raise Conflict("open_already", "A correction of this record waits for a decision already; comment on it, or withdraw it first.")
    return Correction.objects.create(
        person=person,
        session=session,
        to_state="" if changes.state is None else changes.state.value,
        to_first_in=changes.first_in,
        to_last_out=changes.last_out,
        to_note=changes.note,
        before=values_of(published),
        reason=said,
        requested_by=by,
        requested_at=now,
    )


def _refuse_changes(changes: Changes, session: Session, published: AttendanceRecord | None, now: datetime) -> None:
    if changes == Changes():
        raise Rejected("no_change", "Say what should change: the state, a time or the note.")
    if now < session.window_begins_at:
        raise Conflict("not_begun", "The session has not begun, so there is nothing to correct yet; enter leave instead.")
    times = changes.first_in, changes.last_out
    if changes.state is not None and changes.state not in SAID:
        raise Rejected("no_such_state", "A record is corrected to present, absent or excused.", errors={"state": ["no such state"]})
    if changes.state in {State.ABSENT, State.EXCUSED} and times != (None, None):
        message = "Somebody who was not there has no times; leave them out, or make the state present."
        raise Rejected("times_of_nobody", message, errors={"state": [message]})
    for name, at in zip(("first_in", "last_out"), times, strict=True):
        refuse_wrong_time(name=name, at=at, session=session, now=now)
    if times != (None, None):
        known = (None, None) if published is None else (published.first_in, published.last_out)
        refuse_wrong_order(names=("first_in", "last_out"), first=times[0] or known[0], last=times[1] or known[1])


def _locked(corrections: Sequence[Correction]) -> list[Correction]:
    """As they are now, held until the transaction ends."""
    rows = Correction.objects.select_for_update(of=("self",), no_key=True).select_related("person", "session")
    return list(rows.filter(pk__in=[row.pk for row in corrections]).order_by("pk"))


def _refuse_any(rows: Sequence[Correction], verdict: Verdict, by: User) -> None:
    refusals: dict[str, LintelError] = {}
    for row in rows:
        try:
            _refuse_one(row, verdict, by)
        except LintelError as refusal:
            refusals[str(row.uuid)] = refusal
    if not refusals:
        return
    if len(rows) == 1:
        raise next(iter(refusals.values()))
    errors = {name: [str(refusal)] for name, refusal in refusals.items()}
    raise Conflict("not_all", f"Nothing was decided: {len(refusals)} of {len(rows)} cannot be. Leave those out.", errors=errors)


def _refuse_one(row: Correction, verdict: Verdict, by: User) -> None:
    _refuse_decided(row)
    refuse_own(person=row.person, by=by)
    if row.requested_by_id == by.pk and by.role != Role.ADMIN:
        raise Forbidden("own_request", "You made this request yourself, so somebody else decides; you can withdraw it.")
    if verdict == CorrectionState.APPROVED:
        refuse_without_record(person=row.person, session=row.session)
        refuse_sealed(site=row.session.site_id, day=row.session.local_date)


def _refuse_decided(row: Correction) -> None:
    if row.state != CorrectionState.REQUESTED:
        raise Conflict("decided_already", f"This request is {row.state} already; look at it again.")


def _decide(row: Correction, verdict: Verdict, reason: str, by: User, now: datetime) -> None:
    if verdict == CorrectionState.APPROVED:
        _approve(row, reason, by, now)
    else:
        row.decided_by, row.decided_at, row.decision_reason = by, now, reason
        _turn(row, CorrectionState.REJECTED)
    _note(row, by, now, action=f"correction.{row.state}", reason=reason, after=wished(changes_of(row)))


def _approve(row: Correction, reason: str, by: User, now: datetime) -> None:
    row.decided_by, row.decided_at, row.decision_reason, row.approval = by, now, reason, _next_approval()
    _turn(row, CorrectionState.APPROVED)


def _next_approval() -> int:
    """The next number; who approves at the same time waits until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('approvals of corrections', 0))")
    return (Correction.objects.aggregate(newest=Max("approval"))["newest"] or 0) + 1


def _turn(row: Correction, state: CorrectionState) -> None:
    row.state = state
    row.version += 1
    row.save(update_fields=["state", "version", "decided_by", "decided_at", "decision_reason", "approval"])


def _note(row: Correction, by: User, now: datetime, *, action: str, reason: str = "", after: Values | None = None) -> None:
    before = values_of(record_of(person=row.person, session=row.session))
    audit_note(
        by=by, action=action, target=Target("correction", row.uuid, row.person.uuid), reason=reason, before=before, after=after, now=now
    )


def _window(row: Correction) -> Window:
    return windows.person_day(site=row.session.site_id, day=row.session.local_date, person=row.person_id)
