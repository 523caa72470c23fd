"""What the passes of a session say: first in, last out, and the time between that was spent elsewhere. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.attendance.rules.carrying import Attended
from server.attendance.rules.facts import Pass, Way
from server.attendance.rules.intervals import Span
from server.attendance.rules.walking import Kind, Step, walk
from server.schedules.terms import Mode


@dataclass(frozen=True, slots=True)
class Times:
    """The evidence of one session.

    `gaps`: when they were seen to be elsewhere between first in and last out. `open_since`: when the pair began that never ended, unless
    it is the first one. `last_seen`: the last pass of all.
    """

    first_in: datetime | None = None
    last_out: datetime | None = None
    arrival: Pass | None = None
    """The pass of `first_in`; the entry where they were carried over."""
    last_seen: datetime | None = None
    gaps: tuple[Span, ...] = ()
    open_since: datetime | None = None
    entered_twice: bool = False
    strayed: bool = False
    """An exit without an entry before it."""


def times(attended: Attended) -> Times:
    """First in, last out.

    FIRST_LAST: from the first pass that can lead in to the last one after it that can lead out, unless a door in follows: then they were
    not seen leaving. A door for both leads out only `min_gap_s` after the arrival. PAIRS: from the first entry to the last exit, if the
    last pass was one. Who was inside from the session before has come at the beginning; who stayed for the next one leaves at the end.
    """
    return _pairs(attended) if attended.session.terms.mode is Mode.PAIRS else _first_last(attended)


def _first_last(attended: Attended) -> Times:
    session, passes = attended.session, attended.passes
    arrival = attended.entry or next((one for one in passes if one.way is not Way.OUT), None)
    first_in = session.begins_at if attended.entry else arrival.at if arrival else None
    last_out = session.ends_at if attended.carried_on else _last_out(attended, arrival)
    return Times(first_in, last_out, arrival, passes[-1].at if passes else None)


def _last_out(attended: Attended, arrival: Pass | None) -> datetime | None:
    passes = attended.passes
    if attended.entry:
        leaving = [one.at for one in passes if one.way is not Way.IN and one.at >= attended.session.begins_at]
    elif arrival:
        first, gap = arrival.at, timedelta(seconds=attended.session.terms.min_gap_s)
        leaving = [
            one.at
            for one in passes
            if (one.way is Way.OUT and one.at >= first) or (one.way is Way.BOTH and one is not arrival and one.at - first >= gap)
        ]
    else:
        leaving = [one.at for one in passes]
    if not leaving:
        return None
    last = max(leaving)
    return None if any(one.way is Way.IN and one.at > last for one in passes) else last


def _pairs(attended: Attended) -> Times:
    session, entry = attended.session, attended.entry
    steps = walk(_walked(attended), min_gap_s=session.terms.min_gap_s, inside=entry is not None)
    begin = next((step.passed for step in steps if step.kind in (Kind.ENTRY, Kind.AGAIN)), None)
    first_in = session.begins_at if entry else begin.at if begin else None
    gaps, since = _gaps(steps, first_in if entry else None)
    left = next((step.passed.at for step in reversed(steps) if step.kind in (Kind.EXIT, Kind.STRAY)), None)
    inside = steps[-1].kind in (Kind.ENTRY, Kind.AGAIN) if steps else entry is not None
    return Times(
        first_in=first_in,
        last_out=session.ends_at if attended.carried_on else None if inside else left,
        arrival=entry or begin,
        last_seen=attended.passes[-1].at if attended.passes else None,
        gaps=tuple(gaps),
        open_since=since if since != first_in else None,
        entered_twice=any(step.kind is Kind.AGAIN for step in steps),
        strayed=any(step.kind is Kind.STRAY for step in steps),
    )


def _walked(attended: Attended) -> list[Pass]:
    begins, ends = attended.session.begins_at, attended.session.ends_at
    return [one for one in attended.passes if (attended.entry is None or one.at >= begins) and (not attended.carried_on or one.at <= ends)]


def _gaps(steps: list[Step], inside_since: datetime | None) -> tuple[list[Span], datetime | None]:
    """When they were elsewhere, and since when they are inside at the end. A pair that never ended counts as elsewhere."""
    gaps: list[Span] = []
    since, left = inside_since, None
    for kind, passed in steps:
        if kind is Kind.AGAIN and since is not None:
            gaps.append((since, passed.at))
        elif kind in (Kind.ENTRY, Kind.STRAY) and left is not None:
            gaps.append((left, passed.at))
        since, left = (passed.at, None) if kind in (Kind.ENTRY, Kind.AGAIN) else (None, passed.at)
    return gaps, since
