"""What the passes tell of a session: arrivals, departures and the time between, once more."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from server.attendance.rules.facts import Pass, Way
from server.attendance.rules.records import Problem
from server.schedules.terms import Mode
from tests.attendance.reference_carrying import Claim
from tests.attendance.reference_walk import walk

Pair = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    enters: bool


@dataclass(slots=True)
class Seen:
    """`steps` are of the mode of pairs alone."""

    first_in: datetime | None = None
    first_pass: Pass | None = None
    last_out: datetime | None = None
    steps: list[Step] = field(default_factory=list)


def seen_in(claim: Claim) -> Seen:
    seen = seen_in_pairs(claim) if claim.session.terms.mode is Mode.PAIRS else seen_first_and_last(claim)
    if claim.carried is not None:
        seen.first_pass, seen.first_in = claim.carried, claim.session.begins_at
    if claim.carried_on:
        seen.last_out = claim.session.ends_at
        seen.steps = told(seen.steps, None, seen.last_out)
    return seen


def came_when_over(one: Pass, claim: Claim) -> bool:
    """For the umbrella that was forgotten."""
    return one.way is Way.IN and one.at > claim.session.ends_at


def seen_first_and_last(claim: Claim) -> Seen:
    passes = sorted((one for one in claim.passes if not came_when_over(one, claim)), key=lambda one: (one.at, one.id))
    first = next((one for one in passes if one.way is not Way.OUT), None)
    seen = Seen(first.at if first else None, first)
    exits = [one.at for one in passes if leads_out(one, first, claim)]
    if exits and not any(one.way is Way.IN and one.at > max(exits) for one in passes):
        seen.last_out = max(exits)
    return seen


def leads_out(one: Pass, first: Pass | None, claim: Claim) -> bool:
    if one.way is Way.IN:
        return False
    if claim.carried is not None:
        return one.at >= claim.session.begins_at
    if first is None:
        return True
    if one.way is Way.BOTH:
        return one is not first and one.at >= first.at and one.at - first.at >= timedelta(seconds=claim.session.terms.min_gap_s)
    return one.at >= first.at


def seen_in_pairs(claim: Claim) -> Seen:
    session, carried = claim.session, claim.carried is not None
    walked = walk(
        (
            one
            for one in claim.passes
            if (not carried or one.at >= session.begins_at) and (not claim.carried_on or one.at <= session.ends_at)
        ),
        timedelta(seconds=session.terms.min_gap_s),
        inside=carried,
    )
    while walked.steps and came_when_over(walked.steps[-1][0], claim):
        del walked.steps[-1]
    entries = [one for one, enters in walked.steps if enters]
    exits = [one for one, enters in walked.steps if not enters]
    first = entries[0] if entries else None
    steps = [Step(one.at, enters) for one, enters in walked.steps]
    return Seen(
        first_in=first.at if first else None,
        first_pass=first,
        last_out=exits[-1].at if exits and not walked.steps[-1][1] else None,
        steps=[Step(session.begins_at, enters=True), *steps] if carried else steps,
    )


def told(steps: list[Step], first_in: datetime | None, last_out: datetime | None) -> list[Step]:
    """The steps with the first entry and the last exit where somebody says they were, even if the one is said to be before the other."""
    between = [one for one in steps if (first_in is None or one.at >= first_in) and (last_out is None or one.at <= last_out)]
    if first_in is not None:
        between = between[1:] if between and between[0].enters else between
        between = [Step(first_in, enters=True), *between]
    if last_out is not None:
        between = between[:-1] if between and not between[-1].enters else between
        between = [*between, Step(last_out, enters=False)]
    return between


def pairs_of(steps: list[Step]) -> tuple[list[Pair], set[Problem]]:
    """Pairs; the last one may have no end. An entry that another entry follows counts for nothing."""
    pairs: list[Pair] = []
    problems = set()
    for before, one in pairwise([None, *steps]):
        after_entry = before is not None and before.enters
        assert one is not None
        if one.enters and after_entry:
            problems.add(Problem.ENTERED_TWICE)
        if not one.enters and not after_entry:
            problems.add(Problem.EXIT_WITHOUT_ENTRY)
        if not one.enters and before is not None and after_entry:
            pairs.append((before.at, one.at))
    if steps and steps[-1].enters:
        pairs.append((steps[-1].at, None))
    return pairs, problems
