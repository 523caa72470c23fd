"""Which passes belong to which session: by the time they really happened, over the session before, this one and the next. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from server.attendance.rules.facts import Pass, SessionFact, Way
from server.attendance.rules.intervals import Span
from server.attendance.rules.walking import in_order, walk

_NOTHING: frozenset[str] = frozenset()

Held = dict[str, Pass]
"""Passes by id, in order of time and id."""


def windows(sessions: Sequence[SessionFact]) -> list[Span]:
    """The windows of a person's sessions (in order): passes in them, both ends included, can count.

    A window is the session and its margins. The margin after a session reaches at most into the first quarter of the next one, the margin
    before a session at most into the last quarter of the one before, and a window always holds its session.
    """
    begins = [one.begins_at - timedelta(seconds=one.terms.before_s) for one in sessions]
    ends = [one.ends_at + timedelta(seconds=one.terms.after_s) for one in sessions]
    for place in range(len(sessions) - 1):
        this, following = sessions[place], sessions[place + 1]
        ends[place] = max(this.ends_at, min(ends[place], following.begins_at + _quarter(following)))
        begins[place + 1] = min(following.begins_at, max(begins[place + 1], this.ends_at - _quarter(this)))
    return list(zip(begins, ends, strict=True))


def _quarter(session: SessionFact) -> timedelta:
    return (session.ends_at - session.begins_at) // 4


def candidates(session: SessionFact, window: Span, passes: Sequence[Pass], times: Sequence[datetime]) -> Held:
    """The passes in the window at doors that serve the session then. `passes` are in order, `times` are theirs.

    Coming in when it was over, or leaving before it began, is no evidence: where there is nothing else, there is nothing.
    """
    near = passes[bisect_left(times, window[0]) : bisect_right(times, window[1])]
    if not near:
        return {}
    always = {one.door for one in session.serving if one.begins_at <= window[0] and window[1] <= one.ends_at}
    held = {one.id: one for one in near if one.door in always or _served(session, one)}
    return held if any(_there(one, session) for one in held.values()) else {}


def _served(session: SessionFact, passed: Pass) -> bool:
    return any(one.door == passed.door and one.begins_at <= passed.at <= one.ends_at for one in session.serving)


def _there(passed: Pass, session: SessionFact) -> bool:
    if passed.way is Way.IN:
        return passed.at <= session.ends_at
    return passed.way is Way.BOTH or passed.at >= session.begins_at


def attributed(sessions: Sequence[SessionFact], held: Sequence[Held]) -> list[Held]:
    """What remains of each session's candidates when passes that two sessions in a row could claim are given to the right one.

    All decisions are taken on the unchanged candidates. Sessions that overlap each other share what they have.
    """
    losses: list[set[str]] = [set() for _ in sessions]
    for place in range(len(sessions) - 1):
        if sessions[place + 1].begins_at >= sessions[place].ends_at:
            before, after = _contested(sessions[place : place + 2], held[place], held[place + 1])
            losses[place] |= before
            losses[place + 1] |= after
    return [{key: one for key, one in mine.items() if key not in lost} if lost else mine for mine, lost in zip(held, losses, strict=True)]


def _contested(sessions: Sequence[SessionFact], before: Held, after: Held) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """What each of two sessions in a row loses to the other.

    Arrival: somebody whose passes near the earlier one all lie in the later one's window, the first not leading out, came for the later.
    Departure: somebody who was at the earlier one, and near the later only where both claim, without a door in, was leaving.
    Otherwise entries after the end of the earlier one belong to the later, exits before the beginning of the later one to the earlier, and
    every other pass counts for both.
    """
    shared = before.keys() & after.keys()
    if not shared:
        return _NOTHING, _NOTHING
    if len(shared) == len(before):
        if next(iter(before.values())).way is not Way.OUT:
            return shared, _NOTHING
    elif len(shared) == len(after) and all(one.way is not Way.IN for one in after.values()):
        return _NOTHING, shared
    return _told_apart(sessions, before, after)


def _told_apart(sessions: Sequence[SessionFact], before: Held, after: Held) -> tuple[AbstractSet[str], AbstractSet[str]]:
    ends, begins = sessions[0].ends_at, sessions[1].begins_at
    passes = in_order((before | after).values())
    entries, exits = set(), set()
    for _, passed, entering in walk(passes, min_gap_s=sessions[0].terms.min_gap_s, doubles=True):
        if passed.id in before and passed.id in after:
            if entering and passed.at > ends:
                entries.add(passed.id)
            elif not entering and passed.at < begins:
                exits.add(passed.id)
    return entries, exits
