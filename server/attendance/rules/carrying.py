"""Still there from the session before: whoever stays through several sessions in a row is not seen coming to each of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from server.attendance.rules.attribution import Held
from server.attendance.rules.facts import Pass, SessionFact, Way
from server.attendance.rules.walking import walk


@dataclass(frozen=True, slots=True)
class Attended:
    """A session and what of the person was seen at it, in order."""

    session: SessionFact
    passes: tuple[Pass, ...]
    entry: Pass | None = None
    """They were inside already when it began, since this pass."""
    carried_on: bool = False
    """They stayed for the session after it."""

    @property
    def seen(self) -> bool:
        return bool(self.passes) or self.entry is not None


def carried(sessions: Sequence[SessionFact], held: Sequence[Held]) -> list[Attended]:
    """Carry people from session to session.

    A session is *reached* from the one before if that ends not longer before it than its margin, a door serves both, and the passes at
    such doors before its beginning leave the person inside, since a pass not later than the end of the one before. A reached session is
    *carried* if a pass that can lead out is seen from its beginning on; or if nothing is seen from then on and the next one is
    carried (they sat through the middle one of three).
    """
    entries: list[Pass | None] = [None] * len(sessions)
    for place in range(len(sessions) - 1):
        entries[place + 1] = _reached(sessions[place], sessions[place + 1], (held[place], held[place + 1]), entries[place])
    stays = [False] * (len(sessions) + 1)
    for place in reversed(range(len(sessions))):
        later = [one for one in held[place].values() if one.at >= sessions[place].begins_at]
        leaving = any(one.way is not Way.IN for one in later)
        stays[place] = entries[place] is not None and (leaving or (not later and stays[place + 1]))
    return [
        Attended(
            session=session,
            passes=tuple(held[place].values()),
            entry=entries[place] if stays[place] else None,
            carried_on=stays[place + 1],
        )
        for place, session in enumerate(sessions)
    ]


def _reached(before: SessionFact, after: SessionFact, held: tuple[Held, Held], entry: Pass | None) -> Pass | None:
    """The pass since which the person is inside when `after` begins. `entry`: that of `before`, if it was reached itself."""
    apart = after.begins_at - before.ends_at
    if apart < timedelta(0) or apart > timedelta(seconds=after.terms.before_s) or not (held[0] or entry):
        return None
    doors = {one.door for one in before.serving} & {one.door for one in after.serving}
    if not doors:
        return None
    mine, theirs = ([one for one in some.values() if one.door in doors and one.at < after.begins_at] for some in held)
    if not mine and entry is None:
        return None
    passes = sorted({one.id: one for one in (*mine, *theirs)}.values(), key=lambda one: (one.at, one.id))
    if entry is not None:
        passes = [one for one in passes if one.at >= before.begins_at]
    for step in walk(passes, min_gap_s=before.terms.min_gap_s, inside=entry is not None):
        entry = step.passed if step.entering else None
    return entry if entry is not None and entry.at <= before.ends_at else None
