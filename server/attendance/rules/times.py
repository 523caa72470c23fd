"""What the passes of a session say: first in, last out, and every move between them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from server.attendance.rules.carrying import Attended
from server.attendance.rules.facts import Pass, Way
from server.attendance.rules.intervals import Span
from server.attendance.rules.walking import walk
from server.schedules.terms import Mode


class Move(NamedTuple):
    """Somebody went in or out."""

    at: datetime
    entering: bool


@dataclass(frozen=True, slots=True)
class Times:
    """The evidence of one session. `moves`: with PAIRS every entry and exit. `last_seen`: the last pass of all."""

    first_in: datetime | None
    last_out: datetime | None
    arrival: Pass | None
    """The pass of `first_in`; the entry where they were carried over."""
    last_seen: datetime | None
    moves: tuple[Move, ...] = ()


class Pairs(NamedTuple):
    """Moves in pairs. `open_since`: inside at the end since then. `twice`: an entry while inside. `strayed`: an exit while outside."""

    closed: list[Span]
    open_since: datetime | None
    twice: bool
    strayed: bool


def times(attended: Attended) -> Times:
    """First in, last out.

    FIRST_LAST: from the first pass that can lead in to the last one after it that can lead out, unless a door in follows: then they were
    not seen leaving. A door for both leads out only `min_gap_s` after the arrival. PAIRS: from the first entry to the last exit, if the
    last pass was one. Coming back in when it is over takes no exit away. Who was inside from the session before has come at the
    beginning; who stayed for the next one leaves at the end.
    """
    return _pairs(attended) if attended.session.terms.mode is Mode.PAIRS else _first_last(attended)


def _first_last(attended: Attended) -> Times:
    session = attended.session
    passes = [one for one in attended.passes if one.way is not Way.IN or one.at <= session.ends_at]
    arrival = attended.entry or next((one for one in passes if one.way is not Way.OUT), None)
    first_in = session.begins_at if attended.entry else arrival.at if arrival else None
    last_out = session.ends_at if attended.carried_on else _last_out(attended, passes, arrival)
    return Times(first_in, last_out, arrival, _last_seen(attended))


def _last_out(attended: Attended, passes: Sequence[Pass], arrival: Pass | None) -> datetime | None:
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
    while steps and steps[-1].passed.way is Way.IN and steps[-1].passed.at > session.ends_at:
        steps.pop()
    moves = [Move(step.passed.at, step.entering) for step in steps]
    if entry is not None:
        moves.insert(0, Move(session.begins_at, entering=True))
    if attended.carried_on:
        moves = retold(moves, None, session.ends_at)
    begin = next((step.passed for step in steps if step.entering), None)
    return Times(
        first_in=session.begins_at if entry else begin.at if begin else None,
        last_out=moves[-1].at if moves and not moves[-1].entering else None,
        arrival=entry or begin,
        last_seen=_last_seen(attended),
        moves=tuple(moves),
    )


def _last_seen(attended: Attended) -> datetime | None:
    return attended.passes[-1].at if attended.passes else None


def _walked(attended: Attended) -> list[Pass]:
    begins, ends = attended.session.begins_at, attended.session.ends_at
    return [one for one in attended.passes if (attended.entry is None or one.at >= begins) and (not attended.carried_on or one.at <= ends)]


def retold(moves: Sequence[Move], first_in: datetime | None, last_out: datetime | None) -> list[Move]:
    """The moves, where it is known better when they came or left.

    What lies outside of that is dropped, and a first entry or last exit gives way to the better one; the moves between them stay.
    """
    told = [one for one in moves if (first_in is None or one.at >= first_in) and (last_out is None or one.at <= last_out)]
    if first_in is not None:
        told[: bool(told) and told[0].entering] = [Move(first_in, entering=True)]
    if last_out is not None:
        if told and not told[-1].entering:
            told.pop()
        told.append(Move(last_out, entering=False))
    return told


def paired(moves: Sequence[Move]) -> Pairs:
    """Every exit closes the entry before it. An entry that another one follows counts nothing."""
    closed: list[Span] = []
    since, twice, strayed = None, False, False
    for at, entering in moves:
        if entering:
            twice = twice or since is not None
            since = at
        elif since is None:
            strayed = True
        else:
            closed.append((since, at))
            since = None
    return Pairs(closed, since, twice, strayed)
