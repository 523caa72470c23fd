"""Was a door looked at all the time? Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta

from server.attendance.rules.facts import Covered, SessionFact, Way
from server.attendance.rules.intervals import Span, merged


class Looked:
    """The coverage of doors, asked for by interval."""

    __slots__ = ("_raw", "_unions")

    def __init__(self, covered: Iterable[Covered]) -> None:
        self._raw: dict[int, list[Span]] = {}
        self._unions: dict[int, tuple[list[datetime], list[datetime]]] = {}
        for one in covered:
            self._raw.setdefault(one.door, []).append((one.begins_at, one.ends_at))

    def throughout(self, door: int, begins_at: datetime, ends_at: datetime) -> bool:
        """Whether the door was looked at in this whole interval. An empty one always was."""
        if begins_at >= ends_at:
            return True
        begins, ends = self._union(door)
        place = bisect_right(begins, begins_at) - 1
        return place >= 0 and ends[place] >= ends_at

    def _union(self, door: int) -> tuple[list[datetime], list[datetime]]:
        known = self._unions.get(door)
        if known is None:
            union = merged(self._raw.get(door, ()))
            known = self._unions[door] = ([begins for begins, _ in union], [ends for _, ends in union])
        return known


def covered(session: SessionFact, looked: Looked) -> bool:
    """Whether nobody can have come to the session unseen.

    Every serving door was looked at from the margin before the beginning until the end, in the part in which it serves. A session
    that no door serves in any part of that time is not covered: nothing was looked at.
    """
    opens = session.begins_at - timedelta(seconds=session.terms.before_s)
    served = False
    for serving in session.serving:
        begins, ends = max(serving.begins_at, opens), min(serving.ends_at, session.ends_at)
        if begins < ends:
            served = True
            if not looked.throughout(serving.door, begins, ends):
                return False
    return served


def entrance_missed(session: SessionFact, looked: Looked, until: datetime) -> bool:
    """Whether a door that leads in was unseen at some time from the margin before the beginning until then."""
    opens = session.begins_at - timedelta(seconds=session.terms.before_s)
    return any(
        not looked.throughout(serving.door, max(serving.begins_at, opens), min(serving.ends_at, until))
        for serving in session.serving
        if serving.way is not Way.OUT
    )


def exit_missed(session: SessionFact, looked: Looked, since: datetime) -> bool:
    """Whether a door that leads out was unseen at some time since then, until the end."""
    return any(
        not looked.throughout(serving.door, max(serving.begins_at, since), min(serving.ends_at, session.ends_at))
        for serving in session.serving
        if serving.way is not Way.IN
    )
