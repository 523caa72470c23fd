"""What staff say, over what was seen: the newest manual mark, and every approved correction in the order of approval. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from server.attendance.rules.facts import CorrectionFact, MarkFact, Method, State
from server.attendance.rules.judging import Case, Known, judge
from server.attendance.rules.records import Excuse, SessionRecord


@dataclass(frozen=True, slots=True)
class Said:
    """What staff say in the end; None: nothing."""

    state: State | None = None
    first_in: datetime | None = None
    last_out: datetime | None = None
    note: str | None = None
    mark: int | None = None
    corrections: tuple[int, ...] = ()


def said(marks: Iterable[MarkFact], corrections: Iterable[CorrectionFact]) -> Said:
    """Fold the marks and corrections of one session.

    A time says that somebody was there, unless the same correction says otherwise; times count only where staff say present.
    """
    result = Said()
    newest = max(marks, key=lambda one: one.key, default=None)
    if newest is not None:
        result = replace(result, state=newest.state, note=newest.note, mark=newest.key)
        if newest.state is State.PRESENT:
            result = replace(result, first_in=newest.arrived_at, last_out=newest.left_at)
    for one in sorted(corrections, key=lambda one: one.key):
        result = _corrected(result, one)
    return result


def _corrected(so_far: Said, one: CorrectionFact) -> Said:
    timed = one.first_in is not None or one.last_out is not None
    state = one.state or (State.PRESENT if timed else so_far.state)
    present = state is State.PRESENT
    return replace(
        so_far,
        state=state,
        first_in=one.first_in if present and one.first_in is not None else so_far.first_in,
        last_out=one.last_out if present and one.last_out is not None else so_far.last_out,
        note=so_far.note if one.note is None else one.note,
        corrections=(*so_far.corrections, one.key),
    )


def laid_over(record: SessionRecord, case: Case, by: Said) -> SessionRecord:
    """The record with what staff say. It is decided, and manual, as soon as they say a state or a time; a note alone is only noted."""
    record = replace(record, note=by.note or "", mark=by.mark, corrections=by.corrections)
    if by.state is None:
        return record
    if by.state is State.PRESENT:
        return _there(record, case, by)
    return replace(
        record,
        state=by.state,
        decided=True,
        late_by_s=None,
        late_uncertain=False,
        left_early_by_s=None,
        early_uncertain=False,
        half_day=False,
        worked_s=None,
        first_in=None,
        last_out=None,
        method=Method.MANUAL,
        excuse=Excuse.STAFF if by.state is State.EXCUSED else None,
        problems=(),
    )


def _there(record: SessionRecord, case: Case, by: Said) -> SessionRecord:
    """Present, by what staff say: their times where they say any, those seen otherwise. It is never too short."""
    known = Known(
        by.first_in or case.seen.first_in,
        by.last_out or case.seen.last_out,
        decided=True,
        arrival_said=by.first_in is not None,
        leaving_said=by.last_out is not None,
    )
    judged = judge(case, known)
    return replace(
        record,
        state=State.PRESENT,
        decided=True,
        late_by_s=judged.late_by_s,
        late_uncertain=judged.late_uncertain,
        left_early_by_s=judged.left_early_by_s,
        early_uncertain=judged.early_uncertain,
        half_day=judged.half_day,
        worked_s=judged.worked_s,
        first_in=known.first_in,
        last_out=known.last_out,
        method=Method.MANUAL,
        excuse=None,
        problems=judged.problems,
    )
