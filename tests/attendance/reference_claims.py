"""Which passes count for which session, once more."""

from datetime import datetime, timedelta
from itertools import pairwise

from server.attendance.rules.facts import DayFacts, Pass, SessionFact, Way
from tests.attendance.reference_carrying import Claim, carried_over
from tests.attendance.reference_walk import walk


def applies(facts: DayFacts, session: SessionFact) -> bool:
    day = session.local_date
    if session.cancelled:
        return False
    if facts.active_from is not None and day < facts.active_from:
        return False
    if facts.active_until is not None and day > facts.active_until:
        return False
    return any(one.group == session.group and one.first <= day and (one.last is None or day <= one.last) for one in facts.belongings)


def window_of(session: SessionFact, before: SessionFact | None, after: SessionFact | None) -> tuple[datetime, datetime]:
    first = session.begins_at - timedelta(seconds=session.terms.before_s)
    last = session.ends_at + timedelta(seconds=session.terms.after_s)
    if before is not None:
        first = max(first, before.ends_at - (before.ends_at - before.begins_at) // 4)
    if after is not None:
        last = min(last, after.begins_at + (after.ends_at - after.begins_at) // 4)
    return min(first, session.begins_at), max(last, session.ends_at)


def candidates_of(facts: DayFacts, session: SessionFact, window: tuple[datetime, datetime]) -> frozenset[Pass]:
    return frozenset(
        one
        for one in facts.passes
        for serving in session.serving
        if one.door == serving.door and serving.begins_at <= one.at <= serving.ends_at and window[0] <= one.at <= window[1]
    )


def evidence_of(session: SessionFact, candidates: frozenset[Pass]) -> frozenset[Pass]:
    """Coming when it was over, or leaving before it began, is no sign of having been there."""
    if any(not came_too_late(one, session) and not left_too_early(one, session) for one in candidates):
        return candidates
    return frozenset()


def came_too_late(one: Pass, session: SessionFact) -> bool:
    return one.way is Way.IN and one.at > session.ends_at


def left_too_early(one: Pass, session: SessionFact) -> bool:
    return one.way is Way.OUT and one.at < session.begins_at


def claims_of(facts: DayFacts) -> list[Claim]:
    sessions = sorted((s for s in facts.sessions if applies(facts, s)), key=lambda s: (s.begins_at, s.key))
    row = [None, *sessions, None]
    candidates = []
    for number, session in enumerate(sessions):
        found = candidates_of(facts, session, window_of(session, row[number], row[number + 2]))
        candidates.append(evidence_of(session, found))
    lost: list[set[Pass]] = [set() for _ in sessions]
    for number, (one, following) in enumerate(pairwise(sessions)):
        if following.begins_at >= one.ends_at:
            mine, theirs = given_away(one, following, candidates[number], candidates[number + 1])
            lost[number] |= mine
            lost[number + 1] |= theirs
    kept = [passes - gone for passes, gone in zip(candidates, lost, strict=True)]
    return carried_over([Claim(session, passes) for session, passes in zip(sessions, kept, strict=True)])


def given_away(session: SessionFact, later: SessionFact, mine: frozenset[Pass], theirs: frozenset[Pass]) -> tuple[set[Pass], set[Pass]]:
    """What the earlier session loses to the later one, and the later one to the earlier."""
    shared = set(mine & theirs)
    if mine and mine == shared and min(mine, key=lambda one: (one.at, one.id)).way is not Way.OUT:
        return shared, set()
    if shared and theirs == shared and mine != shared and all(one.way is not Way.IN for one in theirs):
        return set(), shared
    walked = walk(mine | theirs, timedelta(seconds=session.terms.min_gap_s))
    entries = {one for one, enters in (*walked.steps, *walked.repeats) if enters}
    came_after = {one for one in shared if one in entries and one.at > session.ends_at}
    left_before = {one for one in shared if one not in entries and one.at < later.begins_at}
    return came_after, left_before
