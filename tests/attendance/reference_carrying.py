"""Who is still there from the session before, once more."""

from dataclasses import dataclass, replace
from datetime import timedelta

from server.attendance.rules.facts import Pass, SessionFact, Way
from tests.attendance.reference_walk import walk


@dataclass(frozen=True, slots=True)
class Claim:
    session: SessionFact
    passes: frozenset[Pass]
    carried: Pass | None = None
    """The entry into a session before, by which somebody is still there."""
    carried_on: bool = False
    """They are still there in the next session."""


def carried_over(claims: list[Claim]) -> list[Claim]:
    carried = [reaching(claims, number) if is_carried(claims, number) else None for number in range(len(claims))]
    return [
        replace(claim, carried=carried[number], carried_on=number + 1 < len(claims) and carried[number + 1] is not None)
        for number, claim in enumerate(claims)
    ]


def shared_doors(one: SessionFact, following: SessionFact) -> set[int]:
    return {serving.door for serving in one.serving} & {serving.door for serving in following.serving}


def linked(one: SessionFact, following: SessionFact) -> bool:
    pause = following.begins_at - one.ends_at
    return timedelta() <= pause <= timedelta(seconds=following.terms.before_s) and bool(shared_doors(one, following))


def reaching(claims: list[Claim], number: int) -> Pass | None:
    """The entry by which somebody was inside when this session began; asked anew of every session before it."""
    if number == 0:
        return None
    earlier, session = claims[number - 1], claims[number].session
    if not linked(earlier.session, session):
        return None
    doors = shared_doors(earlier.session, session)
    entry = reaching(claims, number - 1)
    mine = {one for one in earlier.passes if one.door in doors and one.at < session.begins_at}
    passes = mine | {one for one in claims[number].passes if one.door in doors and one.at < session.begins_at}
    if entry is not None:
        passes = {one for one in passes if one.at >= earlier.session.begins_at}
    elif not mine:
        return None
    walked = walk(passes, timedelta(seconds=earlier.session.terms.min_gap_s), inside=entry is not None)
    if not walked.inside:
        return None
    last = next((one for one, enters in reversed(walked.steps) if enters), entry)
    return last if last is not None and last.at <= earlier.session.ends_at else None


def is_carried(claims: list[Claim], number: int) -> bool:
    if number >= len(claims) or reaching(claims, number) is None:
        return False
    since = [one for one in claims[number].passes if one.at >= claims[number].session.begins_at]
    if any(one.way is not Way.IN for one in since):
        return True
    return not since and is_carried(claims, number + 1)
